// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cano/task/task_context.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::VirtualTime;

namespace {

asio::awaitable<S> wait_an_hour(Data& data) {
  ++data.calls;
  co_await cano::sleep_for(1h);
  co_return S::Done;
}

S fail(Data& data) {
  ++data.calls;
  throw std::runtime_error{"x"};
}

bool is_cancellation(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    return error.code() == Errc::Cancelled;
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  }
}

Flow waiting() { return Flow{S::A}.add(S::A, wait_an_hour).add_exit_state(S::Done); }

void check_cancelled(const Result& result, S state) {
  CHECK(result.is_cancelled());
  CHECK(result.state() == state);
  CHECK(inside(result.error()).errc() == Errc::Cancelled);
}

// Longer than its limit allows, and deaf to it.
template <S next> asio::awaitable<S> work_deaf(Data& data) {
  ++data.calls;
  co_await uncancellable_sleep(300ms);
  co_return next;
}

}  // namespace

TEST_CASE("a stop that was requested before the start runs nothing") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  source.request_stop();
  const auto result = result_of(time, waiting(), data,
                                RunOptions{}.with_stop(source.get_token()).with_run_id("order-7"));
  check_cancelled(result, S::A);
  CHECK(result.error_message() == "Cancelled: Run order-7 was cancelled in state A");
  CHECK(data.calls == 0);
  CHECK(result.attempts() == 0);
  CHECK(thrown_by([&] {
          run(waiting(), data, RunOptions{}.with_stop(source.get_token()));
        }).errc() == Errc::Cancelled);
}

TEST_CASE("a stop during an await takes effect at once, and leaves no task behind") {
  auto data = std::make_unique<Data>();
  VirtualTime time;
  int alive = 0;
  std::stop_source source;
  const Flow flow = Flow{S::A}.add(S::A, [&alive](Data& d) -> asio::awaitable<S> {
    const Alive guard{alive};
    d.log.push_back("began");
    co_await cano::sleep_for(1h);
    d.log.push_back("went on");
    co_return S::Done;
  });
  after(time, 10ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, *data, RunOptions{}.with_stop(source.get_token()));
  check_cancelled(result, S::A);
  CHECK(result.elapsed() == 10ms);
  CHECK(result.attempts() == 1);
  CHECK(data->log.size() == 1);
  CHECK(alive == 0);
  data.reset();
  time.run_until_idle();
  CHECK(time.elapsed() == 10ms);  // no timer of the run was left
}

TEST_CASE("a stop during a retry pause ends the run at once") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}.add(S::A, fail, retries(5, 10'000ms));
  after(time, 10ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  check_cancelled(result, S::A);
  CHECK(result.elapsed() == 10ms);
  CHECK(data.calls == 1);
}

TEST_CASE("a stop by a plain task takes effect at the next transition") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [&](Data&) {
                               source.request_stop();
                               return S::B;
                             })
                        .add(S::B, [](Data& d) { return ++d.calls, S::Done; })
                        .add_exit_state(S::Done);
  check_cancelled(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())), S::B);
  CHECK(data.calls == 0);
  CHECK(result_of(time, flow, data).is_success());
}

TEST_CASE("a run that has come to an exit is a success, whatever is asked then") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [&](Data&) {
                               source.request_stop();
                               return S::Done;
                             })
                        .add_exit_state(S::Done);
  CHECK(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())).is_success());
  source.request_stop();
  time.run_until_idle();
}

TEST_CASE("a stop after completion reaches nothing") {
  VirtualTime time;
  std::stop_source source;
  {
    Data data;
    const Flow flow = Flow{S::A}
                          .add(S::A,
                               [](Data&) -> asio::awaitable<S> {
                                 co_await cano::sleep_for(1ms);
                                 co_return S::Done;
                               })
                          .add_exit_state(S::Done);
    CHECK(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())).is_success());
  }
  source.request_stop();
  time.run_until_idle();
}

