// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/async/yield_now.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/busy_time.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::TaskContext;
using cano::VirtualTime;

namespace {

// Waits that long and goes to Done.
auto waits(cano::Duration delay) {
  return [delay](Data& data) -> asio::awaitable<S> {
    ++data.calls;
    co_await cano::sleep_for(delay);
    co_return S::Done;
  };
}

// The same, deaf to cancellation.
auto ignores(cano::Duration delay) {
  return [delay](Data& data) -> asio::awaitable<S> {
    ++data.calls;
    co_await uncancellable_sleep(delay);
    data.log.push_back("came to its end");
    co_return S::Done;
  };
}

// A plain function that takes so long, the first time and later.
auto works(BusyTime& time, cano::Duration first, cano::Duration later) {
  return [&time, first, later](Data& data) {
    time.work(++data.calls == 1 ? first : later);
    return S::Done;
  };
}

S fails_with_x(Data& data) {
  ++data.calls;
  throw std::runtime_error{"x"};
}

// What the exception nested in an Error says; empty where there is none.
std::string nested_in(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const cano::Error& error) {
    try {
      std::rethrow_if_nested(error);
    } catch (...) {
      return cano::detail::exception_text(std::current_exception());
    }
  }
  return {};
}

}  // namespace

TEST_CASE("an attempt timeout is retried, and named when the attempts are used up") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::A}
                        .add(S::A, waits(1h), retries(2, 10ms).with_attempt_timeout(100ms))
                        .add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(result.state() == S::A);
  CHECK(result.attempts() == 3);
  CHECK(data.calls == 3);
  CHECK(time.elapsed() == 320ms);
  const auto error = inside(result.error());
  CHECK(error.errc() == Errc::Timeout);
  CHECK(error.message() == "The attempt timeout of 100 ms passed in state A, attempt 3 of 3");
}

TEST_CASE("an attempt after one that timed out can succeed, waiting as long as it may") {
  Data data;
  VirtualTime time;
  const auto slow_first = [](Data& d) -> asio::awaitable<S> {
    co_await cano::sleep_for(++d.calls == 1 ? cano::Duration{1h} : cano::Duration{99ms});
    co_return S::Done;
  };
  for (const auto pause : {0ms, 10ms}) {
    data = {};
    const Flow flow = Flow{S::A}
                          .add(S::A, slow_first, retries(1, pause).with_attempt_timeout(100ms))
                          .add_exit_state(S::Done);
    const auto result = result_of(time, flow, data);
    CHECK(result.is_success());
    CHECK(result.attempts() == 2);
    CHECK(result.elapsed() == 199ms + pause);
  }
}

TEST_CASE("retry_if may refuse to retry a timeout") {
  Data data;
  VirtualTime time;
  const auto policy = cano::RetryPolicy::fixed(5, 1ms).retry_if(
      [](const std::exception_ptr& error) { return inside(error).errc() != Errc::Timeout; });
  const Flow flow = Flow{S::A}.add(
      S::A, waits(1h), cano::TaskConfig{}.with_retry(policy).with_attempt_timeout(100ms));
  CHECK(result_of(time, flow, data).attempts() == 1);
}

TEST_CASE("a state's timeout ends the run, in an attempt") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::A}.add(S::A, waits(1h), retries(5, 10ms).with_timeout(1500us));
  const auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(result.attempts() == 1);
  CHECK(result.error_message() ==
        "Timeout: The timeout of 1.5 ms passed in state A, attempt 1 of 6");
  CHECK(time.elapsed() == 1500us);
}

TEST_CASE("a pause that cannot end in time is not waited for, and the last failure is reported") {
  const auto refused = [](Data& d) -> S {
    ++d.calls;
    throw std::runtime_error{"connection refused by 10.0.0.7:5432"};
  };
  const auto policy = cano::RetryPolicy::exponential(10, 1s, 2.0, 30s, 0);
  for (const bool of_run : {false, true}) {
    Data data;
    VirtualTime time;
    const auto events = std::make_shared<EventLog>();
    auto config = cano::TaskConfig{}.with_retry(policy);
    Flow flow = Flow{S::A}.with_observer(events);
    if (of_run) {
      flow.add(S::A, refused, config).with_total_timeout(10s);
    } else {
      flow.add(S::A, refused, config.with_timeout(10s));
    }
    const auto result = result_of(time, flow, data);
    CHECK(result.is_failed());
    CHECK(data.calls == 4);
    CHECK(result.attempts() == 4);
    CHECK(result.error_message() ==
          std::string{"Timeout: The "} + (of_run ? "total " : "") +
              "timeout of 10 s would pass in state A in the pause of 8 s after attempt 4 of 11: "
              "connection refused by 10.0.0.7:5432");
    CHECK(inside(result.error()).errc() == Errc::Timeout);
    CHECK(nested_in(result.error()) == "connection refused by 10.0.0.7:5432");
    CHECK(time.elapsed() == 7s);
  }
}

