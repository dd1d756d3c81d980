// SPDX-License-Identifier: MIT
// Ask five mirrors for a file, take the first two that answer well, and read the answers from their
// stores. results[i] always belongs to stores[i], whatever the order in which they finish.

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class Step { Ask, Done };

struct Mirror {
  std::string name;
  cano::Duration delay;
  bool broken = false;
  std::string answer{};
};

cano::Async<Step> ask(Mirror& mirror) {
  co_await cano::sleep_for(mirror.delay);
  if (mirror.broken) throw std::runtime_error{"connection refused"};
  mirror.answer = "file from " + mirror.name;
  co_return Step::Done;
}

int main() {
  //! [describe]
  const auto download = cano::ConcurrentWorkflow<Step, Mirror>{Step::Ask}
                            .add(Step::Ask, ask, cano::TaskConfig::minimal())
                            .add_exit_state(Step::Done);
  //! [describe]

  std::vector<Mirror> mirrors{
      {"oslo", 300ms}, {"lima", 40ms, true}, {"rome", 120ms}, {"kyiv", 900ms}, {"bonn", 80ms}};

  cano::VirtualTime time;  // the waits take no real time here
  //! [execute]
  const auto [results, status] =
      time.run(download.execute_concurrent(mirrors, cano::WaitForQuota{2, true}));
  //! [execute]

  for (std::size_t i = 0; i < mirrors.size(); ++i) {
    std::cout << mirrors[i].name << ": ";
    if (results[i].is_success()) std::cout << mirrors[i].answer << '\n';
    if (results[i].is_failed()) std::cout << results[i].error_message() << '\n';
    if (results[i].is_cancelled()) std::cout << "not needed any more\n";
  }
  std::cout << status.completed << " completed, " << status.failed << " failed, "
            << status.cancelled << " cancelled\n";
}