TEST_CASE("a stop that the last task asks for finds the run at its end") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [&](Data&) -> asio::awaitable<S> {
                               co_await cano::sleep_for(1ms);
                               source.request_stop();
                               co_return S::Done;
                             })
                        .add_exit_state(S::Done);
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  CHECK(result.is_success());
  CHECK(result.state() == S::Done);
  time.run_until_idle();
  CHECK(time.elapsed() == 1ms);
}

TEST_CASE("an operation that another listener of the same stop aborts ends as cancelled") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  std::optional<cano::Timer> timer;
  const Flow flow = Flow{S::A}.add(
      S::A,
      [&](Data& d) -> asio::awaitable<S> {
        ++d.calls;
        timer.emplace(co_await asio::this_coro::executor, 1h);
        co_await timer->async_wait(asio::use_awaitable);
        co_return S::Done;
      },
      retries(3));
  CancellableRun spawned{time.get_executor(),
                         flow.orchestrate(data, RunOptions{}.with_stop(source.get_token()))};
  time.run_for(0ms);
  // It may see the stop before the run does, which then goes on while the stop is requested.
  const std::stop_callback listener{source.get_token(), [&] {
                                      timer->cancel();
                                      time.run_for(0ms);
                                    }};
  source.request_stop();
  time.run_for(0ms);
  CHECK(spawned.completions == 1);
  CHECK(inside(spawned.error).errc() == Errc::Cancelled);
  CHECK(data.calls == 1);
}

TEST_CASE("a task that ignores a stop is joined, then the run ends cancelled") {
  auto data = std::make_unique<Data>();
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [](Data& d) -> asio::awaitable<S> {
                               co_await uncancellable_sleep(300ms);
                               ++d.calls;
                               co_return S::B;
                             })
                        .add(S::B, [](Data& d) { return d.calls += 10, S::Done; })
                        .add_exit_state(S::Done);
  after(time, 10ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, *data, RunOptions{}.with_stop(source.get_token()));
  check_cancelled(result, S::B);
  CHECK(result.elapsed() == 300ms);
  CHECK(data->calls == 1);
  data.reset();
  time.run_until_idle();
}

TEST_CASE("a failure after a stop is a cancellation that names it, whatever retries are left") {
  for (const auto& config : {once(), retries(1), retries(cano::RetryPolicy::unlimited)}) {
    Data data;
    VirtualTime time;
    std::stop_source source;
    const auto events = std::make_shared<EventLog>();
    const Flow flow = Flow{S::A}
                          .add(
                              S::A,
                              [](Data& d) -> asio::awaitable<S> {
                                ++d.calls;
                                co_await uncancellable_sleep(300ms);
                                throw std::runtime_error{"own"};
                              },
                              config)
                          .with_observer(events);
    after(time, 10ms, [&] { source.request_stop(); });
    const auto result = result_of(
        time, flow, data, RunOptions{}.with_stop(source.get_token()).with_run_id("order-7"));
    check_cancelled(result, S::A);
    CHECK(result.error_message() == "Cancelled: Run order-7 was cancelled in state A: own");
    const auto cause = thrown_by<std::runtime_error>([&] {
      try {
        std::rethrow_exception(result.error());
      } catch (const cano::Error& error) {
        std::rethrow_if_nested(error);
      }
    });
    CHECK(cause.what() == std::string{"own"});
    CHECK(data.calls == 1);
    CHECK(result.attempts() == 1);
    CHECK(result.elapsed() == 300ms);
  }
}

TEST_CASE("a plain task that fails after a stop is cancelled too, and so is a wrong workflow") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  for (const bool fails : {false, true}) {
    const Flow flow = Flow{S::A}.add(
        S::A,
        [&, fails](Data&) {
          source.request_stop();
          if (fails) throw std::logic_error{"own"};
          return S::B;  // which has no task
        },
        once().with_timeout(1h));
    const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
    check_cancelled(result, fails ? S::A : S::B);
    source = std::stop_source{};
  }
}

