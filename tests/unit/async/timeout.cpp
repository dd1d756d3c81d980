// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/detail/duration_text.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace timeout_tests {

using cano::Async;
using cano::Duration;
using cano::Errc;
using cano::sleep_for;
using cano::timeout;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<MoveOnly> give_after(Duration duration, int value, Alive) {
  co_await sleep_for(duration);
  co_return MoveOnly{value};
}
Async<int> give(int value) { co_return value; }
Async<int> fail() {
  co_await cano::yield_now();
  throw std::runtime_error{"own failure"};
}
enum class End { Value, Exception, Slow };
Async<int> at_cancellation(End end, bool& was_cancelled) {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    was_cancelled = true;
  }
  if (end == End::Exception) throw std::runtime_error{"at the cancellation"};
  co_await asio::this_coro::throw_if_cancelled(false);
  if (end == End::Slow) co_await sleep_for(5s);
  co_return 1;
}
Async<void> note(bool& has_started) {
  has_started = true;
  co_return;
}
asio::awaitable<int> asio_after(Duration duration) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::use_awaitable);
  co_return 1;
}

Async<int> kinds_in_time() {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1us};
  auto wait = timeout(1h, timer.async_wait(asio::deferred));
  co_await std::move(wait);
  co_await timeout(1h, sleep_for(1us));
  auto work = timeout(1h, asio_after(1us));
  co_return co_await std::move(work);
}
Async<int> kinds_too_late() {
  int late = 0;
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  try {
    co_await timeout(1us, timer.async_wait(asio::deferred));
  } catch (const cano::Error&) {
    ++late;
  }
  try {
    co_await timeout(1us, sleep_for(1h));
  } catch (const cano::Error&) {
    ++late;
  }
  try {
    co_await timeout(1us, asio_after(1h));
  } catch (const cano::Error&) {
    ++late;
  }
  co_return late;
}

// Cleans up, in limited time, after it has been cancelled.
Async<int> clean_up_in_time() {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await timeout(3s, sleep_for(1h));
  } catch (const cano::Error&) {
    co_return 3;
  }
  co_return 0;
}

}  // namespace

TEST_CASE("timeout gives the result of what ends in time") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  CHECK(*fixture.run(timeout(2s, give_after(1s, 1, Alive{alive}))).value == 1);
  CHECK(fixture.elapsed() == 1s);
  CHECK(*fixture.run(timeout(1s, give_after(1s, 2, Alive{alive}))).value == 2);
  CHECK(fixture.elapsed() == 2s);
  CHECK(fixture.run(timeout(1s, give(3))) == 3);
  static_assert(std::is_same_v<decltype(timeout(1s, sleep_for(1s))), Async<void>>);
  CHECK(alive == 0);
}

TEST_CASE("timeout passes on a failure") {
  SerialClock fixture;
  CHECK_THROWS_WITH(fixture.run(timeout(1s, fail())), "own failure");
}

TEST_CASE("timeout throws when the time has passed and the work has ended") {
  SerialClock fixture;
  SECTION("that is aborted") {
    std::atomic<int> alive{0};
    const auto error =
        error_of([&] { fixture.run(timeout(2500ms, give_after(1h, 1, Alive{alive}))); });
    CHECK(error.errc() == Errc::Timeout);
    CHECK(error.message() == "The timeout of 2.5 s passed");
    CHECK(fixture.elapsed() == 2500ms);
    CHECK(alive == 0);
  }
  SECTION("whatever it gives or throws") {
    const End end = GENERATE(End::Value, End::Exception, End::Slow);
    bool was_cancelled = false;
    const auto error =
        error_of([&] { fixture.run(timeout(1s, at_cancellation(end, was_cancelled))); });
    CHECK(error.errc() == Errc::Timeout);
    CHECK(was_cancelled);
    CHECK(fixture.elapsed() == (end == End::Slow ? 6s : 1s));
  }
}

TEST_CASE("a limit of zero or less has passed at once") {
  SerialClock fixture;
  const Duration limit = GENERATE(Duration{0s}, Duration{-1h}, Duration::min());
  bool has_started = false;
  const auto error = error_of([&] { fixture.run(timeout(limit, note(has_started))); });
  CHECK(error.errc() == Errc::Timeout);
  CHECK_FALSE(has_started);
}

