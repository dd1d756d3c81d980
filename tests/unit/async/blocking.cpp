// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/blocking.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace blocking_tests {

using cano::Async;
using cano::blocking;
using cano::Errc;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

std::string joined(std::string a, const std::string& b) { return std::move(a) + b; }
int length(const std::unique_ptr<std::string>& text) { return static_cast<int>(text->size()); }
const std::string& same(const std::string& text) { return text; }
int thrower() { throw std::runtime_error{"from the thread"}; }

Async<std::string> join_elsewhere(std::string a, std::string b) {
  co_return co_await blocking(joined, a, b);
}
Async<bool> goes_on_at_home() {
  const auto here = std::this_thread::get_id();
  const auto there = co_await blocking([] { return std::this_thread::get_id(); });
  co_return there != here&& std::this_thread::get_id() == here;
}
Async<int> many_times(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i)
    sum += co_await blocking([](int value) { return value; }, i);
  co_return sum;
}
Async<int> alive_at_end(std::atomic<int>& alive) {
  co_await blocking([](const Alive&) {}, Alive{alive});
  co_return alive.load();
}
Async<int> alive_after_failure(std::atomic<int>& alive) {
  bool has_failed = false;
  try {
    co_await blocking([](const Alive&) { throw std::runtime_error{"failure"}; }, Alive{alive});
  } catch (const std::runtime_error&) {
    has_failed = true;
  }
  co_return has_failed ? alive.load() : -1;
}

Async<void> call_after_cancellation(bool& has_run) {
  try {
    co_await cano::sleep_for(1h);
  } catch (const boost::system::system_error&) {
  }
  auto call = blocking([&has_run] { has_run = true; });
  co_await std::move(call);
}

// A pool of one thread, which is busy until it is let go.
struct BusyPool {
  asio::thread_pool pool{1};
  std::binary_semaphore has_begun{0};
  std::binary_semaphore may_end{0};

  int wait() {
    has_begun.release();
    may_end.acquire();
    return 7;
  }
  Async<int> work() {
    return blocking(pool, [](BusyPool* self) { return self->wait(); }, this);
  }
};

}  // namespace

TEST_CASE("blocking gives what the function returns") {
  StrandClock fixture;
  CHECK(fixture.run(join_elsewhere("a text that is long enough ", "for the heap")) ==
        "a text that is long enough for the heap");
  CHECK(fixture.run(blocking(length, std::make_unique<std::string>("four"))) == 4);
  CHECK(*fixture.run(blocking([](int value) { return MoveOnly{value}; }, 3)).value == 3);
  int number = 0;
  fixture.run(blocking([](int& value) { value = 5; }, std::ref(number)));
  CHECK(number == 5);
  CHECK(fixture.run(blocking(&std::string::size, std::string{"four"})) == 4);
}

TEST_CASE("a reference that the function returns is copied") {
  StrandClock fixture;
  static_assert(std::is_same_v<decltype(blocking(same, std::string{})), Async<std::string>>);
  CHECK(fixture.run(blocking(same, std::string{"a text that is long enough for the heap"})) ==
        "a text that is long enough for the heap");
}

TEST_CASE("blocking rethrows what the function throws") {
  StrandClock fixture;
  CHECK_THROWS_WITH(fixture.run(blocking(thrower)), "from the thread");
}

TEST_CASE("blocking runs on another thread and goes on at home") {
  StrandClock fixture;
  CHECK(fixture.run(goes_on_at_home()));
}

TEST_CASE("the function and its arguments are destroyed before the result is there") {
  StrandClock fixture;
  std::atomic<int> alive{0};
  CHECK(fixture.run(alive_at_end(alive)) == 0);
  CHECK(fixture.run(alive_after_failure(alive)) == 0);
  {
    auto never = blocking([](const Alive&) {}, Alive{alive});
  }
  CHECK(alive == 0);
}

TEST_CASE("a call that is cancelled in the queue does not run") {
  BusyPool busy;
  StrandClock fixture;
  std::atomic<int> alive{0};
  bool has_run = false;
  StartedAsync first{fixture.get_executor(), busy.work()};
  StartedAsync second{
      fixture.get_executor(),
      blocking(busy.pool, [&has_run](const Alive&) { has_run = true; }, Alive{alive})};
  fixture.settle();
  busy.has_begun.acquire();
  second.cancel();
  fixture.settle();
  CHECK(second.was_aborted());
  CHECK(alive == 0);
  busy.may_end.release();
  fixture.finish();
  CHECK(first.result() == 7);
  CHECK_FALSE(has_run);
}