TEST_CASE("an operation that other code aborted is a failure, not a cancellation") {
  Data data;
  VirtualTime time;
  const auto aborted = [](Data& d) -> asio::awaitable<S> {
    ++d.calls;
    throw boost::system::system_error{asio::error::operation_aborted};
    co_return S::Done;
  };
  for (const bool stoppable : {false, true}) {
    data = {};
    std::stop_source source;
    RunOptions options;
    if (stoppable) options.stop = source.get_token();
    const auto result = result_of(time, Flow{S::A}.add(S::A, aborted), data, options);
    CHECK(result.is_failed());
    CHECK(data.calls == 1);
    CHECK(inside<boost::system::system_error>(result.error()).code() ==
          asio::error::operation_aborted);
  }
}

TEST_CASE("an Error(Cancelled) of a task is a failure: the run was not stopped") {
  Data data;
  VirtualTime time;
  const auto gives_up = [](Data& d) -> S {
    ++d.calls;
    throw cano::Error{Errc::Cancelled, "the user closed the window"};
  };
  const auto result = result_of(time, Flow{S::A}.add(S::A, gives_up), data);
  CHECK(result.is_failed());
  CHECK(result.error_message() == "Cancelled: the user closed the window");
  CHECK(data.calls == 1);
}

TEST_CASE("a run whose child alone was stopped has failed, and its rule decides about a retry") {
  for (const bool retried : {false, true}) {
    Data data;
    VirtualTime time;
    std::stop_source child;
    const Flow inner = waiting();
    const auto awaits_child = [&](Data& d) -> cano::Async<S> {
      const auto options = RunOptions{}.with_stop(child.get_token()).with_run_id("child");
      Data own;
      if (++d.calls == 2) co_return S::Done;
      co_return co_await inner.orchestrate(own, options);
    };
    auto policy = cano::RetryPolicy::fixed(3, 1ms);
    if (retried) policy = policy.retry_if([](const auto&) { return true; });
    const Flow outer = Flow{S::A}
                           .add(S::A, awaits_child, cano::TaskConfig{}.with_retry(policy))
                           .add_exit_state(S::Done);
    after(time, 10ms, [&] { child.request_stop(); });
    std::stop_source parent;
    const auto result = result_of(time, outer, data, RunOptions{}.with_stop(parent.get_token()));
    CHECK_FALSE(result.is_cancelled());
    CHECK(result.is_success() == retried);
    CHECK(data.calls == (retried ? 2 : 1));
    if (!retried) CHECK(result.error_message() == "Cancelled: Run child was cancelled in state A");
  }
}

