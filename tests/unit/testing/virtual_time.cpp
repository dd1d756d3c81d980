// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::Errc;
using cano::Error;
using cano::sleep_for;
using cano::steady_time;
using cano::system_time;
using cano::VirtualTime;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr system_time new_year = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};

struct NoDefault {
  explicit NoDefault(int v) : value{v} {}
  int value;
};

asio::awaitable<int> seven_after(Duration duration) {
  co_await sleep_for(duration);
  co_return 7;
}

asio::awaitable<std::unique_ptr<int>> owned_seven() {
  co_await sleep_for(1s);
  co_return std::make_unique<int>(7);
}

asio::awaitable<NoDefault> no_default_seven() { co_return NoDefault{7}; }

asio::awaitable<int> fail_after(Duration duration) {
  co_await sleep_for(duration);
  throw std::runtime_error{"failed"};
}

asio::awaitable<void> wait_for_ever() { co_await sleep_for(Duration::max()); }

// Notes how far the clock is, every `period`.
asio::awaitable<void> tick(VirtualTime& time, Duration period, std::vector<Duration>& ticks) {
  for (;;) {
    co_await sleep_for(period);
    ticks.push_back(time.elapsed());
  }
}

asio::awaitable<void> count_down(VirtualTime& time, std::string name, int rounds,
                                 std::vector<std::string>& log) {
  for (int i = 0; i < rounds; ++i) {
    co_await sleep_for(std::chrono::seconds{i % 3});
    log.push_back(name + ' ' + std::to_string(time.elapsed() / 1s));
  }
}

asio::awaitable<int> spin_until(const bool& flag) {
  int turns = 0;
  while (!flag) {
    ++turns;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  co_return turns;
}

asio::awaitable<void> set_after_turns(bool& flag, int turns) {
  for (int i = 0; i < turns; ++i) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  flag = true;
}

asio::awaitable<void> hold(std::shared_ptr<int> token) {
  co_await sleep_for(1h);
  ++*token;
}

asio::awaitable<void> step_wall_after(VirtualTime& time, Duration wait, Duration step) {
  co_await sleep_for(wait);
  time.step_wall_clock(step);
}

std::vector<std::string> trace() {
  VirtualTime time;
  std::vector<std::string> log;
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(time.get_executor(), count_down(time, std::to_string(i), 10 + i % 3, log),
                   asio::detached);
  }
  time.run_until_idle();
  return log;
}

}  // namespace

TEST_CASE("time starts where the test says, and does not move by itself") {
  const VirtualTime time;
  CHECK(time.wall_now() == new_year);
  CHECK(time.elapsed() == Duration::zero());
  CHECK(time.now() > steady_time{});
  const VirtualTime elsewhere{new_year + 5h};
  CHECK(elsewhere.wall_now() == new_year + 5h);
  CHECK(elsewhere.now() == time.now());
}

TEST_CASE("run returns the result when the clocks have gone as far as it takes") {
  VirtualTime time;
  const steady_time start = time.now();
  CHECK(time.run(seven_after(24h * 365)) == 7);
  CHECK(time.elapsed() == 24h * 365);
  CHECK(time.now() == start + 24h * 365);
  CHECK(time.wall_now() == new_year + 24h * 365);
  time.run(sleep_for(1s));
  CHECK(time.elapsed() == 24h * 365 + 1s);
}

TEST_CASE("run takes results that only move or have no default") {
  VirtualTime time;
  CHECK(*time.run(owned_seven()) == 7);
  CHECK(time.run(no_default_seven()).value == 7);
}

TEST_CASE("run rethrows, and can be called again") {
  VirtualTime time;
  CHECK_THROWS_AS(time.run(fail_after(1s)), std::runtime_error);
  CHECK(time.elapsed() == 1s);
  CHECK(time.run(seven_after(1s)) == 7);
}