TEST_CASE("work that was cancelled before begins no call") {
  SerialClock fixture;
  bool has_run = false;
  StartedAsync started{fixture.get_executor(), call_after_cancellation(has_run)};
  fixture.settle();
  started.cancel();
  fixture.settle();
  CHECK(started.was_aborted());
  CHECK_FALSE(has_run);
}

TEST_CASE("a call that runs is waited for, also when it is cancelled") {
  BusyPool busy;
  StrandClock fixture;
  StartedAsync started{fixture.get_executor(), busy.work()};
  fixture.settle();
  busy.has_begun.acquire();
  started.cancel();
  fixture.settle();
  CHECK_FALSE(started.has_ended);
  busy.may_end.release();
  fixture.finish();
  CHECK(started.result() == 7);
}

TEST_CASE("a failure beside it waits for the call that runs") {
  BusyPool busy;
  StrandClock fixture;
  auto failing = blocking([&busy] {
    busy.has_begun.acquire();
    throw std::runtime_error{"other"};
  });
  StartedAsync both{fixture.get_executor(), cano::when_all(busy.work(), std::move(failing))};
  fixture.settle();
  CHECK_FALSE(both.has_ended);
  busy.may_end.release();
  fixture.finish();
  CHECK_THROWS_WITH(both.result(), "other");
}

TEST_CASE("a call goes on when the context of its coroutine is destroyed") {
  BusyPool busy;
  std::atomic<int> alive{0};
  {
    StrandClock fixture;
    StartedAsync running{fixture.get_executor(), busy.work()};
    StartedAsync queued{fixture.get_executor(),
                        blocking(busy.pool, [](const Alive&) {}, Alive{alive})};
    fixture.settle();
    busy.has_begun.acquire();
    fixture.destroy();
    CHECK_FALSE(running.has_ended);
  }
  busy.may_end.release();
  busy.pool.join();
  CHECK(alive == 0);
}

TEST_CASE("a pool that is destroyed ends the calls that have not begun") {
  StrandClock fixture;
  auto pool = std::make_unique<asio::thread_pool>(1);
  pool->stop();
  StartedAsync started{fixture.get_executor(), blocking(*pool, [] { return 1; })};
  fixture.settle();
  CHECK_FALSE(started.has_ended);
  pool.reset();
  fixture.finish();
  CHECK(error_of([&] { started.result(); }).errc() == Errc::Cancelled);
}

TEST_CASE("blocking from many coroutines on a pool of threads") {
  asio::thread_pool pool{4};
  std::vector<std::future<int>> sums;
  for (int i = 0; i < 20; ++i)
    sums.push_back(asio::co_spawn(pool, many_times(50), asio::use_future));
  for (auto& sum : sums)
    CHECK(sum.get() == 1225);
}

TEST_CASE("calls are cancelled while they begin and end") {
  asio::thread_pool pool{2};
  std::atomic<int> alive{0};
  std::atomic<int> runs{0};
  int values = 0;
  int aborts = 0;
  for (int i = 0; i < 300; ++i) {
    asio::cancellation_signal signal;
    const auto strand = asio::make_strand(pool);
    auto end =
        asio::co_spawn(strand, blocking([&runs](const Alive&) { return ++runs; }, Alive{alive}),
                       asio::bind_cancellation_slot(signal.slot(), asio::use_future));
    if (i % 3 == 0) std::this_thread::yield();
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    try {
      static_cast<void>(end.get());
      ++values;
    } catch (const boost::system::system_error&) {
      ++aborts;
    }
    asio::post(strand, asio::use_future).get();
  }
  CHECK(values == runs);
  CHECK(values + aborts == 300);
  CHECK(alive == 0);
}

TEST_CASE("contexts are destroyed while calls end") {
  for (int i = 0; i < 200; ++i) {
    StrandClock fixture;
    StartedAsync started{fixture.get_executor(), blocking([] { return 1; })};
    fixture.settle();
    if (i % 2 == 0) std::this_thread::yield();
  }
}

}  // namespace blocking_tests