TEST_CASE("Asio's signal cancels an await, a pause and a state with limits") {
  const Flow with_limit =
      Flow{S::A}.add(S::A, wait_an_hour, once().with_attempt_timeout(2h)).add_exit_state(S::Done);
  const Flow in_pause = Flow{S::A}.add(S::A, fail, retries(5, 10'000ms));
  const Flow in_limited_pause = Flow{S::A}.add(S::A, fail, retries(5, 10'000ms).with_timeout(2h));
  for (const Flow& flow : {waiting(), with_limit, in_pause, in_limited_pause}) {
    auto data = std::make_unique<Data>();
    VirtualTime time;
    CancellableRun spawned{time.get_executor(), flow.orchestrate(*data)};
    time.run_for(10ms);
    CHECK(data->calls == 1);
    CHECK(spawned.completions == 0);
    spawned.cancel();
    spawned.cancel();
    time.run_for(0ms);
    REQUIRE(spawned.completions == 1);
    CHECK(data->calls == 1);
    data.reset();
    const auto error = inside(spawned.error);
    CHECK(error.errc() == Errc::Cancelled);
    CHECK(error.message().find(" was cancelled in state A") != std::string::npos);
    spawned.cancel();
    time.run_until_idle();
    CHECK(spawned.completions == 1);
    CHECK(time.elapsed() == 10ms);
  }
}

TEST_CASE("Asio's signal before the start ends the run when it starts") {
  Data data;
  VirtualTime time;
  CancellableRun spawned{time.get_executor(), waiting().orchestrate(data)};
  spawned.cancel();
  time.run_until_idle();
  CHECK(spawned.completions == 1);
  // A newer Asio looks before the awaitable around the run has begun.
  CHECK(is_cancellation(spawned.error));
  CHECK(time.elapsed() == 0ms);
}

TEST_CASE("Asio's signal out of a plain task ends the run as cancelled, with all its events") {
  for (const bool stoppable : {false, true}) {
    Data data;
    VirtualTime time;
    const auto events = std::make_shared<EventLog>();
    std::optional<CancellableRun> spawned;
    Flow flow = Flow{S::A}
                    .add(S::A,
                         [](Data&) -> asio::awaitable<S> {
                           co_await cano::sleep_for(1ms);
                           co_return S::C;
                         })
                    .add(S::C,
                         [&](Data&) {
                           spawned->cancel();
                           return S::B;
                         })
                    .add(S::B, wait_an_hour)
                    .add_exit_state(S::Done)
                    .with_observer(events);
    std::stop_source source;
    RunOptions options;
    if (stoppable) options.stop = source.get_token();
    spawned.emplace(time.get_executor(), flow.orchestrate(data, options));
    time.run_until_idle();
    CHECK(spawned->completions == 1);
    CHECK(inside(spawned->error).errc() == Errc::Cancelled);
    CHECK(data.calls == 0);
    REQUIRE_FALSE(events->lines.empty());
    CHECK(events->lines.front() == "run_started A");
    CHECK(events->lines.back().substr(0, 25) == "run_finished cancelled B ");
  }
}

TEST_CASE("a stoppable run that is cancelled before it ever waited completes as any other") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  std::optional<CancellableRun> spawned;
  const Flow inner = Flow{S::A}
                         .add(S::A,
                              [&](Data&) {
                                spawned->cancel();
                                return S::B;
                              })
                         .add(S::B, wait_an_hour);
  const Flow outer = Flow{S::A}.add(S::A, [&](Data& d) -> asio::awaitable<S> {
    co_await cano::sleep_for(1ms);
    co_return co_await inner.orchestrate(d, RunOptions{}.with_stop(source.get_token()));
  });
  spawned.emplace(time.get_executor(), outer.orchestrate(data));
  time.run_until_idle();
  CHECK(spawned->completions == 1);
  CHECK(inside(spawned->error).errc() == Errc::Cancelled);
  CHECK(time.elapsed() == 1ms);
}

TEST_CASE("after a task that swallowed Asio's cancellation the next one does not run") {
  for (const bool next_is_plain : {false, true}) {
    Data data;
    VirtualTime time;
    Flow flow = Flow{S::A}
                    .add(S::A,
                         [](Data&) -> asio::awaitable<S> {
                           co_await uncancellable_sleep(300ms);
                           co_return S::B;
                         })
                    .add_exit_state(S::Done);
    if (next_is_plain) {
      flow.add(S::B, [](Data& d) { return ++d.calls, S::Done; });
    } else {
      flow.add(S::B, wait_an_hour);
    }
    CancellableRun spawned{time.get_executor(), flow.orchestrate(data)};
    time.run_for(10ms);
    spawned.cancel();
    time.run_until_idle();
    CHECK(spawned.completions == 1);
    CHECK(data.calls == 0);
    CHECK(inside(spawned.error).errc() == Errc::Cancelled);
    CHECK(time.elapsed() == 300ms);
  }
}

TEST_CASE("a stop comes through while an attempt that timed out is being joined") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A, work_deaf<S::Done>, retries(3, 50ms).with_attempt_timeout(100ms))
                        .add_exit_state(S::Done);
  after(time, 200ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  CHECK_FALSE(result.is_failed());
  CHECK(result.elapsed() == 300ms);
  CHECK(data.calls == 1);
}

TEST_CASE("a limit that passes while a stopped task is being joined does not hide the stop") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A, work_deaf<S::B>, retries(3, 50ms).with_attempt_timeout(100ms))
                        .add(S::B, fail);
  after(time, 10ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  check_cancelled(result, S::B);
  CHECK(result.elapsed() == 300ms);
  CHECK(data.calls == 1);
}

TEST_CASE("a stop still works after attempts that timed out") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow =
      Flow{S::A}.add(S::A, wait_an_hour, retries(1000, 10ms).with_attempt_timeout(100ms));
  after(time, 1050ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  check_cancelled(result, S::A);
  CHECK(result.elapsed() == 1050ms);
  CHECK(data.calls == 10);
}

TEST_CASE("the token of a task is requested as soon as its run is") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const auto spins = [&](Data& d, cano::TaskContext& context) {
    const std::stop_token token = context.stop_token();
    CHECK_FALSE(token.stop_requested());
    source.request_stop();
    while (!token.stop_requested() && d.calls < 10)
      ++d.calls;
    return S::B;
  };
  for (const bool limited : {false, true}) {
    source = std::stop_source{};
    const Flow flow =
        Flow{S::A}.add(S::A, spins, limited ? once().with_timeout(1h) : once()).add(S::B, fail);
    check_cancelled(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())), S::B);
    CHECK(data.calls == 0);
  }
}