TEST_CASE("a run that nothing can resume is stuck, and the error says so") {
  VirtualTime time;
  try {
    time.run(wait_for_ever());
    FAIL("must throw");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Generic);
    CHECK(error.message() ==
          "The run under VirtualTime is stuck: nothing is ready to run and nothing waits for the "
          "clock; the usual cause is a bare Asio timer, a socket or another thread, which "
          "VirtualTime does not see: wait with cano::sleep_for or cano::Timer");
  }
  CHECK(time.elapsed() == Duration::zero());
  CHECK(time.run(seven_after(1s)) == 7);
}

TEST_CASE("run stops with its work: the rest waits for the next call") {
  VirtualTime time;
  std::vector<Duration> ticks;
  asio::co_spawn(time.get_executor(), tick(time, 10s, ticks), asio::detached);
  CHECK(time.run(seven_after(25s)) == 7);
  CHECK(ticks == std::vector<Duration>{10s, 20s});
  time.run_for(15s);
  CHECK(ticks == std::vector<Duration>{10s, 20s, 30s, 40s});
}

TEST_CASE("run ends although something else is always ready to run") {
  VirtualTime time;
  bool never = false;
  bool flag = false;
  asio::co_spawn(time.get_executor(), spin_until(never), asio::detached);
  asio::co_spawn(time.get_executor(), set_after_turns(flag, 10), asio::detached);
  CHECK(time.run(spin_until(flag)) > 0);
}

