// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::VirtualTime;
using Lines = std::vector<std::string>;

namespace {

// The events of one run, and a check that every beginning has its end.
Lines events_of(Flow flow, cano::RunOptions options = {}, cano::Duration stop_after = {}) {
  const auto log = std::make_shared<EventLog>();
  flow.with_observer(log);
  Data data;
  VirtualTime time;
  std::stop_source source;
  if (stop_after > cano::Duration{}) {
    options.stop = source.get_token();
    after(time, stop_after, [&] { source.request_stop(); });
  }
  result_of(time, flow, data, std::move(options));
  const auto count = [&](const std::string& start) {
    int found = 0;
    for (const std::string& line : log->lines)
      found += line.compare(0, start.size(), start) == 0;
    return found;
  };
  CHECK(count("run_started") == 1);
  CHECK(count("run_finished") == 1);
  CHECK(count("attempt_started") == count("attempt_succeeded") + count("attempt_failed"));
  CHECK(count("phase_started") == count("phase_finished"));
  return log->lines;
}

asio::awaitable<S> slow(Data&) {
  co_await cano::sleep_for(5ms);
  co_return S::Done;
}
asio::awaitable<S> very_slow(Data&) {
  co_await cano::sleep_for(1h);
  co_return S::Done;
}

struct Phases {
  int prep(Data& data) const { return ++data.calls; }
  asio::awaitable<int> exec(int call) const {
    co_await cano::sleep_for(3ms);
    if (call == 1) throw std::runtime_error{"first"};
    co_return call;
  }
  S post(Data&, int) const { return S::Done; }
};

struct Throwing : cano::Observer {
  int calls = 0;
  void on_attempt_started(const cano::AttemptStarted&) override {
    ++calls;
    throw std::runtime_error{"observer"};
  }
};

}  // namespace

TEST_CASE("the events of a success") {
  const Flow flow =
      Flow{S::A}.add(S::A, [](Data&) { return S::B; }).add(S::B, slow).add_exit_state(S::Done);
  CHECK(events_of(flow) == Lines{"run_started A", "state_entered A", "attempt_started A 1/4",
                                 "attempt_succeeded A 1 -> B 0ms", "state_entered B",
                                 "attempt_started B 1/4", "attempt_succeeded B 1 -> Done 5ms",
                                 "run_finished success Done transitions=2 attempts=2 5ms"});
}

TEST_CASE("the events of a start that is an exit") {
  CHECK(events_of(Flow{S::Done}.add_exit_state(S::Done)) ==
        Lines{"run_started Done", "run_finished success Done transitions=0 attempts=0 0ms"});
}

TEST_CASE("the events of a state without a task") {
  CHECK(events_of(Flow{S::B}) ==
        Lines{"run_started B",
              "run_finished failed B transitions=0 attempts=0 0ms 'Workflow error: No task "
              "registered for state: B'"});
}

TEST_CASE("the events of a retry and then success") {
  const auto task = [](Data& data) -> S {
    if (++data.calls == 1) throw std::runtime_error{"once"};
    return S::Done;
  };
  CHECK(events_of(Flow{S::A}.add(S::A, task, retries(2, 10ms)).add_exit_state(S::Done)) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/3",
              "attempt_failed A 1/3 'once' will_retry 0ms", "retry_pause A 1 10ms",
              "attempt_started A 2/3", "attempt_succeeded A 2 -> Done 0ms",
              "run_finished success Done transitions=1 attempts=2 10ms"});
}

TEST_CASE("the events of attempts that are used up, without pauses") {
  const auto task = [](Data&) -> cano::Result<S> {
    return cano::Error{cano::Errc::Generic, "never"};
  };
  CHECK(events_of(Flow{S::A}.add(S::A, task, retries(1, 0ms))) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/2",
              "attempt_failed A 1/2 'Error: never' will_retry 0ms", "attempt_started A 2/2",
              "attempt_failed A 2/2 'Error: never' gives_up 0ms",
              "run_finished failed A transitions=0 attempts=2 0ms 'Error: never'"});
}

TEST_CASE("the events of a timeout") {
  const std::string error =
      "'Timeout: The attempt timeout of 20 ms passed in state A, attempt 1 of 1'";
  CHECK(events_of(Flow{S::A}.add(S::A, very_slow, once().with_attempt_timeout(20ms))) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/1",
              "attempt_failed A 1/1 " + error + " timed_out gives_up 20ms",
              "run_finished failed A transitions=0 attempts=1 20ms " + error});
}

