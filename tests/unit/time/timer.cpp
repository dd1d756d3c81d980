// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/timer.hpp>

#include "support/catch.hpp"
#include "support/clock_fixture.hpp"

using cano::Duration;
using cano::steady_time;
using cano::Timer;
using cano::VirtualTime;
namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// Writes down how each wait ended: "a" for success, "a!" for aborted.
struct Log {
  std::vector<std::string> lines;

  auto wait(std::string name) {
    return [this, name = std::move(name)](error_code error) {
      if (error && error != asio::error::operation_aborted) FAIL(error.message());
      lines.push_back(error ? name + '!' : name);
    };
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a wait on a time that has passed ends at once, but not inside async_wait") {
  const auto fixture = any_clock();
  Log log;
  Timer timer{fixture->get_executor(), -1s};
  Timer unset{fixture->get_executor()};
  timer.async_wait(log.wait("past"));
  CHECK(log.lines.empty());
  fixture->settle();
  unset.async_wait(log.wait("unset"));
  fixture->settle();
  CHECK(log.lines == Lines{"past", "unset"});
}

TEST_CASE("cancel ends all waits and says how many") {
  const auto fixture = any_clock();
  Log log;
  Timer timer{fixture->get_executor(), 1h};
  timer.async_wait(log.wait("a"));
  timer.async_wait(log.wait("b"));
  CHECK(timer.cancel() == 2);
  CHECK(timer.cancel() == 0);
  CHECK(log.lines.empty());
  fixture->settle();
  CHECK(log.lines == Lines{"a!", "b!"});
}

TEST_CASE("a new expiry ends the waits under way") {
  const auto fixture = any_clock();
  Log log;
  Timer timer{fixture->get_executor(), 1h};
  timer.async_wait(log.wait("a"));
  CHECK(timer.expires_after(2h) == 1);
  timer.async_wait(log.wait("b"));
  CHECK(timer.expires_at(steady_time{}) == 1);
  CHECK(timer.expires_at(steady_time{}) == 0);
  timer.async_wait(log.wait("c"));
  fixture->settle();
  CHECK(log.lines == Lines{"a!", "b!", "c"});
}

TEST_CASE("destroying a timer cancels its waits") {
  const auto fixture = any_clock();
  Log log;
  std::optional<Timer> timer;
  timer.emplace(fixture->get_executor(), 1h);
  timer->async_wait(log.wait("a"));
  timer.reset();
  fixture->settle();
  CHECK(log.lines == Lines{"a!"});
}

TEST_CASE("a cancellation slot ends its own wait and no other") {
  const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                             asio::cancellation_type::total, asio::cancellation_type::all);
  const auto fixture = any_clock();
  Log log;
  asio::cancellation_signal signal;
  Timer timer{fixture->get_executor(), 1h};
  timer.async_wait(log.wait("a"));
  timer.async_wait(asio::bind_cancellation_slot(signal.slot(), log.wait("b")));
  timer.async_wait(log.wait("c"));
  signal.emit(type);
  signal.emit(type);
  fixture->settle();
  CHECK(log.lines == Lines{"b!"});
  CHECK(timer.cancel() == 2);
  fixture->settle();
  CHECK(log.lines == Lines{"b!", "a!", "c!"});
}

TEST_CASE("a signal of no cancellation type ends nothing") {
  const auto fixture = any_clock();
  Log log;
  asio::cancellation_signal signal;
  Timer timer{fixture->get_executor(), 1h};
  timer.async_wait(asio::bind_cancellation_slot(signal.slot(), log.wait("a")));
  signal.emit(asio::cancellation_type::none);
  fixture->settle();
  CHECK(log.lines.empty());
  CHECK(timer.cancel() == 1);
}

