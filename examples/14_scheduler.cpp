// SPDX-License-Identifier: MIT
// Jobs at intervals and by hand: the scheduler runs them in the background, shows the counters of
// them, and has joined all of them when it has stopped.

#include <chrono>
#include <iostream>

#include <cano.hpp>

using namespace std::chrono_literals;

enum class State { Fetch, Store, Done };

int main() {
  auto workflow = cano::Workflow<State>{State::Fetch}
                      .add(State::Fetch,
                           [](cano::MemoryStore& store) {
                             store.put("page", "news");
                             return State::Store;
                           })
                      .add(State::Store, [](cano::MemoryStore&) { return State::Done; })
                      .add_exit_state(State::Done);

  //! [scheduler]
  cano::Runtime runtime;
  cano::Scheduler scheduler{runtime};
  scheduler.every("poll", workflow, 5ms, {.max_runs = 3});
  scheduler.manual("greet", [](const cano::Occurrence& now) -> cano::Async<void> {
    std::cout << "Hello, run " << now.run << " of " << now.id << '\n';
    co_return;
  });
  scheduler.start();

  const auto outcome = cano::run(scheduler.trigger_and_wait("greet"));
  std::cout << "greet: " << (outcome.is_success() ? "success" : outcome.error_message()) << '\n';
  //! [scheduler]

  while (scheduler.status("poll")->success_count < 3)
    cano::run(cano::sleep_for(5ms));

  //! [stop]
  const cano::ShutdownReport report = cano::run(scheduler.stop(30s));
  std::cout << (report.is_clean() ? "All done" : "Something was cancelled") << '\n';
  //! [stop]

  for (const cano::FlowInfo& info : scheduler.list()) {
    std::cout << info.id << ": " << to_string(info.status) << ", " << info.run_count << " runs, "
              << info.failure_count << " failed\n";
  }
}