TEST_CASE("the events of a cancellation, in a task and in a pause") {
  const std::string error = "'Cancelled: Run r was cancelled in state A'";
  const auto in_task = events_of(Flow{S::A}.add(S::A, very_slow), {.run_id = "r"}, 7ms);
  REQUIRE(in_task.size() == 5);
  CHECK(in_task[2] == "attempt_started A 1/4");
  CHECK(in_task[3].substr(0, 19) == "attempt_failed A 1/");
  CHECK(in_task[4] == "run_finished cancelled A transitions=0 attempts=1 7ms " + error);

  const auto fails = [](Data&) -> S { throw std::runtime_error{"x"}; };
  CHECK(events_of(Flow{S::A}.add(S::A, fails, retries(1, 10ms)), {.run_id = "r"}, 7ms) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/2",
              "attempt_failed A 1/2 'x' will_retry 0ms", "retry_pause A 1 10ms",
              "run_finished cancelled A transitions=0 attempts=1 7ms " + error});
}

TEST_CASE("the events of a Node, attempt by attempt") {
  CHECK(events_of(Flow{S::A}.add(S::A, Phases{}, retries(1, 10ms)).add_exit_state(S::Done)) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/2", "phase_started A 1 prep",
              "phase_finished A 1 prep 0ms", "phase_started A 1 exec",
              "phase_finished A 1 exec failed 3ms", "attempt_failed A 1/2 'first' will_retry 3ms",
              "retry_pause A 1 10ms", "attempt_started A 2/2", "phase_started A 2 prep",
              "phase_finished A 2 prep 0ms", "phase_started A 2 exec",
              "phase_finished A 2 exec 3ms", "phase_started A 2 post",
              "phase_finished A 2 post 0ms", "attempt_succeeded A 2 -> Done 3ms",
              "run_finished success Done transitions=1 attempts=2 16ms"});
}

TEST_CASE("the events of max_transitions") {
  const auto lines =
      events_of(Flow{S::A}.add(S::A, [](Data&) { return S::A; }).with_max_transitions(2));
  CHECK(lines.back() ==
        "run_finished failed A transitions=2 attempts=2 0ms 'Workflow error: No exit state after 2 "
        "transitions; the last states are A -> A -> A'");
}

TEST_CASE("every event carries the run's id and span") {
  struct Watching : cano::Observer {
    Lines ids;
    std::vector<const cano::Span*> spans;
    void on_run_started(const cano::RunStarted& e) override { note(e.run); }
    void on_attempt_succeeded(const cano::AttemptSucceeded& e) override { note(e.run); }
    void on_run_finished(const cano::RunFinished& e) override { note(e.run); }
    void note(const cano::RunInfo& run) {
      ids.emplace_back(run.run_id);
      spans.push_back(run.span);
      CHECK_FALSE(run.in_batch);
      REQUIRE(run.span != nullptr);
      CHECK(run.span->name() == "orders");
    }
  };
  const auto watching = std::make_shared<Watching>();
  Data data;
  const Flow flow = Flow{S::A}
                        .add(S::A, slow)
                        .add_exit_state(S::Done)
                        .with_observer(watching)
                        .with_tracing_span(cano::Span{"orders"}.with("region", "eu"));
  VirtualTime time;
  CHECK(result_of(time, flow, data, {.run_id = "r-9"}).is_success());
  CHECK(watching->ids == Lines{"r-9", "r-9", "r-9"});
}

TEST_CASE("an observer that throws is switched off, fails nothing and stops no other") {
  const auto bad = std::make_shared<Throwing>();
  const auto good = std::make_shared<EventLog>();
  Data data;
  const Flow flow = Flow{S::A}
                        .add(S::A, [](Data&) { return S::B; })
                        .add(S::B, slow)
                        .add_exit_state(S::Done)
                        .with_observer(bad)
                        .with_observer(good);
  VirtualTime time;
  CHECK(result_of(time, flow, data).is_success());
  CHECK(result_of(time, flow, data).is_success());
  CHECK(bad->calls == 1);
  CHECK(good->lines.size() == 16);
}

TEST_CASE("an observer that is added to a copy does not see the other's runs") {
  const auto log = std::make_shared<EventLog>();
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::Done}.add_exit_state(S::Done);
  const Flow watched = Flow{flow}.with_observer(log);
  CHECK(result_of(time, flow, data).is_success());
  CHECK(log->lines.empty());
  CHECK(result_of(time, watched, data).is_success());
  CHECK(log->lines.size() == 2);
}
