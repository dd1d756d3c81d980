// SPDX-License-Identifier: MIT
// Tasks with limits and circuit breakers.
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::CircuitState;
using cano::Errc;
using cano::Outcome;
using cano::Permit;
using cano::RunOptions;
using cano::TaskConfig;
using cano::TaskContext;
using cano::VirtualTime;

namespace {

// The task of a state in each of its forms: it takes 100 ms where it can wait, and fails as often
// as the log has "fail".
void fail_if_told(Data& data) {
  ++data.calls;
  if (data.log.empty() || data.log.back() != "fail") return;
  data.log.pop_back();
  throw std::runtime_error{"refused"};
}
S limited_plain(Data& data) {
  fail_if_told(data);
  return S::Done;
}
cano::Async<S> limited_async(Data& data) {
  co_await cano::sleep_for(100ms);
  fail_if_told(data);
  co_return S::Done;
}
asio::awaitable<S> limited_awaitable(Data& data) {
  co_await cano::sleep_for(100ms);
  fail_if_told(data);
  co_return S::Done;
}
struct LimitedNode {
  cano::Async<int> prep(Data&) const { co_return 1; }
  cano::Async<int> exec(int value) const {
    co_await cano::sleep_for(100ms);
    co_return value;
  }
  cano::Async<S> post(Data& data, int) const {
    fail_if_told(data);
    co_return S::Done;
  }
};

Flow limited_flow(int kind, const TaskConfig& config) {
  Flow flow{S::A};
  if (kind == 0) flow.add(S::A, limited_plain, config);
  if (kind == 1) flow.add(S::A, limited_async, config);
  if (kind == 2) flow.add(S::A, limited_awaitable, config);
  if (kind == 3) flow.add(S::A, LimitedNode{}, config);
  return flow.add_exit_state(S::Done);
}
cano::Duration work_of(int kind) { return kind == 0 ? 0ms : 100ms; }

cano::Async<std::vector<Result>> run_at_once(const Flow& flow, std::vector<Data>& data) {
  std::vector<cano::Async<Result>> runs;
  for (Data& each : data)
    runs.push_back(flow.try_orchestrate(each));
  co_return co_await cano::when_all(std::move(runs));
}
cano::Async<S> never_ends(Data& data) {
  ++data.calls;
  co_await cano::sleep_for(24h);
  co_return S::Done;
}
cano::Async<S> fail_returning(Data& data) {
  ++data.calls;
  co_await cano::sleep_for(1ms);
  throw cano::Error{Errc::TaskExecution, "down"};
}

}  // namespace

TEST_CASE("runs of one workflow share the limit of a task") {
  const int kind = GENERATE(0, 1, 2, 3);
  VirtualTime time;
  std::vector<Data> data(5);
  SECTION("on what is under way") {
    const auto limit = cano::concurrency_limit(2);
    const Flow flow = limited_flow(kind, once().with_limit(limit));
    const auto results = time.run(run_at_once(flow, data));
    for (const Result& each : results)
      CHECK(each.outcome() == Outcome::Success);
    CHECK(time.elapsed() == work_of(kind) * 3);
    CHECK(limit->try_acquire(2));
  }
  SECTION("on a rate") {
    const Flow flow = limited_flow(kind, once().with_limit(cano::rate_limit(10, 1s, 1)));
    time.run(run_at_once(flow, data));
    CHECK(time.elapsed() == 400ms + work_of(kind));
  }
  SECTION("of both kinds, and with a cost") {
    const Flow flow = limited_flow(kind, once()
                                             .with_limit(cano::rate_limit(10, 1s, 2), {.cost = 2})
                                             .with_limit(cano::concurrency_limit(1)));
    time.run(run_at_once(flow, data));
    CHECK(time.elapsed() == 800ms + work_of(kind));
  }
}

TEST_CASE("instances of a batch share the limit of a task") {
  VirtualTime time;
  const auto limit = cano::concurrency_limit(3);
  const Flow flow = limited_flow(1, once().with_limit(limit));
  std::vector<Data> data(10);
  cano::ConcurrentWorkflow<S, Data> batch{flow};
  CHECK(time.run(batch.execute_concurrent(data, cano::WaitForever{})).status.completed == 10);
  CHECK(time.elapsed() == 400ms);
}

