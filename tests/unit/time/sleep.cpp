// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"
#include "support/clock_fixture.hpp"

using cano::Duration;
using cano::sleep_for;
using cano::sleep_until;
using cano::steady_time;
using cano::VirtualTime;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> note_after(Duration duration, std::vector<std::string>& log,
                                 std::string name) {
  log.push_back(name + " sleeps");
  co_await sleep_for(duration);
  log.push_back(name + " wakes");
}

asio::awaitable<void> sleep_thrice(int& stage) {
  co_await sleep_for(-1h);
  stage = 1;
  co_await sleep_for(Duration::zero());
  stage = 2;
  co_await sleep_until(steady_time{});
  stage = 3;
}

asio::awaitable<void> sleep_holding(std::shared_ptr<int> token, Duration duration) {
  co_await sleep_for(duration);
  *token += 1;
}

asio::awaitable<void> sleep_many_times(int times) {
  for (int i = 0; i < times; ++i)
    co_await sleep_for(Duration::zero());
}

asio::awaitable<std::vector<Duration>> stopwatch(VirtualTime& time) {
  std::vector<Duration> laps;
  const steady_time start = time.now();
  co_await sleep_for(90s);
  laps.push_back(time.elapsed());
  co_await sleep_until(start + 2min);
  laps.push_back(time.elapsed());
  co_await sleep_until(start);
  laps.push_back(time.elapsed());
  co_await sleep_for(std::chrono::years{100});
  laps.push_back(time.elapsed());
  co_return laps;
}

using ContextExecutor = asio::io_context::executor_type;

asio::awaitable<void, ContextExecutor> sleep_on_a_context(int& stage) {
  co_await sleep_for<ContextExecutor>(1us);
  stage = 1;
  co_await sleep_until<ContextExecutor>(steady_time{});
  stage = 2;
}

struct SleepingCoroutine {
  asio::cancellation_signal signal;
  std::exception_ptr error;
  bool done = false;

  void start(const asio::any_io_executor& executor, asio::awaitable<void> work) {
    asio::co_spawn(executor, std::move(work),
                   asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr thrown) {
                     error = thrown;
                     done = true;
                   }));
  }

  void require_aborted() const {
    REQUIRE(done);
    REQUIRE(error);
    try {
      std::rethrow_exception(error);
    } catch (const boost::system::system_error& thrown) {
      CHECK(thrown.code() == asio::error::operation_aborted);
    }
  }
};

}  // namespace

TEST_CASE("a coroutine that knows its executor's own type sleeps too") {
  asio::io_context context{1};
  int stage = 0;
  asio::co_spawn(context, sleep_on_a_context(stage), asio::detached);
  context.run();
  CHECK(stage == 2);
}

TEST_CASE("a sleep of no length yields to other work and goes on") {
  const auto fixture = any_clock();
  std::vector<std::string> log;
  const auto executor = fixture->get_executor();
  asio::co_spawn(executor, note_after(Duration::zero(), log, "a"), asio::detached);
  asio::co_spawn(executor, note_after(-1h, log, "b"), asio::detached);
  fixture->settle();
  REQUIRE(log.size() == 4);
  CHECK(log[0] == "a sleeps");
  CHECK(log[1] == "b sleeps");
}

TEST_CASE("times that have passed do not hold a coroutine up") {
  const auto fixture = any_clock();
  int stage = 0;
  asio::co_spawn(fixture->get_executor(), sleep_thrice(stage), asio::detached);
  for (int i = 0; i < 10; ++i)
    fixture->settle();
  CHECK(stage == 3);
}

TEST_CASE("cancelling a sleep throws operation_aborted") {
  const Duration duration = GENERATE(Duration{1h}, Duration::max());
  const auto fixture = any_clock();
  const auto token = std::make_shared<int>(0);
  SleepingCoroutine sleeper;
  sleeper.start(fixture->get_executor(), sleep_holding(token, duration));
  fixture->settle();
  REQUIRE_FALSE(sleeper.done);
  sleeper.signal.emit(asio::cancellation_type::terminal);
  CHECK_FALSE(sleeper.done);
  fixture->settle();
  sleeper.require_aborted();
  CHECK(*token == 0);
  CHECK(token.use_count() == 1);
}

TEST_CASE("a coroutine cancelled before it sleeps does not sleep") {
  const auto fixture = any_clock();
  const auto token = std::make_shared<int>(0);
  SleepingCoroutine sleeper;
  sleeper.start(fixture->get_executor(), sleep_holding(token, 1h));
  sleeper.signal.emit(asio::cancellation_type::terminal);
  fixture->settle();
  sleeper.require_aborted();
}

TEST_CASE("a sleeping coroutine is destroyed with its context") {
  const auto token = std::make_shared<int>(0);
  {
    const auto fixture = any_clock();
    asio::co_spawn(fixture->get_executor(), sleep_holding(token, 1h), asio::detached);
    asio::co_spawn(fixture->get_executor(), sleep_holding(token, Duration::max()), asio::detached);
    fixture->settle();
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

TEST_CASE("sleeping works on a pool of threads") {
  asio::thread_pool pool{2};
  std::vector<std::future<void>> sleepers;
  for (int i = 0; i < 20; ++i) {
    sleepers.push_back(asio::co_spawn(pool, sleep_many_times(20), asio::use_future));
    sleepers.push_back(
        asio::co_spawn(asio::make_strand(pool), sleep_many_times(20), asio::use_future));
  }
  for (auto& sleeper : sleepers)
    sleeper.get();
}

TEST_CASE("a sleep in real time waits for the real clock") {
  asio::io_context context;
  const auto start = std::chrono::steady_clock::now();
  asio::co_spawn(context, sleep_for(2ms), asio::detached);
  context.run();
  CHECK(std::chrono::steady_clock::now() - start >= 2ms);
}

TEST_CASE("under virtual time a sleep ends at exactly its time") {
  VirtualTime time;
  const std::vector<Duration> laps = time.run(stopwatch(time));
  CHECK(laps == std::vector<Duration>{90s, 2min, 2min, 2min + std::chrono::years{100}});
}

TEST_CASE("a sleep that overflows never ends") {
  VirtualTime time;
  bool has_ended = false;
  asio::co_spawn(time.get_executor(), sleep_for(std::chrono::hours::max()),
                 [&](const std::exception_ptr&) { has_ended = true; });
  time.run_until_idle();
  CHECK_FALSE(has_ended);
}