TEST_CASE("run_for leaves the clock exactly that much later") {
  VirtualTime time;
  std::vector<Duration> ticks;
  asio::co_spawn(time.get_executor(), tick(time, 4s, ticks), asio::detached);
  time.run_for(7s);
  CHECK(time.elapsed() == 7s);
  CHECK(ticks == std::vector<Duration>{4s});
  time.run_for(1s);
  CHECK(ticks == std::vector<Duration>{4s, 8s});
  time.run_for(3'999'999'999ns);
  CHECK(ticks.size() == 2);
  time.run_for(1ns);
  CHECK(ticks.size() == 3);
  CHECK(time.elapsed() == 12s);
}

TEST_CASE("run_for no time at all, or less, runs what is ready") {
  VirtualTime time;
  int ran = 0;
  asio::post(time.get_executor(), [&ran] { ++ran; });
  time.run_for(Duration::zero());
  CHECK(ran == 1);
  asio::post(time.get_executor(), [&ran] { ++ran; });
  time.run_for(-1h);
  CHECK(ran == 2);
  CHECK(time.elapsed() == Duration::zero());
}

TEST_CASE("run_until reaches a time of either clock, and never goes back") {
  VirtualTime time;
  const steady_time start = time.now();
  time.run_until(start + 5s);
  CHECK(time.elapsed() == 5s);
  time.run_until(start + 1s);
  CHECK(time.elapsed() == 5s);
  time.run_until(new_year + 8s);
  CHECK(time.elapsed() == 8s);
  time.run_until(new_year);
  CHECK(time.elapsed() == 8s);
  CHECK(time.wall_now() == new_year + 8s);
}

TEST_CASE("run_until a wall time sees the wall clock being set meanwhile") {
  VirtualTime time;
  SECTION("forward: it stops where the clock passes the time") {
    asio::co_spawn(time.get_executor(), step_wall_after(time, 1min, 2h), asio::detached);
    time.run_until(new_year + 1h);
    CHECK(time.elapsed() == 1min);
    CHECK(time.wall_now() == new_year + 2h + 1min);
  }
  SECTION("back: it takes that much longer") {
    asio::co_spawn(time.get_executor(), step_wall_after(time, 1min, -30min), asio::detached);
    time.run_until(new_year + 1h);
    CHECK(time.elapsed() == 90min);
    CHECK(time.wall_now() == new_year + 1h);
  }
}

TEST_CASE("run_until_idle goes on to the last wait") {
  VirtualTime time;
  std::vector<std::string> log;
  asio::co_spawn(time.get_executor(), count_down(time, "a", 4, log), asio::detached);
  asio::co_spawn(time.get_executor(), wait_for_ever(), asio::detached);
  time.run_until_idle();
  CHECK(log == std::vector<std::string>{"a 0", "a 1", "a 3", "a 3"});
  time.run_until_idle();
  CHECK(time.elapsed() == 3s);
}

TEST_CASE("setting the wall clock moves no wait") {
  VirtualTime time;
  std::vector<Duration> ticks;
  asio::co_spawn(time.get_executor(), tick(time, 1h, ticks), asio::detached);
  time.run_for(30min);
  time.step_wall_clock(-24h);
  time.run_for(45min);
  time.step_wall_clock(24h * 7);
  time.run_for(45min);
  CHECK(ticks == std::vector<Duration>{1h, 2h});
  CHECK(time.wall_now() == new_year + 2h + 24h * 6);
}

TEST_CASE("a machine that sleeps delays its waits, as the wall sees it") {
  VirtualTime time;
  std::vector<Duration> ticks;
  asio::co_spawn(time.get_executor(), tick(time, 1h, ticks), asio::detached);
  time.run_for(30min);
  time.suspend(8h);
  CHECK(time.elapsed() == 30min);
  CHECK(time.wall_now() == new_year + 8h + 30min);
  time.run_for(30min);
  CHECK(ticks == std::vector<Duration>{1h});
  CHECK(time.wall_now() == new_year + 9h);
}

TEST_CASE("a busy thread delays its waits, and both clocks go on") {
  VirtualTime time;
  std::vector<Duration> ticks;
  asio::co_spawn(time.get_executor(), tick(time, 1h, ticks), asio::detached);
  time.run_for(30min);
  time.stall(8h);
  CHECK(ticks.empty());
  CHECK(time.elapsed() == 8h + 30min);
  CHECK(time.wall_now() == new_year + 8h + 30min);
  time.run_for(2h);
  CHECK(ticks == std::vector<Duration>{8h + 30min, 9h + 30min, 10h + 30min});
  CHECK_THROWS_WITH(time.stall(-1s),
                    "Configuration error: VirtualTime::stall: the duration is negative");
}

TEST_CASE("a machine cannot sleep for less than no time") {
  VirtualTime time;
  try {
    time.suspend(-1s);
    FAIL("must throw");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    CHECK(error.message() == "VirtualTime::suspend: the duration is negative");
  }
  CHECK(time.wall_now() == new_year);
}

TEST_CASE("the end of time is reached, but no wait for it ends") {
  VirtualTime time;
  asio::co_spawn(time.get_executor(), wait_for_ever(), asio::detached);
  asio::co_spawn(time.get_executor(), fail_after(Duration::max()), asio::detached);
  time.run_for(Duration::max());
  CHECK(time.now() == steady_time::max());
  CHECK(time.wall_now() == system_time::max());
}

TEST_CASE("what happens under virtual time happens the same way each time") {
  const auto first = trace();
  CHECK(first.size() == 109);
  CHECK(first == trace());
}

TEST_CASE("an exception that leaves a handler leaves run_for; nothing else is lost") {
  VirtualTime time;
  bool ran = false;
  asio::post(time.get_executor(), [] { throw std::runtime_error{"escaped"}; });
  asio::post(time.get_executor(), [&ran] { ran = true; });
  CHECK_THROWS_AS(time.run_for(1s), std::runtime_error);
  time.run_for(1s);
  CHECK(ran);
}

TEST_CASE("what has not finished is destroyed without being resumed") {
  const auto token = std::make_shared<int>(0);
  {
    VirtualTime time;
    asio::co_spawn(time.get_executor(), hold(token), asio::detached);
    time.run_for(59min);
    asio::co_spawn(time.get_executor(), hold(token), asio::detached);
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

TEST_CASE("its executor is known to be run by one thread") {
  VirtualTime time;
  CHECK(cano::detail::is_serial(time.get_executor()));
}
