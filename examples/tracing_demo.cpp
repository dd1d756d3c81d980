// SPDX-License-Identifier: MIT
//
// What observers show of a workflow, a batch and a scheduler, each under a span of its own:
//
//     CANO_LOG=debug tracing_demo
//
// Log lines go to standard error. The timeline is written to tracing_demo.json, to be opened in
// https://ui.perfetto.dev or chrome://tracing.

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <cano.hpp>

using namespace std::chrono_literals;

namespace {

enum class State { Prepare, Send, Done };

// A Node: its three phases are slices of the timeline.
struct Prepare {
  std::string prep(cano::MemoryStore& store) const {
    return store.get_or<std::string>("order", "A-17");
  }

  cano::Async<std::size_t> exec(std::string order) const {
    co_await cano::sleep_for(3ms);
    co_return order.size();
  }

  //! [log]
  State post(cano::MemoryStore& store, std::size_t pages, cano::TaskContext& context) const {
    store.put("pages", pages);
    context.log(cano::Level::Info, "Order prepared", cano::Field{"pages", pages});
    return State::Send;
  }
  //! [log]
};

// Fails at its first attempt, so that there is a retry to see; a refused order is not tried again.
struct Send {
  cano::TaskConfig config() const { return cano::TaskConfig{}.with_fixed_retry(2, 5ms); }

  cano::Async<State> run(cano::MemoryStore& store, cano::TaskContext& context) const {
    co_await cano::sleep_for(2ms);
    if (store.contains("refused")) throw std::invalid_argument{"the order was refused"};
    if (context.attempt() == 1) throw std::runtime_error{"connection reset"};
    context.log(cano::Level::Info, "Order sent");
    co_return State::Done;
  }
};

cano::Workflow<State> make_workflow() {
  return cano::Workflow<State>{State::Prepare}
      .add(State::Prepare, Prepare{})
      .add(State::Send, Send{})
      .add_exit_state(State::Done);
}

}  // namespace

int main() try {
  //! [observe]
  const auto log = std::make_shared<cano::LogObserver>();  // lines from Info up, or CANO_LOG's
  const auto trace = std::make_shared<cano::TraceFile>("tracing_demo.json");

  const auto workflow = make_workflow().with_observer(log).with_observer(trace).with_tracing_span(
      cano::Span{"user_data_processing"}.with("user_id", 12345).with("batch_id", "batch_001"));
  //! [observe]
  cano::MemoryStore store;
  std::cout << "Workflow: " << cano::state_name(cano::run(workflow, store)) << '\n';

  const auto batch = cano::ConcurrentWorkflow{workflow}.with_tracing_span(
      cano::Span{"batch_processing"}.with("batch_size", 5));
  std::vector<cano::MemoryStore> stores(5);
  stores[3].put("refused", true);
  cano::Runtime runtime{2};
  const auto [results, status] = runtime.run(batch.execute_concurrent(stores, cano::WaitForever{}));
  std::cout << "Batch: " << status.completed << " done, " << status.failed << " failed\n";

  // The third run of the job lets main go on; what it does is observed like any other run.
  std::latch three_runs{3};
  const auto job = cano::Workflow<State>{State::Prepare}
                       .add(State::Prepare, Prepare{})
                       .add(State::Send,
                            [&three_runs](cano::MemoryStore&) {
                              three_runs.count_down();
                              return State::Done;
                            })
                       .add_exit_state(State::Done)
                       .with_observer(log)
                       .with_observer(trace)
                       .with_tracing_span(cano::Span{"scheduled_reports"}.with("team", "ops"));
  cano::Scheduler scheduler{runtime};
  scheduler.with_observer(log).with_observer(trace);
  scheduler.every("report", job, 10ms, {.max_runs = 3});
  scheduler.start();
  three_runs.wait();
  cano::run(scheduler.stop());
  std::cout << "Scheduler: " << scheduler.status("report")->success_count << " runs succeeded\n";

  // An observer that threw was switched off; nothing else would tell.
  for (const cano::ObserverFailure& failure : workflow.observer_failures())
    std::cout << "An observer failed: " << failure.message << '\n';
  std::cout << "Timeline: tracing_demo.json\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "tracing_demo: " << error.what() << '\n';
  return 1;
}