TEST_CASE("the token of an attempt is one, and requested when its limit has passed before") {
  Data data;
  VirtualTime time;
  const auto asks_late = [](Data& d, cano::TaskContext& context) -> asio::awaitable<S> {
    const bool is_first = ++d.calls == 1;
    if (is_first) co_await uncancellable_sleep(300ms);
    CHECK(context.stop_token().stop_requested() == is_first);
    CHECK(context.stop_token() == context.stop_token());
    co_return S::Done;
  };
  const Flow flow = Flow{S::A}
                        .add(S::A, asks_late, retries(1, 10ms).with_attempt_timeout(100ms))
                        .add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(result.attempts() == 2);
  CHECK(result.elapsed() == 310ms);
}

TEST_CASE("an executor that is destroyed takes its waiting runs with it") {
  for (const bool limited : {false, true}) {
    int alive = 0;
    int completions = 0;
    auto data = std::make_unique<Data>();
    const auto events = std::make_shared<EventLog>();
    {
      struct Slow {
        int* alive;
        asio::awaitable<int> prep(Data&) const {
          const Alive guard{*alive};
          co_await cano::sleep_for(1h);
          co_return 1;
        }
        int exec(int value) const { return value; }
        S post(Data&, int) const { return S::Done; }
      };
      asio::io_context context;
      const Flow flow =
          Flow{S::A}
              .add(S::A, Slow{&alive}, limited ? once().with_attempt_timeout(2h) : once())
              .with_observer(events);
      flow.async_orchestrate(context.get_executor(), *data,
                             [&](std::exception_ptr, S) { ++completions; });
      context.poll();
      CHECK(alive == 1);
    }
    CHECK(alive == 0);
    CHECK(completions == 0);
    data.reset();
  }
}

TEST_CASE("throw_if_cancelled(false) lasts until the attempt ends") {
  Data data;
  VirtualTime time;
  const auto sets_it = [](Data&) -> cano::Async<S> {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return S::B;
  };
  const auto asks = [](Data& d) -> cano::Async<S> {
    d.calls = co_await asio::this_coro::throw_if_cancelled() ? 1 : 2;
    co_return S::Done;
  };
  const Flow flow = Flow{S::A}.add(S::A, sets_it).add(S::B, asks, once()).add_exit_state(S::Done);
  CHECK(result_of(time, flow, data).is_success());
  CHECK(data.calls == 1);
}

TEST_CASE("after throw_if_cancelled(false) waits take all their time, beyond stop and limit") {
  const auto cleans_up = [](Data& data) -> cano::Async<S> {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await cano::sleep_for(1h);  // the wait under way is cut all the same
    data.log.push_back("cut");
    co_await cano::sleep_for(50ms);
    data.log.push_back("cleaned up");
    co_return S::Done;
  };
  for (const bool stopped : {false, true}) {
    Data data;
    VirtualTime time;
    std::stop_source source;
    const auto config = stopped ? once() : once().with_attempt_timeout(10ms);
    const Flow flow = Flow{S::A}.add(S::A, cleans_up, config).add(S::Done, fail);
    if (stopped) after(time, 10ms, [&] { source.request_stop(); });
    const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
    CHECK(result.is_cancelled() == stopped);
    CHECK(result.elapsed() == 60ms);
    CHECK(data.log == std::vector<std::string>{"cut", "cleaned up"});
  }
}