TEST_CASE("a pause is waited for only when it ends before the limit") {
  const auto calls = [](cano::Duration limit) {
    Data data;
    VirtualTime time;
    const auto config = retries(cano::RetryPolicy::unlimited, 100ms).with_timeout(limit);
    const auto result = result_of(time, Flow{S::A}.add(S::A, fails_with_x, config), data);
    CHECK(inside(result.error()).errc() == Errc::Timeout);
    CHECK(nested_in(result.error()) == "x");
    return data.calls;
  };
  CHECK(calls(100ms) == 1);  // it would end with the limit, and nothing begins then
  CHECK(calls(101ms) == 2);
  CHECK(calls(250ms) == 3);
  CHECK(calls(300ms) == 3);
}

TEST_CASE("a limit that passes in a later attempt reports the failure before") {
  Data data;
  VirtualTime time;
  const auto refused_then_slow = [](Data& d) -> asio::awaitable<S> {
    if (++d.calls < 3) throw std::runtime_error{"refused " + std::to_string(d.calls)};
    co_await cano::sleep_for(1h);
    co_return S::Done;
  };
  const auto config = retries(5, 10ms).with_timeout(100ms);
  auto result = result_of(time, Flow{S::A}.add(S::A, refused_then_slow, config), data);
  CHECK(result.error_message() ==
        "Timeout: The timeout of 100 ms passed in state A, attempt 3 of 6: refused 2");
  CHECK(nested_in(result.error()) == "refused 2");

  // But a later visit does not.
  data = {};
  const auto twice = [](Data& d) -> asio::awaitable<S> {
    if (++d.calls == 1) throw std::runtime_error{"before"};
    if (d.calls == 2) co_return S::A;
    co_await cano::sleep_for(1h);
    co_return S::Done;
  };
  result = result_of(time, Flow{S::A}.add(S::A, twice, config), data);
  CHECK(result.error_message() ==
        "Timeout: The timeout of 100 ms passed in state A, attempt 1 of 6");
  CHECK(nested_in(result.error()).empty());
}

TEST_CASE("what a task makes of its cancellation by a limit is reported with the timeout") {
  Data data;
  VirtualTime time;
  const auto translates = [](Data&) -> cano::Async<S> {
    bool cancelled = false;
    try {
      co_await cano::sleep_for(1h);
    } catch (...) {
      cancelled = true;
    }
    if (cancelled) throw std::runtime_error{"upload cut off at 12 %"};
    co_return S::Done;
  };
  for (const bool of_attempt : {false, true}) {
    const auto config =
        of_attempt ? once().with_attempt_timeout(100ms) : once().with_timeout(100ms);
    const auto result = result_of(time, Flow{S::A}.add(S::A, translates, config), data);
    CHECK(nested_in(result.error()) == "upload cut off at 12 %");
    CHECK(inside(result.error()).errc() == Errc::Timeout);
  }
}

TEST_CASE("a result that is there when the limit comes counts") {
  // However many steps the attempt takes at that time.
  const auto exact = [](Data& d) -> cano::Async<S> {
    ++d.calls;
    co_await cano::sleep_for(60ms);
    co_await cano::sleep_for(40ms);
    for (int i = 0; i < 5; ++i)
      co_await cano::yield_now();
    co_return S::Done;
  };
  const auto exact_of_asio = [](Data& d) -> asio::awaitable<S> {
    ++d.calls;
    co_await cano::sleep_for(100ms);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return S::Done;
  };
  const auto exact_child = [](Data& d) -> cano::Async<S> {
    const Flow child = Flow{S::A}.add(S::A, waits(100ms), once()).add_exit_state(S::Done);
    co_return co_await child.orchestrate(d);
  };
  BusyTime busy;
  const auto check = [](auto& time, auto task) {
    for (const int limit : {0, 1, 2, 3}) {
      Data data;
      Flow flow = Flow{S::A}.add_exit_state(S::Done);
      auto config = retries(2);
      RunOptions options;
      if (limit == 0) config = config.with_attempt_timeout(100ms);
      if (limit == 1) config = config.with_timeout(100ms);
      if (limit == 2) flow.with_total_timeout(100ms);
      if (limit == 3) options.timeout = 100ms;
      flow.add(S::A, task, config);
      const auto result = time.run(flow.try_orchestrate(data, options));
      CHECK(result.error_message().empty());
      CHECK(data.calls == 1);
      CHECK(result.elapsed() == 100ms);
    }
  };
  VirtualTime time;
  check(time, exact);
  check(time, exact_of_asio);
  check(time, exact_child);
  check(busy, waits(100ms));
  check(busy, works(busy, 100ms, 100ms));
}

