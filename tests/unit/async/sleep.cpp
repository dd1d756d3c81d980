// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace sleep_tests {

using cano::Async;
using cano::Duration;
using cano::sleep_for;
using cano::sleep_until;
using cano::steady_time;
using cano::VirtualTime;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<std::vector<Duration>> stopwatch(VirtualTime& time) {
  std::vector<Duration> laps;
  const steady_time start = time.now();
  co_await sleep_for(90s);
  laps.push_back(time.elapsed());
  co_await sleep_until(start + 2min);
  laps.push_back(time.elapsed());
  co_await sleep_until(start);
  laps.push_back(time.elapsed());
  co_await sleep_for(-1h);
  laps.push_back(time.elapsed());
  co_await sleep_for(std::chrono::years{100});
  laps.push_back(time.elapsed());
  co_return laps;
}

Async<> note_after(Duration duration, std::vector<std::string>& log, std::string name) {
  log.push_back(name + " sleeps");
  co_await sleep_for(duration);
  log.push_back(name + " wakes");
}

Async<> sleep_holding(std::shared_ptr<int> token, Duration duration) {
  co_await sleep_for(duration);
  *token += 1;
}

Async<bool> sleeps_after_a_cancellation(Duration first, Duration second) {
  bool was_aborted = false;
  try {
    co_await sleep_for(first);
  } catch (const boost::system::system_error& error) {
    was_aborted = error.code() == asio::error::operation_aborted;
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(second);
  co_return was_aborted;
}

}  // namespace

TEST_CASE("in an Async a sleep ends at exactly its time") {
  VirtualTime time;
  const auto laps = time.run(stopwatch(time));
  CHECK(laps == std::vector<Duration>{90s, 2min, 2min, 2min, 2min + std::chrono::years{100}});
}

TEST_CASE("sleeps of one deadline end in the order in which they began") {
  VirtualTime time;
  std::vector<std::string> log;
  for (const char* name : {"a", "b", "c"})
    asio::co_spawn(time.get_executor(), note_after(1s, log, name), asio::detached);
  asio::co_spawn(time.get_executor(), note_after(500ms, log, "d"), asio::detached);
  time.run_until_idle();
  CHECK(log == std::vector<std::string>{"a sleeps", "b sleeps", "c sleeps", "d sleeps", "d wakes",
                                        "a wakes", "b wakes", "c wakes"});
  CHECK(time.elapsed() == 1s);
}

TEST_CASE("a sleep is work of its own too: spawned, started, kept for later") {
  VirtualTime time;
  int ends = 0;
  const auto count = [&](const std::exception_ptr& error) { ends += error == nullptr; };
  asio::co_spawn(time.get_executor(), sleep_for(1s), count);
  sleep_until(time.now() + 2s)(asio::bind_executor(time.get_executor(), count));
  auto later = sleep_for(3s);
  time.run_for(2s);
  CHECK(ends == 2);
  time.run(std::move(later));
  CHECK(time.elapsed() == 5s);
}

TEST_CASE("a cancelled sleep throws operation_aborted at once, and so does the next") {
  VirtualTime time;
  asio::cancellation_signal signal;
  const auto token = std::make_shared<int>(0);
  std::exception_ptr error;
  auto sleep = sleep_holding(token, GENERATE(Duration{1h}, Duration::max()));
  std::move(sleep)(asio::bind_executor(
      time.get_executor(), asio::bind_cancellation_slot(
                               signal.slot(), [&](std::exception_ptr thrown) { error = thrown; })));
  time.run_for(1s);
  CHECK_FALSE(error);
  signal.emit(asio::cancellation_type::terminal);
  CHECK_FALSE(error);  // never inside the call
  time.run_until_idle();
  REQUIRE(error);
  CHECK_THROWS_AS(std::rethrow_exception(error), boost::system::system_error);
  CHECK(time.elapsed() == 1s);
  CHECK(*token == 0);
}

TEST_CASE("after throw_if_cancelled(false) a sleep lasts") {
  VirtualTime time;
  asio::cancellation_signal signal;
  bool was_aborted = false;
  auto work = sleeps_after_a_cancellation(1h, 5s);
  std::move(work)(asio::bind_executor(
      time.get_executor(),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, bool aborted) {
        CHECK_FALSE(error);
        was_aborted = aborted;
      })));
  time.run_for(1s);
  signal.emit(asio::cancellation_type::terminal);
  time.run_until_idle();
  CHECK(was_aborted);
  CHECK(time.elapsed() == 6s);
}

TEST_CASE("what sleeps is destroyed with its context") {
  const auto token = std::make_shared<int>(0);
  {
    VirtualTime time;
    asio::co_spawn(time.get_executor(), sleep_holding(token, 1h), asio::detached);
    asio::co_spawn(time.get_executor(), sleep_holding(token, Duration::max()), asio::detached);
    time.run_for(1s);
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

}  // namespace sleep_tests