TEST_CASE("the longest limit is none") {
  SerialClock fixture;
  fixture.run(timeout(Duration::max(), sleep_for(std::chrono::years{200})));
  CHECK(fixture.elapsed() == std::chrono::years{200});
  fixture.run(timeout(std::chrono::hours::max(), sleep_for(1s)));
  fixture.run(timeout(std::chrono::duration<double>{1e300}, sleep_for(1s)));
}

TEST_CASE("timeout is cancelled from outside") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  StartedAsync started{fixture.get_executor(), timeout(10s, give_after(1h, 1, Alive{alive}))};
  SECTION("before it begins") {}
  SECTION("while it waits") { fixture.run_until(1s); }
  started.cancel();
  fixture.settle();
  CHECK(started.was_aborted());
  CHECK(alive == 0);
}

TEST_CASE("a limit that passes after the cancellation does not count") {
  SerialClock fixture;
  bool was_cancelled = false;
  StartedAsync started{fixture.get_executor(),
                       timeout(2s, at_cancellation(End::Slow, was_cancelled))};
  fixture.run_until(1s);
  started.cancel();
  fixture.run_all();
  CHECK(started.result() == 1);
}

TEST_CASE("what is cancelled may clean up with a timeout") {
  SerialClock fixture;
  StartedAsync started{fixture.get_executor(), clean_up_in_time()};
  fixture.settle();
  started.cancel();
  fixture.run_all();
  CHECK(started.result() == 3);
  CHECK(fixture.elapsed() == 3s);
}

TEST_CASE("timeouts nest") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto error = error_of(
      [&] { fixture.run(timeout(1s, timeout(2s, timeout(3s, give_after(1h, 1, Alive{alive}))))); });
  CHECK(error.message() == "The timeout of 1 s passed");
  const auto inner = error_of([&] { fixture.run(timeout(2s, timeout(1500us, sleep_for(1h)))); });
  CHECK(inner.message() == "The timeout of 1.5 ms passed");
  CHECK(alive == 0);
}

TEST_CASE("timeout of Asyncs, operations and awaitables") {
  SECTION("on a strand") {
    StrandClock fixture;
    CHECK(fixture.run(kinds_in_time()) == 1);
    CHECK(fixture.run(kinds_too_late()) == 3);
  }
  SECTION("on a pool of threads") {
    asio::thread_pool pool{4};
    std::vector<std::future<int>> in_time;
    std::vector<std::future<int>> late;
    for (int i = 0; i < 30; ++i) {
      in_time.push_back(asio::co_spawn(pool, kinds_in_time(), asio::use_future));
      late.push_back(asio::co_spawn(pool, kinds_too_late(), asio::use_future));
    }
    for (auto& one : in_time)
      CHECK(one.get() == 1);
    for (auto& one : late)
      CHECK(one.get() == 3);
  }
}

TEST_CASE("a context that is destroyed destroys what has a timeout") {
  std::atomic<int> alive{0};
  SECTION("on a serial context") {
    SerialClock fixture;
    StartedAsync started{fixture.get_executor(), timeout(1s, give_after(1h, 1, Alive{alive}))};
    fixture.settle();
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  SECTION("on a strand") {
    StrandClock fixture;
    StartedAsync started{fixture.get_executor(), timeout(1h, give_after(1h, 1, Alive{alive}))};
    fixture.settle();
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  CHECK(alive == 0);
}

TEST_CASE("a duration is written in the unit that a person would use") {
  using cano::detail::duration_text;
  CHECK(duration_text(0s) == "0 s");
  CHECK(duration_text(2500ms) == "2.5 s");
  CHECK(duration_text(90s) == "90 s");
  CHECK(duration_text(5min) == "5 min");
  CHECK(duration_text(36h) == "36 h");
  CHECK(duration_text(48h) == "2 d");
  CHECK(duration_text(150ms) == "150 ms");
  CHECK(duration_text(1234567ns) == "1.234 ms");
  CHECK(duration_text(1us) == "1 us");
  CHECK(duration_text(999ns) == "999 ns");
  CHECK(duration_text(1s + 1ns) == "1 s");
  CHECK(duration_text(-1500us) == "-1.5 ms");
  CHECK(duration_text(1005ms) == "1.005 s");
  CHECK(duration_text(Duration::min()).starts_with("-9223372036"));
}

}  // namespace timeout_tests