TEST_CASE("nothing begins when a limit comes") {
  Data data;
  VirtualTime time;
  const auto exact = [](Data& d) -> cano::Async<S> {
    ++d.calls;
    co_await cano::sleep_for(100ms);
    co_return S::B;
  };
  const Flow flow = Flow{S::A}
                        .add(S::A, exact)
                        .add(S::B, [](Data& d) { return ++d.calls, S::Done; })
                        .add_exit_state(S::Done)
                        .with_total_timeout(100ms);
  const auto result = result_of(time, flow, data);
  CHECK(result.error_message() ==
        "Timeout: The total timeout of 100 ms passed in state B, before attempt 1 of 4");
  CHECK(data.calls == 1);
}

TEST_CASE("an attempt that is a nanosecond too long has timed out") {
  Data data;
  BusyTime time;
  const auto late = 100ms + 1ns;
  const auto result_with = [&](auto task) {
    const Flow flow =
        Flow{S::A}.add(S::A, task, once().with_attempt_timeout(100ms)).add_exit_state(S::Done);
    return time.run(flow.try_orchestrate(data));
  };
  CHECK(result_with(waits(late)).is_failed());
  CHECK(result_with(works(time, late, late)).is_failed());
}

TEST_CASE("a run without an end says so where it says which attempt it was") {
  Data data;
  VirtualTime time;
  const auto config = retries(cano::RetryPolicy::unlimited, 40ms).with_timeout(100ms);
  CHECK(
      result_of(time, Flow{S::A}.add(S::A, fails_with_x, config), data).error_message() ==
      "Timeout: The timeout of 100 ms would pass in state A in the pause of 40 ms after attempt 3 "
      "of unlimited: x");
}

TEST_CASE("a state's timeout counts anew at each visit and ends with it") {
  Data data;
  VirtualTime time;
  const auto visit = [](Data& d) -> asio::awaitable<S> {
    co_await cano::sleep_for(60ms);
    co_return ++d.calls == 3 ? S::B : S::A;
  };
  const auto unlimited = [](Data& d) -> asio::awaitable<S> {
    ++d.calls;
    co_await cano::sleep_for(1h);
    co_return S::C;
  };
  const Flow flow = Flow{S::A}
                        .add(S::A, visit, once().with_timeout(100ms))
                        .add(S::B, unlimited)
                        .add(S::C, [](Data& d) { return ++d.calls, S::D; })
                        .add_exit_state(S::D);
  const auto result = result_of(time, flow, data);
  CHECK(result.error_message().empty());
  CHECK(result.attempts() == 5);
  CHECK(result.elapsed() == 1h + 180ms);
}

TEST_CASE("an attempt's timeout does not reach the states after it") {
  Data data;
  VirtualTime time;
  const auto quick = [](Data&) -> asio::awaitable<S> {
    co_await cano::sleep_for(10ms);
    co_return S::B;
  };
  const auto slow = [](Data&, TaskContext& context) -> asio::awaitable<S> {
    CHECK_FALSE(context.remaining());
    co_await cano::sleep_for(1h);
    CHECK_FALSE(context.stop_token().stop_requested());
    co_return S::C;
  };
  for (const bool of_state : {false, true}) {
    const auto config = of_state ? once().with_timeout(100ms) : once().with_attempt_timeout(100ms);
    const Flow flow = Flow{S::A}
                          .add(S::A, quick, config)
                          .add(S::B, slow)
                          .add(S::C, [](Data&) { return S::Done; })
                          .add_exit_state(S::Done);
    const auto result = result_of(time, flow, data);
    CHECK(result.error_message().empty());
    CHECK(result.elapsed() == 1h + 10ms);
  }
}