TEST_CASE("a cancellation slot may be connected when the wait has ended") {
  const auto fixture = any_clock();
  Log log;
  asio::cancellation_signal signal;
  {
    Timer timer{fixture->get_executor(), -1s};
    timer.async_wait(asio::bind_cancellation_slot(signal.slot(), log.wait("a")));
    signal.emit(asio::cancellation_type::none);
    fixture->settle();
    signal.emit(asio::cancellation_type::all);
    timer.expires_after(1h);
    timer.async_wait(asio::bind_cancellation_slot(signal.slot(), log.wait("b")));
    signal.emit(asio::cancellation_type::all);
    fixture->settle();
  }
  CHECK(log.lines == Lines{"a", "b!"});
}

TEST_CASE("a handler may set the timer again and again") {
  struct Repeat {
    Timer& timer;
    int& left;
    void operator()(error_code error) {
      REQUIRE_FALSE(error);
      if (--left == 0) return;
      timer.expires_after(-1ms);
      timer.async_wait(*this);
    }
  };
  const auto fixture = any_clock();
  int left = 5;
  Timer timer{fixture->get_executor()};
  timer.async_wait(Repeat{timer, left});
  for (int i = 0; i < 5; ++i)
    fixture->settle();
  CHECK(left == 0);
}

TEST_CASE("a handler runs on its associated executor") {
  const auto fixture = any_clock();
  const auto strand = asio::make_strand(fixture->get_executor());
  Timer timer{fixture->get_executor(), -1s};
  bool on_strand = false;
  timer.async_wait(asio::bind_executor(
      strand, [&](error_code) { on_strand = strand.running_in_this_thread(); }));
  fixture->settle();
  CHECK(on_strand);
}

TEST_CASE("any completion token and handlers that only move are taken") {
  const auto fixture = any_clock();
  Timer timer{fixture->get_executor(), -1s};
  auto future = timer.async_wait(asio::use_future);
  int seen = 0;
  timer.async_wait([&seen, value = std::make_unique<int>(7)](error_code) { seen = *value; });
  fixture->settle();
  future.get();
  CHECK(seen == 7);
}

