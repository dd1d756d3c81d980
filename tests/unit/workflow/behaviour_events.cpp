// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>
#include <cano/result.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::RunOptions;
using cano::VirtualTime;
using Lines = std::vector<std::string>;

namespace {

// The events of one run, and a check that every beginning has its end.
Lines events_of(Flow flow, RunOptions options = {}, cano::Duration stop_after = {}) {
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
  CHECK(count("attempt_started") ==
        count("attempt_succeeded") + count("attempt_failed") + count("attempt_cancelled"));
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

// Each phase but the one that fails does its work; the Result of that one holds an error.
template <int Failing, bool Awaits> struct FailingPhase {
  template <class T> using Returned = std::conditional_t<Awaits, asio::awaitable<T>, T>;
  template <class T> static asio::awaitable<T> later(T value) { co_return value; }
  template <class T> static Returned<cano::Result<T>> give(int phase, T value) {
    cano::Result<T> result{value};
    if (phase == Failing) result = cano::Error{cano::Errc::Generic, "no"};
    if constexpr (Awaits) {
      return later(std::move(result));
    } else {
      return result;
    }
  }

  auto prep(Data&) const { return give(1, 1); }
  auto exec(int) const { return give(2, 2); }
  auto post(Data&, int) const { return give(3, S::Done); }
};

// Its exec asks for the whole Result of prep: an error there is its input, not a failure.
struct Tolerant {
  cano::Result<int> prep(Data&) const { return cano::Error{cano::Errc::Generic, "no"}; }
  int exec(const cano::Result<int>& prepared) const { return prepared.has_error() ? 1 : 0; }
  S post(Data&, int) const { return S::Done; }
};

template <class Node> Lines ended_phases(Node node) {
  Lines phases;
  for (const std::string& line :
       events_of(Flow{S::A}.add(S::A, node, once()).add_exit_state(S::Done)))
    if (line.starts_with("phase_finished")) phases.push_back(line.substr(15));
  return phases;
}

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

TEST_CASE("the events of a task that goes to a state without a task") {
  CHECK(events_of(Flow{S::A}.add(S::A, [](Data&) { return S::B; })) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/4",
              "attempt_succeeded A 1 -> B 0ms",
              "run_finished failed B transitions=1 attempts=1 0ms 'Workflow error: No task "
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
  const auto in_task =
      events_of(Flow{S::A}.add(S::A, very_slow), RunOptions{}.with_run_id("r"), 7ms);
  REQUIRE(in_task.size() == 5);
  CHECK(in_task[2] == "attempt_started A 1/4");
  CHECK(in_task[3] == "attempt_cancelled A 1 7ms");  // which is no failure
  CHECK(in_task[4] == "run_finished cancelled A transitions=0 attempts=1 7ms " + error);

  const auto fails = [](Data&) -> S { throw std::runtime_error{"x"}; };
  CHECK(events_of(Flow{S::A}.add(S::A, fails, retries(1, 10ms)), RunOptions{}.with_run_id("r"),
                  7ms) == Lines{"run_started A", "state_entered A", "attempt_started A 1/2",
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

TEST_CASE("a phase that is stopped has not failed") {
  struct Slow {
    int prep(Data&) const { return 1; }
    asio::awaitable<int> exec(int call) const {
      co_await cano::sleep_for(1h);
      co_return call;
    }
    S post(Data&, int) const { return S::Done; }
  };
  CHECK(events_of(Flow{S::A}.add(S::A, Slow{}), RunOptions{}.with_run_id("r"), 7ms) ==
        Lines{"run_started A", "state_entered A", "attempt_started A 1/4", "phase_started A 1 prep",
              "phase_finished A 1 prep 0ms", "phase_started A 1 exec",
              "phase_finished A 1 exec cancelled 7ms", "attempt_cancelled A 1 7ms",
              "run_finished cancelled A transitions=0 attempts=1 7ms 'Cancelled: Run r was "
              "cancelled in state A'"});
}

TEST_CASE("a phase that returns an error which is not read has failed") {
  const Lines first{"A 1 prep failed 0ms"};
  CHECK(ended_phases(FailingPhase<1, false>{}) == first);
  CHECK(ended_phases(FailingPhase<1, true>{}) == first);
  const Lines second{"A 1 prep 0ms", "A 1 exec failed 0ms"};
  CHECK(ended_phases(FailingPhase<2, false>{}) == second);
  CHECK(ended_phases(FailingPhase<2, true>{}) == second);
  const Lines third{"A 1 prep 0ms", "A 1 exec 0ms", "A 1 post failed 0ms"};
  CHECK(ended_phases(FailingPhase<3, false>{}) == third);
  CHECK(ended_phases(FailingPhase<3, true>{}) == third);
  const Lines none{"A 1 prep 0ms", "A 1 exec 0ms", "A 1 post 0ms"};
  CHECK(ended_phases(FailingPhase<0, false>{}) == none);
  CHECK(ended_phases(FailingPhase<0, true>{}) == none);
  CHECK(ended_phases(Tolerant{}) == none);
}

TEST_CASE("the time in a state spans its attempts and pauses; the next one begins where it ends") {
  struct Times : cano::Observer {
    std::vector<std::pair<cano::Duration, cano::Duration>> attempts;  // its own, the state's
    std::vector<cano::steady_time> entered, left;
    void on_state_entered(const cano::StateEntered& e) override { entered.push_back(e.at); }
    void on_attempt_failed(const cano::AttemptFailed& e) override {
      attempts.emplace_back(e.elapsed, e.state_elapsed);
    }
    void on_attempt_succeeded(const cano::AttemptSucceeded& e) override {
      attempts.emplace_back(e.elapsed, e.state_elapsed);
      left.push_back(e.at);
    }
  };
  const auto times = std::make_shared<Times>();
  const auto flow = Flow{S::A}
                        .add(S::A, Phases{}, retries(1, 10ms))
                        .add(S::Done, slow)
                        .add_exit_state(S::B)
                        .with_observer(times)
                        .with_max_transitions(2);
  Data data;
  VirtualTime time;
  CHECK(result_of(time, flow, data).is_failed());
  using Pair = std::pair<cano::Duration, cano::Duration>;
  CHECK(times->attempts == std::vector<Pair>{{3ms, 3ms}, {3ms, 16ms}, {5ms, 5ms}});
  REQUIRE(times->entered.size() == 2);
  CHECK(times->entered[1] == times->left[0]);
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
  CHECK(result_of(time, flow, data, RunOptions{}.with_run_id("r-9")).is_success());
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
  CHECK(flow.observer_failures().empty());
  CHECK(result_of(time, flow, data).is_success());
  CHECK(result_of(time, flow, data).is_success());
  CHECK(bad->calls == 1);
  REQUIRE(flow.observer_failures().size() == 1);
  CHECK(flow.observer_failures()[0].observer == bad);
  CHECK(flow.observer_failures()[0].message == "observer");
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

namespace {

// Counts the events of each run in the word that the run keeps for it.
struct WordCounter : cano::Observer {
  void on_run_started(const cano::RunStarted& event) override {
    REQUIRE(event.run.word != nullptr);
    CHECK(*event.run.word == 0);
  }
  void on_state_entered(const cano::StateEntered& event) override {
    *event.run.word += step;
    indices.push_back(event.state_index);
  }
  void on_run_finished(const cano::RunFinished& event) override { total = *event.run.word; }

  explicit WordCounter(std::uintptr_t by) : step{by} {}
  std::uintptr_t step;
  std::uintptr_t total = 0;
  std::vector<std::size_t> indices;
};

}  // namespace

TEST_CASE("each run keeps a word for each observer, and states have the graph's indices") {
  VirtualTime time;
  const auto ones = std::make_shared<WordCounter>(1);
  const auto tens = std::make_shared<WordCounter>(10);
  const Flow flow = Flow{S::A}
                        .add_exit_state(S::Done)
                        .add(S::B, [](Data&) { return S::Done; })
                        .add(S::A,
                             [](Data& data) -> cano::Async<S> {
                               co_await cano::sleep_for(1ms);
                               co_return ++data.calls < 3 ? S::A : S::B;
                             })
                        .with_observer(ones)
                        .with_observer(tens);
  for (int run = 0; run < 2; ++run) {
    Data data;
    CHECK(result_of(time, flow, data).is_success());
    CHECK(ones->total == 4);
    CHECK(tens->total == 40);
  }
  CHECK(ones->indices == std::vector<std::size_t>{2, 2, 2, 1, 2, 2, 2, 1});
  CHECK(flow.graph().nodes[2].name == "A");
}

namespace {

// What a run waits for, in order: kind, and how long at the latest.
struct WaitRecorder : cano::Observer {
  bool wants_waits() const noexcept override { return true; }
  void on_waiting(const cano::RunWaiting& event) override {
    CHECK(is_waiting == false);
    is_waiting = true;
    waits.push_back(std::string{event.state} + " " + std::string{to_string(event.kind)});
    limits.push_back(event.until == cano::steady_time::max() ? cano::Duration::max()
                                                             : event.until - event.since);
  }
  void on_resumed(const cano::RunResumed&) override {
    CHECK(is_waiting);
    is_waiting = false;
  }

  bool is_waiting = false;
  std::vector<std::string> waits;
  std::vector<cano::Duration> limits;
};

cano::Async<S> waits_in_many_ways(Data& data) {
  co_await cano::sleep_for(1s);
  co_await cano::yield_now();
  cano::Timer timer{co_await asio::this_coro::executor, 2s};
  co_await timer.async_wait(asio::deferred);
  if (++data.calls == 1) throw std::runtime_error{"again"};
  co_return S::B;
}

}  // namespace

TEST_CASE("an observer that asks gets every wait and its end") {
  VirtualTime time;
  Data data;
  const auto recorder = std::make_shared<WaitRecorder>();
  const Flow child = Flow{S::A}
                         .add(S::A,
                              [](Data&) -> asio::awaitable<S> {
                                co_await cano::sleep_for(1ms);
                                co_return S::Done;
                              })
                         .add_exit_state(S::Done)
                         .with_observer(std::make_shared<EventLog>());  // and not its parent's
  const Flow flow = Flow{S::A}
                        .add(S::A, waits_in_many_ways, retries(1, 10ms))
                        .add(
                            S::B, [child](Data& d) { return child.orchestrate(d); }, once())
                        .add_exit_state(S::Done)
                        .with_observer(recorder)
                        .with_observer(std::make_shared<EventLog>());
  CHECK(result_of(time, flow, data).is_success());
  CHECK(recorder->waits == std::vector<std::string>{"A timer", "A ready", "A operation",
                                                    "A retry_pause", "A timer", "A ready",
                                                    "A operation", "B children"});
  CHECK(recorder->limits[0] == 1s);
  CHECK(recorder->limits[3] == 10ms);
  CHECK_FALSE(recorder->is_waiting);
}

TEST_CASE("events call attempts without an end unlimited") {
  Data data;
  VirtualTime time;
  const auto events = std::make_shared<cano::RecordingObserver>();
  const auto fails_once = [](Data& d) -> S {
    if (++d.calls == 1) throw std::runtime_error{"x"};
    return S::Done;
  };
  const Flow flow = Flow{S::A}
                        .add(S::A, fails_once, retries(cano::RetryPolicy::unlimited))
                        .add_exit_state(S::Done)
                        .with_observer(events);
  CHECK(result_of(time, flow, data).is_success());
  for (const char* const name : {"attempt_started", "attempt_failed"}) {
    const auto seen = events->all(name);
    REQUIRE_FALSE(seen.empty());
    REQUIRE(seen.front().field<std::string>("max_attempts"));
    CHECK(*seen.front().field<std::string>("max_attempts") == "unlimited");
  }
}