TEST_CASE("a limit that passed does not reach the retries of a later state") {
  Data data;
  VirtualTime time;
  const auto flaky = [](Data& d) -> S {
    if (++d.calls < 5) throw std::runtime_error{"x"};
    return S::Done;
  };
  const Flow flow = Flow{S::A}
                        .add(
                            S::A, [](Data&) { return S::B; }, once().with_timeout(100ms))
                        .add(S::B, flaky, retries(9, 50ms))
                        .add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.error_message().empty());
  CHECK(result.elapsed() == 200ms);
}

TEST_CASE("a total timeout ends the run in whichever state it is") {
  Data data;
  VirtualTime time;
  const auto step = [](S next) {
    return [next](Data& d) -> asio::awaitable<S> {
      ++d.calls;
      co_await cano::sleep_for(40ms);
      co_return next;
    };
  };
  Flow flow = Flow{S::A}
                  .add(S::A, step(S::B), retries(3))
                  .add(S::B, step(S::C), retries(3))
                  .add(S::C, step(S::A), retries(3))
                  .with_total_timeout(100ms);
  auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(result.state() == S::C);
  CHECK(result.transitions() == 2);
  CHECK(result.attempts() == 3);
  CHECK(result.elapsed() == 100ms);
  CHECK(result.error_message() ==
        "Timeout: The total timeout of 100 ms passed in state C, attempt 1 of 4");

  // The shorter of the two limits counts.
  result = result_of(time, flow, data, RunOptions{}.with_timeout(50ms));
  CHECK(result.error_message() ==
        "Timeout: The total timeout of 50 ms passed in state B, attempt 1 of 4");
  result = result_of(time, flow, data, RunOptions{}.with_timeout(1h));
  CHECK(result.elapsed() == 100ms);
}

TEST_CASE("a limit of nothing has passed at once, but an exit is an exit") {
  Data data;
  VirtualTime time;
  Flow flow = Flow{S::A}.add(S::A, waits(1ms)).add_exit_state(S::Done);
  for (const cano::Duration limit : {cano::Duration{0}, cano::Duration{-5ms}}) {
    const auto result = result_of(time, flow, data, RunOptions{}.with_timeout(limit));
    CHECK(result.is_failed());
    CHECK(inside(result.error()).errc() == Errc::Timeout);
    CHECK(data.calls == 0);
  }
  flow.start_at(S::Done);
  CHECK(result_of(time, flow, data, RunOptions{}.with_timeout(0ms)).is_success());
}

TEST_CASE("the longest limits are no limits") {
  Data data;
  VirtualTime time;
  time.run_for(1h);
  const Flow flow = Flow{S::A}
                        .add(S::A, waits(24h),
                             once()
                                 .with_attempt_timeout(cano::Duration::max())
                                 .with_timeout(cano::Duration::max()))
                        .add_exit_state(S::Done)
                        .with_total_timeout(cano::Duration::max());
  CHECK(result_of(time, flow, data).is_success());
}

TEST_CASE("a limit that overflows is no limit") {
  constexpr auto longest = std::chrono::hours::max();
  Data data;
  VirtualTime time;
  Flow flow = Flow{S::A}
                  .add(S::A, waits(24h), once().with_attempt_timeout(longest).with_timeout(longest))
                  .add_exit_state(S::Done)
                  .with_total_timeout(longest);
  flow.with_total_timeout(std::chrono::duration<double>{1e300});
  CHECK(result_of(time, flow, data).is_success());
}

TEST_CASE("a task that ignores cancellation delays the end, and is joined") {
  for (const int limit : {0, 1, 2}) {
    auto data = std::make_unique<Data>();
    VirtualTime time;
    Flow flow{S::A};
    auto config = once();
    if (limit == 0) config = config.with_attempt_timeout(100ms);
    if (limit == 1) config = config.with_timeout(100ms);
    if (limit == 2) flow.with_total_timeout(100ms);
    flow.add(S::A, ignores(300ms), config).add_exit_state(S::Done);
    const auto result = result_of(time, flow, *data);
    CHECK(result.is_failed());
    CHECK(inside(result.error()).errc() == Errc::Timeout);
    CHECK(result.elapsed() == 300ms);
    CHECK(data->log.size() == 1);
    data.reset();
    time.run_until_idle();  // nothing is left that would touch it
  }
}