TEST_CASE("a wait that nothing ends is destroyed with its context") {
  const auto token = std::make_shared<int>();
  {
    const auto fixture = any_clock();
    // The handler owns the timer that it waits for, and something to see it go by.
    const auto timer = std::make_shared<Timer>(fixture->get_executor(), 1h);
    timer->async_wait([timer, token](error_code) { FAIL("must not run"); });
    Timer second{fixture->get_executor(), 1h};
    second.async_wait([token](error_code) {});
    fixture->settle();
    CHECK(token.use_count() == 3);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("an expiry that cannot be expressed is the end of time") {
  const auto fixture = any_clock();
  Timer timer{fixture->get_executor(), std::chrono::years{1'000'000}};
  CHECK(timer.expiry() == steady_time::max());
  timer.expires_after(Duration::max());
  CHECK(timer.expiry() == steady_time::max());
  timer.expires_after(std::chrono::duration<double>{-1e30});
  CHECK(timer.expiry() < steady_time{});
}

TEST_CASE("a timer in real time waits for the real clock") {
  asio::io_context context;
  Timer timer{context.get_executor(), 2ms};
  bool early = true;
  timer.async_wait([&](error_code) { early = std::chrono::steady_clock::now() < timer.expiry(); });
  context.run();
  CHECK_FALSE(early);
}

TEST_CASE("a timer in real time looks at the clock on the wall once a second") {
  asio::io_context context;
  Timer timer{context.get_executor()};
  timer.expires_at(std::chrono::system_clock::now() + 1h);
  const auto left = timer.expiry() - std::chrono::steady_clock::now();
  CHECK(left <= 1s);
  CHECK(left > 0s);
  timer.expires_at(std::chrono::system_clock::now() - 1h);
  CHECK(timer.expiry() <= std::chrono::steady_clock::now());
}

TEST_CASE("under virtual time a wait for a time of day ends when the clock is stepped") {
  VirtualTime time;
  Timer timer{time.get_executor()};
  std::vector<Duration> ends;
  const auto wait_until = [&](cano::system_time then) {
    timer.expires_at(then);
    timer.async_wait([&](error_code error) {
      if (!error) ends.push_back(time.elapsed());
    });
  };
  const auto start = time.wall_now();
  wait_until(start + 1h);
  time.run_for(2h);
  CHECK(ends == std::vector<Duration>{1h});
  wait_until(start + 5h);
  time.run_for(1h);
  time.step_wall_clock(-1h);
  time.run_for(1h);
  CHECK(ends == std::vector<Duration>{1h, 3h});
  time.step_wall_clock(1h);  // nothing waits
  wait_until(start + 8h);
  time.suspend(30min);
  timer.expires_at(time.now() + 1h);  // the last expiry counts
  time.step_wall_clock(1h);
  time.run_for(2h);
  CHECK(ends == std::vector<Duration>{1h, 3h, 4h});
}

TEST_CASE("a timer stays where it was made") {
  STATIC_REQUIRE_FALSE(std::is_move_constructible_v<Timer>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Timer>);
  // What 500,000 waiting instances can afford.
  STATIC_REQUIRE(sizeof(Timer) <= sizeof(asio::steady_timer) + sizeof(void*));
}

TEST_CASE("under virtual time waits end in the order of their times, at exactly those") {
  VirtualTime time;
  std::vector<std::pair<int, Duration>> seen;
  std::vector<std::unique_ptr<Timer>> timers;
  for (const int seconds : {30, 10, 20, 10, 30}) {
    const auto number = static_cast<int>(timers.size());
    timers.push_back(std::make_unique<Timer>(time.get_executor(), std::chrono::seconds{seconds}));
    timers.back()->async_wait(
        [&, number](error_code) { seen.emplace_back(number, time.elapsed()); });
  }
  time.run_until_idle();
  CHECK(seen ==
        std::vector<std::pair<int, Duration>>{{1, 10s}, {3, 10s}, {2, 20s}, {0, 30s}, {4, 30s}});
}

TEST_CASE("under virtual time a wait that is due can no longer be cancelled") {
  VirtualTime time;
  Log log;
  Timer first{time.get_executor(), 1s};
  Timer second{time.get_executor(), 1s};
  first.async_wait([&](error_code) { CHECK(second.cancel() == 0); });
  second.async_wait(log.wait("second"));
  time.run_until_idle();
  CHECK(log.lines == Lines{"second"});
}

TEST_CASE("under virtual time a cancelled wait does not make the clock jump") {
  VirtualTime time;
  Log log;
  asio::cancellation_signal signal;
  Timer timer{time.get_executor(), 1h};
  timer.async_wait(log.wait("a"));
  timer.async_wait(asio::bind_cancellation_slot(signal.slot(), log.wait("b")));
  {
    Timer gone{time.get_executor(), 1h};
    gone.async_wait(log.wait("c"));
  }
  signal.emit(asio::cancellation_type::terminal);
  CHECK(timer.cancel() == 1);
  time.run_until_idle();
  CHECK(time.elapsed() == Duration::zero());
  CHECK(log.lines == Lines{"c!", "b!", "a!"});
}

TEST_CASE("under virtual time a wait may be cancelled from inside another's cancellation") {
  VirtualTime time;
  Log log;
  asio::cancellation_signal outer;
  asio::cancellation_signal inner;
  Timer timer{time.get_executor(), 1h};
  timer.async_wait(asio::bind_cancellation_slot(inner.slot(), log.wait("inner")));
  outer.slot().assign([&](asio::cancellation_type type) {
    inner.emit(type);
    timer.cancel();
  });
  timer.async_wait(log.wait("other"));
  outer.emit(asio::cancellation_type::all);
  time.run_until_idle();
  CHECK(log.lines == Lines{"inner!", "other!"});
}
