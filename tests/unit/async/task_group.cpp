// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/sleep.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace task_group_tests {

using cano::Async;
using cano::DrainReport;
using cano::Duration;
using cano::sleep_for;
using cano::TaskGroup;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<void> sleep_holding(Duration duration, Alive) { co_await sleep_for(duration); }
Async<void> note(std::string& log, char letter) {
  log += letter;
  co_await cano::yield_now();
  log += letter;
}
Async<void> fail_after(Duration duration, std::string text) {
  co_await sleep_for(duration);
  throw std::runtime_error{text};
}
Async<void> fail_at_once() {
  throw std::runtime_error{"at once"};
  co_return;
}
// Takes its time when it is cancelled, and then ends so or so.
Async<void> slow_to_end(bool fails) {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(2s);
  if (fails) throw std::runtime_error{"at the cancellation"};
}
Async<void> spawn_for_ever(TaskGroup& group) {
  bool is_cancelled = false;
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    is_cancelled = true;
  }
  if (is_cancelled) group.spawn(spawn_for_ever(group));
}
Async<void> count_up(std::atomic<int>& count, int& unguarded) {
  co_await cano::yield_now();
  ++unguarded;  // tasks of a group need no lock among each other
  ++count;
}
std::string text_of(const std::exception_ptr& thrown) {
  if (!thrown) return "nothing";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a group runs its tasks, and join waits for them") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  std::atomic<int> alive{0};
  group.spawn(sleep_holding(1s, Alive{alive}));
  group.spawn(sleep_holding(3s, Alive{alive}));
  group.spawn(sleep_for(2s));
  CHECK(group.size() == 3);
  fixture.run_until(1s);
  CHECK(group.size() == 2);
  fixture.run(group.join());
  CHECK(fixture.elapsed() == 3s);
  CHECK(group.size() == 0);
  CHECK(alive == 0);
  fixture.run(group.join());
  CHECK(fixture.elapsed() == 3s);
}

TEST_CASE("a task that is spawned on the executor starts at once") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  std::string log;
  fixture.run_here([&] {
    group.spawn(note(log, 'a'));
    CHECK(log == "a");
    group.spawn(note(log, 'b'));
  });
  CHECK(log == "abab");
  CHECK_THROWS_AS(group.spawn(Async<void>{}), cano::Error);
  CHECK(group.size() == 0);
}

TEST_CASE("join throws the first failure that was not reported yet") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  group.spawn(fail_after(2s, "late"));
  group.spawn(fail_after(1s, "early"));
  group.spawn(sleep_for(3s));
  CHECK(text_of(failure_of(fixture, group.join())) == "early");
  CHECK(fixture.elapsed() == 3s);
  CHECK_NOTHROW(fixture.run(group.join()));
  group.spawn(fail_at_once());
  CHECK(text_of(failure_of(fixture, group.join())) == "at once");
  const DrainReport report = fixture.run(group.drain(1s));
  CHECK(report.finished == 1);
  CHECK(report.failed == 3);
  CHECK(report.first_failure == nullptr);
}

TEST_CASE("drain waits, cancels the rest and reports") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  std::atomic<int> alive{0};
  group.spawn(sleep_holding(1s, Alive{alive}));
  group.spawn(sleep_holding(1h, Alive{alive}));
  group.spawn(fail_after(2s, "failure"));
  SECTION("of what is aborted") {
    const DrainReport report = fixture.run(group.drain(5s));
    CHECK(report.finished == 1);
    CHECK(report.failed == 1);
    CHECK(report.cancelled == 1);
    CHECK(report.total() == 3);
    CHECK(report.elapsed == 5s);
    CHECK(text_of(report.first_failure) == "failure");
    CHECK(alive == 0);
  }
  SECTION("of what takes its time") {
    group.spawn(slow_to_end(false));
    group.spawn(slow_to_end(true));
    const DrainReport report = fixture.run(group.drain(5s));
    CHECK(report.finished == 2);
    CHECK(report.cancelled == 2);
    CHECK(report.elapsed == 7s);
  }
  SECTION("at once") {
    const Duration limit = GENERATE(Duration{0s}, Duration{-1h});
    const DrainReport report = fixture.run(group.drain(limit));
    CHECK(report.cancelled == 3);
    CHECK(report.elapsed == 0s);
  }
  SECTION("or for ever") {
    const DrainReport report = fixture.run(group.drain(Duration::max()));
    CHECK(report.finished == 2);
    CHECK(report.elapsed == 1h);
  }
  CHECK(group.size() == 0);
  CHECK(fixture.run(group.drain(1s)).total() == 0);
}

TEST_CASE("what is spawned while a drain cancels is refused, and counted") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  group.spawn(spawn_for_ever(group));
  const DrainReport report = fixture.run(group.drain(1s));
  CHECK(report.finished == 1);
  CHECK(report.cancelled == 1);
  std::string log;
  group.spawn(note(log, 'a'));
  fixture.run(group.join());
  CHECK(log == "aa");
}

TEST_CASE("cancel ends what is under way and nothing that comes later") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  std::atomic<int> alive{0};
  std::string log;
  group.spawn(sleep_holding(1h, Alive{alive}));
  SECTION("and has begun") { fixture.settle(); }
  SECTION("and has not begun") {}
  group.cancel();
  group.spawn(note(log, 'a'));
  group.spawn(sleep_holding(1s, Alive{alive}));
  fixture.run(group.join());
  CHECK(log == "aa");
  CHECK(fixture.elapsed() == 1s);
  CHECK(alive == 0);
  const DrainReport report = fixture.run(group.drain(1s));
  CHECK(report.finished == 2);
  CHECK(report.cancelled == 1);
}