TEST_CASE("an attempt that was deaf to its timeout is retried too") {
  Data data;
  VirtualTime time;
  const auto deaf_first = [](Data& d) -> asio::awaitable<S> {
    if (++d.calls == 1) co_await uncancellable_sleep(300ms);
    co_await cano::sleep_for(90ms);
    co_return S::Done;
  };
  for (const auto pause : {0ms, 10ms}) {
    data = {};
    const Flow flow = Flow{S::A}
                          .add(S::A, deaf_first, retries(1, pause).with_attempt_timeout(100ms))
                          .add_exit_state(S::Done);
    const auto result = result_of(time, flow, data);
    CHECK(result.error_message().empty());
    CHECK(result.elapsed() == 390ms + pause);
  }
}

TEST_CASE("a plain function that came back late has failed, and is retried with all its time") {
  for (const auto pause : {0ms, 10ms}) {
    Data data;
    BusyTime time;
    const auto config = retries(2, pause).with_attempt_timeout(100ms);
    const Flow flow =
        Flow{S::A}.add(S::A, works(time, 150ms, 60ms), config).add_exit_state(S::Done);
    const auto result = time.run(flow.try_orchestrate(data));
    CHECK(result.error_message().empty());
    CHECK(result.attempts() == 2);
    CHECK(data.calls == 2);
    CHECK(result.elapsed() == 210ms + pause);
  }
}

TEST_CASE("a plain function that came back after the state's or the run's limit ends the run") {
  Data data;
  BusyTime time;
  const Flow of_state =
      Flow{S::A}.add(S::A, works(time, 150ms, 0ms), retries(2).with_timeout(100ms));
  CHECK(time.run(of_state.try_orchestrate(data)).error_message() ==
        "Timeout: The timeout of 100 ms passed in state A, attempt 1 of 3");
  data = {};
  const Flow of_run =
      Flow{S::A}.add(S::A, works(time, 150ms, 0ms), retries(2)).with_total_timeout(100ms);
  CHECK(time.run(of_run.try_orchestrate(data)).error_message() ==
        "Timeout: The total timeout of 100 ms passed in state A, attempt 1 of 3");
}

TEST_CASE("an attempt's own exception counts when it comes before the limit") {
  Data data;
  VirtualTime time;
  const auto fails = [](Data&) -> asio::awaitable<S> {
    co_await cano::sleep_for(50ms);
    throw std::runtime_error{"own"};
  };
  const Flow flow = Flow{S::A}.add(S::A, fails, once().with_attempt_timeout(100ms));
  CHECK(result_of(time, flow, data).error_message() == "own");
}

TEST_CASE("what a task throws because it was cancelled does not hide the timeout") {
  Data data;
  VirtualTime time;
  const auto translates = [](Data&) -> asio::awaitable<S> {
    bool cancelled = false;
    try {
      co_await cano::sleep_for(1h);
    } catch (...) {
      cancelled = true;
    }
    if (cancelled) throw std::logic_error{"gone"};
    co_return S::Done;
  };
  const Flow flow = Flow{S::A}.add(S::A, translates, retries(1).with_attempt_timeout(100ms));
  const auto result = result_of(time, flow, data);
  CHECK(inside(result.error()).errc() == Errc::Timeout);
  CHECK(result.attempts() == 2);
}

TEST_CASE("a timed-out attempt asks its stop token, and the next attempt has a fresh one") {
  Data data;
  VirtualTime time;
  std::vector<std::stop_token> tokens;
  const auto task = [&](Data& d, TaskContext& context) -> asio::awaitable<S> {
    tokens.push_back(context.stop_token());
    CHECK_FALSE(tokens.back().stop_requested());
    if (++d.calls == 1) co_await uncancellable_sleep(1h);
    co_return S::Done;
  };
  const Flow flow =
      Flow{S::A}.add(S::A, task, retries(1).with_attempt_timeout(100ms)).add_exit_state(S::Done);
  bool seen = false;
  after(time, 101ms, [&] { seen = tokens.front().stop_requested(); });
  CHECK(result_of(time, flow, data).is_success());
  CHECK(seen);
  REQUIRE(tokens.size() == 2);
  CHECK_FALSE(tokens.back().stop_requested());
}
