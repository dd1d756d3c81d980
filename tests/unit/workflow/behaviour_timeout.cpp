// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/task/task_context.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/busy_time.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

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
    co_await deaf_sleep(delay);
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

TEST_CASE("a state's timeout ends the run, in a pause") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::A}.add(
      S::A,
      [](Data& d) -> S {
        ++d.calls;
        throw std::runtime_error{"x"};
      },
      retries(50, 100ms).with_timeout(250ms));
  const auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(data.calls == 3);
  CHECK(result.error_message() ==
        "Timeout: The timeout of 250 ms passed in state A, attempt 4 of 51");
  CHECK(time.elapsed() == 250ms);
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

TEST_CASE("a limit that is too long to be told is no limit") {
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
    if (++d.calls == 1) co_await deaf_sleep(300ms);
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
    if (++d.calls == 1) co_await deaf_sleep(1h);
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
