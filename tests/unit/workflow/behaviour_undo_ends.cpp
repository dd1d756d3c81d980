// SPDX-License-Identifier: MIT
// What else may end a run that has done what can be undone, and what is seen of its undos.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/path_recorder.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/graph_format.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"
#include "support/saga.hpp"
#include "support/temp_file.hpp"

namespace undo_end_tests {

using namespace saga;
using cano::Errc;
using cano::VirtualTime;
using engine::Data;
using engine::inside;
using Strings = std::vector<std::string>;

namespace {

struct Book {
  S run(Data& data) const {
    ++data.calls;
    return S::B;
  }
  void undo(Data& data) const { data.log.emplace_back("undone"); }
};
S fails(Data&) { throw std::runtime_error{"no"}; }

engine::Flow booking() { return engine::Flow{S::A}.add(S::A, Book{}).add_exit_state(S::Done); }

}  // namespace

TEST_CASE("a limit on transitions and a missing task undo too") {
  VirtualTime time;
  Data data;
  SECTION("too many transitions; the last states stay") {
    const auto result = engine::result_of(
        time, booking().add(S::B, [](Data&) { return S::B; }).with_max_transitions(20), data);
    CHECK(inside(result.error()).errc() == Errc::Workflow);
    CHECK(result.last_states().size() == 8);
  }
  SECTION("also with an undo that fails") {
    struct Stuck : Book {
      static void undo(Data& data) {
        data.log.emplace_back("undone");
        throw std::logic_error{"stuck"};
      }
    };
    const auto flow = engine::Flow{S::A}
                          .add(S::A, Stuck{})
                          .add(S::B, [](Data&) { return S::B; })
                          .with_max_transitions(20);
    const auto result = engine::result_of(time, flow, data);
    CHECK(inside(result.error()).errc() == Errc::CompensationFailed);
    CHECK(result.last_states().size() == 8);
  }
  SECTION("no task") {
    const auto result = engine::result_of(time, booking(), data);
    CHECK(inside(result.error()).errc() == Errc::Workflow);
  }
  CHECK(data.log == Strings{"undone"});
}

TEST_CASE("a failure edge undoes nothing, but where it leads to a failure state") {
  VirtualTime time;
  Data data;
  auto flow = booking().add(S::B, fails, engine::once()).on_failure(S::B, S::C);
  SECTION("a task, and then an exit") {
    const auto result =
        engine::result_of(time, flow.add(S::C, [](Data&) { return S::Done; }), data);
    CHECK(result.is_success());
    CHECK(result.done() == Strings{"A"});
    CHECK(data.log.empty());
  }
  SECTION("a failure state: an undo sees what has led there") {
    struct Cautious : Book {
      static void undo(Data& inner, cano::TaskContext& context) {
        inner.log.push_back(cano::detail::exception_text(context.failure()));
      }
    };
    const auto result = engine::result_of(time,
                                          engine::Flow{S::A}
                                              .add(S::A, Cautious{})
                                              .add(S::B, fails, engine::once())
                                              .on_failure(S::B, S::C)
                                              .add_failure_state(S::C),
                                          data);
    CHECK(result.is_success());
    CHECK(result.state() == S::C);
    CHECK(result.undone() == Strings{"A"});
    CHECK(data.log == Strings{"no"});
  }
}

TEST_CASE("a start that is a failure state has nothing to undo") {
  VirtualTime time;
  Data data;
  const auto result =
      engine::result_of(time, engine::Flow{S::Done}.add_failure_state(S::Done), data);
  CHECK(result.is_success());
  CHECK(result.done().empty());
}

TEST_CASE("a state is a failure state or an exit without undoing, and has no task then") {
  engine::Flow flow = booking();
  CHECK(error_of([&] { flow.add_failure_state(S::Done); }).errc() == Errc::Configuration);
  CHECK(error_of([&] { flow.add_failure_state(S::A); }).errc() == Errc::Configuration);
  flow.add_failure_state(S::C).add_failure_state(S::C);
  CHECK(error_of([&] { flow.add_exit_state(S::C); }).message() ==
        "State C is added as an exit state and as a failure state: it can be only one of them");
  const cano::Graph graph = flow.graph();
  CHECK(graph.nodes[0].is_undoable);
  CHECK_FALSE(graph.nodes[1].is_failure);
  CHECK(graph.nodes[2].is_failure);
  CHECK(graph.nodes[2].is_exit);
  CHECK(to_json(graph)["nodes"][2]["is_failure"] == true);
  CHECK(to_json(graph)["nodes"][0]["is_undoable"] == true);
  CHECK_THAT(to_mermaid(graph), Catch::Contains("can be undone"));
}

TEST_CASE("a member of that name that holds data is no undo, unless it can be called so") {
  struct Editor {
    std::vector<int> undo;
    static S run(Data&) { return S::B; }
  };
  struct Booked {
    void (*undo)(Data&);
    static S run(Data&) { return S::B; }
  };
  const auto flow_of_task = [](auto task) {
    return engine::Flow{S::A}.add(S::A, task).add(S::B, fails, engine::once());
  };
  VirtualTime time;
  Data data;
  CHECK(engine::result_of(time, flow_of_task(Editor{{1}}), data).done().empty());
  const Booked booked{[](Data& inner) { inner.log.emplace_back("undone"); }};
  CHECK(engine::result_of(time, flow_of_task(booked), data).undone() == Strings{"A"});
  CHECK(data.log == Strings{"undone"});
}

TEST_CASE("an undo has limits of its own") {
  struct Slow : Book {
    static cano::Async<void> undo(Data& data) {
      data.log.emplace_back("tried");
      co_await cano::sleep_for(1h);
    }
    static cano::TaskConfig undo_config() {
      return engine::retries(1, 10ms).with_attempt_timeout(50ms);
    }
  };
  VirtualTime time;
  Data data;
  const auto flow =
      engine::Flow{S::A}.add(S::A, Slow{}).add(S::B, fails, engine::once()).add_exit_state(S::Done);
  const auto result = engine::result_of(time, flow, data);
  CHECK(data.log == Strings{"tried", "tried"});
  CHECK(result.elapsed() == 110ms);
  CHECK(result.failed_to_undo() == Strings{"A"});
  CHECK_THAT(result.error_message(),
             Catch::Contains("The attempt timeout of 50 ms passed in the undo of A"));
}

TEST_CASE("by default an undo is tried four times") {
  struct Stubborn : Book {
    static void undo(Data& data) {
      data.log.emplace_back("tried");
      throw std::runtime_error{"no"};
    }
  };
  VirtualTime time;
  Data data;
  const auto flow = engine::Flow{S::A}.add(S::A, Stubborn{}).with_default_config(engine::once());
  engine::result_of(time, flow, data);
  CHECK(data.log.size() == 4);
}

TEST_CASE("an undo may wait for work of every kind") {
  struct Wide : Book {
    static cano::Async<void> undo(Data& data) {
      const auto [one, two] = co_await cano::when_all(after(1ms), after(2ms));
      data.log.push_back(std::to_string(one + two));
    }
    static cano::Async<int> after(std::chrono::milliseconds delay) {
      co_await cano::sleep_for(delay);
      co_return static_cast<int>(delay.count());
    }
  };
  std::stop_source source;
  source.request_stop();
  VirtualTime time;
  Data data;
  // It is stopped in B, so all that it waits for is started in a run that was cancelled.
  const auto flow = engine::Flow{S::A}.add(S::A, Wide{}).add(S::B, [](Data&) -> cano::Async<S> {
    co_await cano::sleep_for(1h);
    co_return S::Done;
  });
  std::stop_source later;
  engine::after(time, 5ms, [&] { later.request_stop(); });
  const auto result =
      engine::result_of(time, flow, data, cano::RunOptions{}.with_stop(later.get_token()));
  CHECK(result.is_cancelled());
  CHECK(data.log == Strings{"3"});
}

TEST_CASE("instances of a batch undo what they have done, also those that are not wanted") {
  const auto flow = cano::ConcurrentWorkflow<S, Data>{S::A}
                        .add(S::A, Book{})
                        .add(S::B,
                             [](Data& data) -> cano::Async<S> {
                               co_await cano::sleep_for(data.calls == 1 ? 1ms : 1h);
                               co_return S::Done;
                             })
                        .add_exit_state(S::Done);
  VirtualTime time;
  std::vector<Data> stores(4);
  stores[2].calls = 5;
  stores[3].calls = 5;
  const auto [results, status] = time.run(flow.execute_concurrent(stores, cano::WaitForQuota{2}));
  CHECK(status.completed == 2);
  CHECK(status.cancelled == 2);
  CHECK(stores[0].log.empty());
  CHECK(stores[3].log == Strings{"undone"});
  CHECK(results[3].undone() == Strings{"A"});
}

TEST_CASE("a run that is destroyed while it is undone leaves nothing behind") {
  struct Counted : Book {
    static cano::Async<void> undo(Data& data) {
      const engine::Alive alive{data.calls};
      co_await cano::sleep_for(1h);
      data.log.emplace_back("never");
    }
  };
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const auto flow =
      engine::Flow{S::A}.add(S::A, Counted{}).add(S::B, fails, engine::once()).with_observer(seen);
  Data data;
  {
    boost::asio::io_context context;
    flow.async_orchestrate(context.get_executor(), data, boost::asio::detached);
    context.poll();
    CHECK(data.calls == 2);
  }
  CHECK(data.calls == 1);
  CHECK(data.log.empty());
  CHECK(seen->names().back() == "run_finished");
}

// ---- what is seen of it

TEST_CASE("observers see the attempts of an undo under the run, and that it is one") {
  Trip trip;
  trip.ends_at = 2;
  trip.failures_of_an_undo = 1;
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const auto path = std::make_shared<cano::PathRecorder>();
  VirtualTime time;
  run(time, flow_of(trip, 0).with_observer(seen).with_observer(path), trip);
  const auto events = seen->events();
  Strings undos;
  for (const auto& event : events) {
    CHECK(event.run_id == events.front().run_id);
    if (event.field<bool>("undo") == nullptr) continue;
    undos.push_back(event.name + ' ' + event.state + ' ' + std::to_string(event.attempt));
  }
  CHECK(undos == Strings{"state_entered B 0", "attempt_started B 1", "attempt_failed B 1",
                         "retry_pause B 1", "attempt_started B 2", "attempt_succeeded B 2",
                         "state_entered A 0", "attempt_started A 1", "attempt_failed A 1",
                         "retry_pause A 1", "attempt_started A 2", "attempt_succeeded A 2"});
  CHECK(seen->count("run_started") == 1);
  CHECK(seen->count("run_finished") == 1);
  CHECK(events.back().name == "run_finished");
  CHECK(events[events.size() - 2].name == "attempt_succeeded");
  // The path is that of the work.
  for (const auto& state : path->path().states)
    CHECK(state.visits <= 1);
  CHECK(path->path().steps.size() == 2);
}

TEST_CASE("log lines and traces say what is undone") {
  Trip trip;
  trip.ends_at = 1;
  trip.failures_of_an_undo = 1;
  std::ostringstream out;
  const TempFile file;
  VirtualTime time;
  {
    const auto log = std::make_shared<cano::LogObserver>(
        out, cano::LogOptions{.filter = cano::LogFilter{cano::Level::Info}});
    const auto trace = std::make_shared<cano::TraceFile>(file.path());
    run(time, flow_of(trip, 0).with_observer(log).with_observer(trace), trip);
  }
  CHECK_THAT(
      out.str(),
      Catch::Contains(R"(cano::task: Undo failed, will retry undo=true error="try again")") &&
          Catch::Contains(R"(:state{name="A" attempt=2}: cano::task: Undone undo=true)"));
  CHECK_THAT(file.read(), Catch::Contains(R"("name":"undo A")"));
}

TEST_CASE("an observer's word is that of the run while it is undone") {
  struct Counter final : cano::Observer {
    void on_run_started(const cano::RunStarted& e) override { *e.run.word = 1; }
    void on_attempt_started(const cano::AttemptStarted& e) override { ++*e.run.word; }
    void on_run_finished(const cano::RunFinished& e) override { total = *e.run.word; }
    std::uintptr_t total = 0;
  };
  Trip trip;
  trip.ends_at = 2;
  const auto counter = std::make_shared<Counter>();
  VirtualTime time;
  run(time, flow_of(trip, 1).with_observer(counter), trip);
  CHECK(counter->total == 1 + 3 + 2);
}

}  // namespace undo_end_tests