TEST_CASE("a waiter for a group may be cancelled; the tasks go on") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  std::atomic<int> alive{0};
  group.spawn(sleep_holding(10s, Alive{alive}));
  StartedAsync join{fixture.get_executor(), group.join()};
  StartedAsync drain{fixture.get_executor(), group.drain(5s)};
  fixture.run_until(1s);
  join.cancel();
  drain.cancel();
  fixture.settle();
  CHECK(join.was_aborted());
  CHECK(drain.was_aborted());
  CHECK(alive == 1);
  CHECK(fixture.run(group.drain(1h)).finished == 1);
  CHECK(fixture.elapsed() == 10s);
}

TEST_CASE("several wait for a group") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  group.spawn(fail_after(1s, "failure"));
  const auto [report, joined] = fixture.run(cano::when_all(group.drain(1h), group.join()));
  CHECK(text_of(report.first_failure) == "failure");
  CHECK(report.failed == 1);
}

TEST_CASE("a group that is destroyed cancels its tasks") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  auto group = std::make_unique<TaskGroup>(fixture.get_executor());
  group->spawn(sleep_holding(1h, Alive{alive}));
  StartedAsync join{fixture.get_executor(), group->join()};
  fixture.settle();
  CHECK(alive == 1);
  group.reset();
  fixture.settle();
  CHECK(alive == 0);
  CHECK(join.has_ended);
  CHECK(fixture.elapsed() == 0s);
}

TEST_CASE("tasks are destroyed with their context, and a waiter elsewhere goes on") {
  std::atomic<int> alive{0};
  SerialClock elsewhere;
  SerialClock fixture;
  StrandClock strand;
  const bool is_strand = GENERATE(false, true);
  TaskGroup group{is_strand ? strand.get_executor() : fixture.get_executor()};
  group.spawn(sleep_holding(1h, Alive{alive}));
  SECTION("when they have begun") {
    fixture.settle();
    strand.settle();
  }
  SECTION("when they have not begun") {}
  StartedAsync join{elsewhere.get_executor(), group.join()};
  StartedAsync drain{elsewhere.get_executor(), group.drain(1h)};
  elsewhere.settle();
  fixture.destroy();
  strand.destroy();
  CHECK(alive == 0);
  elsewhere.settle();
  CHECK_NOTHROW(join.result());
  CHECK(drain.result().cancelled == 1);
  group.spawn(sleep_holding(1h, Alive{alive}));
  CHECK(alive == 0);
  CHECK(group.size() == 0);
  group.cancel();
}

TEST_CASE("a group whose waiters are destroyed with their context goes on") {
  SerialClock fixture;
  TaskGroup group{fixture.get_executor()};
  group.spawn(sleep_for(1s));
  SerialClock elsewhere;
  StartedAsync join{elsewhere.get_executor(), group.join()};
  StartedAsync drain{elsewhere.get_executor(), group.drain(1h)};
  elsewhere.settle();
  elsewhere.destroy();
  fixture.run(group.join());
  CHECK(fixture.elapsed() == 1s);
}

TEST_CASE("many threads spawn, ask and cancel") {
  asio::thread_pool pool{4};
  constexpr int each = 300;
  std::atomic<int> count{0};
  int unguarded = 0;
  {
    TaskGroup group{pool.get_executor()};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < each; ++j) {
          group.spawn(count_up(count, unguarded));
          static_cast<void>(group.size());
        }
      });
    }
    for (auto& thread : threads)
      thread.join();
    const auto report = asio::co_spawn(pool, group.drain(1h), asio::use_future).get();
    CHECK(report.finished == 4 * each);
    CHECK(unguarded == 4 * each);
  }
  std::atomic<int> alive{0};
  TaskGroup group{pool.get_executor()};
  std::thread spawner{[&] {
    for (int j = 0; j < each; ++j)
      group.spawn(sleep_holding(1h, Alive{alive}));
  }};
  for (int i = 0; i < 20; ++i)
    group.cancel();
  spawner.join();
  group.cancel();
  const auto report = asio::co_spawn(pool, group.drain(1h), asio::use_future).get();
  CHECK(report.cancelled == each);
  CHECK(alive == 0);
  pool.join();
}

TEST_CASE("contexts are destroyed while others spawn and wait") {
  std::atomic<int> alive{0};
  for (int round = 0; round < 100; ++round) {
    StrandClock strand;
    TaskGroup group{strand.get_executor()};
    std::atomic<bool> has_begun{false};
    std::thread spawner{[&] {
      for (int i = 0; i < 20; ++i) {
        group.spawn(sleep_holding(1h, Alive{alive}));
        has_begun = true;
      }
      group.cancel();
    }};
    while (!has_begun)
      std::this_thread::yield();
    strand.settle();
    strand.destroy();
    spawner.join();
    SerialClock fixture;
    const DrainReport report = fixture.run(group.drain(1s));
    CHECK(report.cancelled == 20);
  }
  CHECK(alive == 0);
}

}  // namespace task_group_tests