TEST_CASE("the wait for a limit is no part of the attempt, but of the state") {
  VirtualTime time;
  const auto limit = cano::concurrency_limit(1);
  std::optional<Permit> held = limit->try_acquire();
  Data data;
  SECTION("the attempt's clock starts when there is room") {
    after(time, 10s, [&] { held.reset(); });
    const Flow flow = limited_flow(1, once().with_limit(limit).with_attempt_timeout(150ms));
    CHECK(result_of(time, flow, data).outcome() == Outcome::Success);
    CHECK(time.elapsed() == 10100ms);
  }
  SECTION("the timeout of the state passes") {
    const Flow flow = limited_flow(1, retries(3).with_limit(limit).with_timeout(2s));
    const Result result = result_of(time, flow, data);
    CHECK(result.outcome() == Outcome::Failed);
    CHECK(inside(result.error()).message() ==
          "The timeout of 2 s passed in state A, before attempt 1 of 4");
    CHECK(time.elapsed() == 2s);
    CHECK(data.calls == 0);
    CHECK(result.attempts() == 0);
  }
  SECTION("the total timeout passes") {
    Flow flow = limited_flow(1, retries(3).with_limit(limit));
    flow.with_total_timeout(3s);
    CHECK(inside(result_of(time, flow, data).error()).errc() == Errc::Timeout);
    CHECK(time.elapsed() == 3s);
  }
  SECTION("the run is stopped") {
    std::stop_source stop;
    after(time, 1s, [&] { stop.request_stop(); });
    const Flow flow = limited_flow(1, retries(3).with_limit(limit).uninterruptible());
    const Result result = result_of(time, flow, data, RunOptions{}.with_stop(stop.get_token()));
    CHECK(result.outcome() == Outcome::Cancelled);
    CHECK(time.elapsed() == 1s);
    CHECK(data.calls == 0);
  }
  CHECK(limit->waiting() == 0);
  held.reset();
  CHECK(limit->try_acquire());
}

TEST_CASE("a permit is given back in the pause before the next attempt") {
  const int kind = GENERATE(0, 1, 2, 3);
  VirtualTime time;
  const auto limit = cano::concurrency_limit(1);
  const Flow flow = limited_flow(kind, retries(3, 1s).with_limit(limit));
  std::vector<Data> data(2);
  data[0].log = {"fail"};
  time.run(run_at_once(flow, data));
  CHECK(data[0].calls == 2);
  CHECK(time.elapsed() == 1s + 2 * work_of(kind));  // the other one ran meanwhile
  CHECK(limit->try_acquire());
}

TEST_CASE("permits come back however an attempt ends") {
  const auto limit = cano::concurrency_limit(1);
  const auto rate = cano::rate_limit(1000, 1s, 100);
  const TaskConfig config = once().with_limit(limit).with_limit(rate);
  Data data;
  SECTION("it fails") {
    VirtualTime time;
    data.log = {"fail"};
    CHECK(result_of(time, limited_flow(GENERATE(0, 1, 2, 3), config), data).outcome() ==
          Outcome::Failed);
  }
  SECTION("it is cut by its timeout") {
    VirtualTime time;
    const Flow flow =
        Flow{S::A}.add(S::A, never_ends, config.with_attempt_timeout(1s)).add_exit_state(S::Done);
    CHECK(result_of(time, flow, data).outcome() == Outcome::Failed);
  }
  SECTION("it is stopped") {
    VirtualTime time;
    std::stop_source stop;
    after(time, 1s, [&] { stop.request_stop(); });
    const Flow flow = Flow{S::A}.add(S::A, never_ends, config).add_exit_state(S::Done);
    CHECK(result_of(time, flow, data, RunOptions{}.with_stop(stop.get_token())).outcome() ==
          Outcome::Cancelled);
  }
  SECTION("its context is destroyed, while one works and one waits") {
    const Flow flow = Flow{S::A}.add(S::A, never_ends, config).add_exit_state(S::Done);
    Data other;
    VirtualTime time;
    CancellableRun works{time.get_executor(), flow.orchestrate(data)};
    CancellableRun waits{time.get_executor(), flow.orchestrate(other)};
    time.run_for(1s);
    CHECK(data.calls == 1);
    CHECK(other.calls == 0);
    CHECK(limit->waiting() == 1);
  }
  CHECK(limit->waiting() == 0);
  CHECK(limit->try_acquire());
}

TEST_CASE("what waits too long for a limit is a failed attempt, retried when there is room") {
  VirtualTime time;
  const auto limit = cano::rate_limit(1, 1s, 1);
  const auto seen = std::make_shared<cano::RecordingObserver>();
  time.run([](cano::Limit& l) -> cano::Async<void> { co_await l.acquire(); }(*limit));
  Data data;
  SECTION("after the pause that the limit names, not the policy's") {
    Flow flow = limited_flow(1, retries(1, 1h).with_limit(limit, {.max_wait = 10ms}));
    flow.with_observer(seen);
    const Result result = result_of(time, flow, data);
    CHECK(result.outcome() == Outcome::Success);
    CHECK(result.attempts() == 2);
    CHECK(data.calls == 1);
    CHECK(time.elapsed() == 1100ms);
    CHECK(seen->count("attempt_started") == 2);
    CHECK(seen->count("attempt_failed") == 1);
  }
  SECTION("without retries it is the run's failure") {
    const Flow flow = limited_flow(1, once().with_limit(limit, {.max_wait = 10ms}));
    const cano::Error error = inside(result_of(time, flow, data).error());
    CHECK(error.errc() == Errc::RateLimited);
    CHECK(error.retry_after() == cano::Duration{1s});
    CHECK(time.elapsed() == 0s);
  }
}

TEST_CASE("limits in any order do not wait for each other") {
  VirtualTime time;
  const auto a = cano::concurrency_limit(1);
  const auto b = cano::concurrency_limit(1);
  const Flow one = limited_flow(1, once().with_limit(a).with_limit(b));
  const Flow other = limited_flow(1, once().with_limit(b).with_limit(a));
  std::optional<Permit> held = a->try_acquire();
  after(time, 1s, [&] { held.reset(); });
  Data first;
  Data second;
  auto both = cano::when_all(one.try_orchestrate(first), other.try_orchestrate(second));
  time.run(std::move(both));
  CHECK(time.elapsed() == 1200ms);
  CHECK(first.calls + second.calls == 2);
}

TEST_CASE("a limit that is given twice is used twice as much") {
  const auto limit = cano::concurrency_limit(2);
  VirtualTime time;
  std::vector<Data> data(2);
  time.run(run_at_once(limited_flow(1, once().with_limit(limit).with_limit(limit)), data));
  CHECK(time.elapsed() == 200ms);
  CHECK(thrown_by([&] {
          static_cast<void>(once().with_limit(limit).with_limit(limit, {.cost = 2}));
        }).errc() == Errc::Configuration);
}

TEST_CASE("limits that cannot be are refused when they are given") {
  const auto limit = cano::concurrency_limit(2);
  CHECK(thrown_by([&] { static_cast<void>(once().with_limit(limit, {.cost = 3})); }).errc() ==
        Errc::Configuration);
  CHECK(thrown_by([&] { static_cast<void>(once().with_limit(nullptr)); }).message() ==
        "TaskConfig::with_limit: the limit is null");
  CHECK(thrown_by([&] { static_cast<void>(once().with_circuit_breaker(nullptr)); }).message() ==
        "TaskConfig::with_circuit_breaker: the breaker is null");
}

TEST_CASE("a config with a limit is a copy, the other has none") {
  const TaskConfig config = once().with_limit(cano::concurrency_limit(1));
  const TaskConfig more = config.with_limit(cano::concurrency_limit(1));
  VirtualTime time;
  std::vector<Data> data(2);
  time.run(run_at_once(limited_flow(1, once()), data));
  CHECK(time.elapsed() == 100ms);
  CHECK(more.rules().gate != config.rules().gate);
}

TEST_CASE("a circuit breaker is asked before each attempt, and told how it ended") {
  const int kind = GENERATE(0, 1, 2, 3);
  VirtualTime time;
  const auto breaker = cano::circuit_breaker({.name = "q", .consecutive = 2, .open_for = 30s});
  Data data;
  SECTION("it opens, and the run comes back when it may") {
    data.log = {"fail", "fail"};
    const Flow flow = limited_flow(kind, retries(5, 1s).with_circuit_breaker(breaker));
    const Result result = result_of(time, flow, data);
    CHECK(result.outcome() == Outcome::Success);
    CHECK(breaker->state() == CircuitState::Closed);
    CHECK(data.calls == 3);
    CHECK(result.attempts() == 4);  // one was refused
    CHECK(time.elapsed() == 31s + 2 * work_of(kind) - 1s + work_of(kind) + 1s);
  }
  SECTION("it is open: nothing is called, and no limit is used") {
    breaker->force_open();
    const auto limit = cano::rate_limit(1, 1h, 1);
    const Flow flow = limited_flow(kind, once().with_limit(limit).with_circuit_breaker(breaker));
    const cano::Error error = inside(result_of(time, flow, data).error());
    CHECK(error.errc() == Errc::CircuitOpen);
    CHECK(data.calls == 0);
    breaker->reset();
    CHECK(result_of(time, flow, data).outcome() == Outcome::Success);
    CHECK(time.elapsed() == work_of(kind));
  }
}

TEST_CASE("which ends of an attempt a circuit breaker counts") {
  VirtualTime time;
  const auto breaker = cano::circuit_breaker({.consecutive = 1});
  const TaskConfig config = once().with_circuit_breaker(breaker);
  Data data;
  const auto flow_of = [&](auto task, const TaskConfig& with) {
    return Flow{S::A}.add(S::A, task, with).add_exit_state(S::Done);
  };
  SECTION("a failure that is thrown") {
    CHECK(result_of(time, flow_of(fail_returning, config), data).outcome() == Outcome::Failed);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("a failure that is returned") {
    const auto task = [](Data&) -> cano::Result<S> {
      return cano::Error{Errc::TaskExecution, "down"};
    };
    CHECK(result_of(time, flow_of(task, config), data).outcome() == Outcome::Failed);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("not a mistake in the program") {
    const auto task = [](Data&) -> S { throw std::logic_error{"a mistake"}; };
    CHECK(result_of(time, flow_of(task, config), data).outcome() == Outcome::Failed);
    CHECK(breaker->state() == CircuitState::Closed);
  }
  SECTION("the timeout of the attempt") {
    result_of(time, flow_of(never_ends, config.with_attempt_timeout(1s)), data);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("the timeout of the state") {
    result_of(time, flow_of(never_ends, config.with_timeout(1s)), data);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("not the total timeout") {
    Flow flow = flow_of(never_ends, config);
    flow.with_total_timeout(1s);
    CHECK(inside(result_of(time, flow, data).error()).errc() == Errc::Timeout);
    CHECK(breaker->state() == CircuitState::Closed);
  }
  SECTION("not a run that is stopped") {
    std::stop_source stop;
    after(time, 1s, [&] { stop.request_stop(); });
    CHECK(
        result_of(time, flow_of(never_ends, config), data, RunOptions{}.with_stop(stop.get_token()))
            .outcome() == Outcome::Cancelled);
    CHECK(breaker->state() == CircuitState::Closed);
  }
  SECTION("a predicate that throws ends the run with its own exception") {
    const auto strict =
        cano::circuit_breaker({.counts_as_failure = [](const std::exception_ptr&) -> bool {
          throw std::invalid_argument{"cannot say"};
        }});
    const Result result =
        result_of(time, flow_of(fail_returning, retries(3).with_circuit_breaker(strict)), data);
    CHECK(inside<std::invalid_argument>(result.error()).what() == std::string{"cannot say"});
    CHECK(data.calls == 1);
  }
}

TEST_CASE("a run that waits for a limit reports it to observers that ask") {
  struct Waits : cano::Observer {
    std::vector<cano::WaitKind> kinds;
    bool wants_waits() const noexcept override { return true; }
    void on_waiting(const cano::RunWaiting& e) override { kinds.push_back(e.kind); }
  };
  VirtualTime time;
  const auto limit = cano::rate_limit(1, 1s, 1);
  const auto waits = std::make_shared<Waits>();
  Flow flow = limited_flow(1, once().with_limit(limit));
  flow.with_observer(waits);
  Data data;
  result_of(time, flow, data);
  result_of(time, flow, data);
  CHECK(waits->kinds ==
        std::vector{cano::WaitKind::Timer, cano::WaitKind::Limit, cano::WaitKind::Timer});
}
