// SPDX-License-Identifier: MIT
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cano/runtime/runtime.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/yield_now.hpp>

#include "support/catch.hpp"

using cano::Runtime;
using cano::yield_now;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> write_and_yield(std::string& text, char letter, int times) {
  for (int i = 0; i < times; ++i) {
    text += letter;
    co_await yield_now();
  }
}

// Starts three of them, and a handler between, from the executor itself.
asio::awaitable<void> three_in_turn(std::string& text) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  for (const char letter : {'a', 'b', 'c'})
    asio::co_spawn(executor, write_and_yield(text, letter, 3), asio::detached);
  asio::post(executor, [&text] { text += '-'; });
  for (int i = 0; i < 5; ++i)
    co_await yield_now();
}

asio::awaitable<void> yield_often(int times) {
  for (int i = 0; i < times; ++i)
    co_await yield_now();
}

asio::awaitable<void> fail_after_yield() {
  co_await yield_now();
  throw std::runtime_error{"after the yield"};
}

struct Flag {
  explicit Flag(bool& f) : flag{&f} {}
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  ~Flag() { *flag = true; }
  bool* flag;
};

asio::awaitable<void> yield_for_ever(bool& destroyed, std::promise<void>& started) {
  const Flag flag{destroyed};
  started.set_value();
  for (;;)
    co_await yield_now();
}

}  // namespace

TEST_CASE("coroutines that yield alternate, and what else is ready comes between") {
  std::string text;
  SECTION("on a shard of a Runtime") {
    Runtime runtime{1};
    runtime.run(three_in_turn(text));
  }
  SECTION("on an io_context") {
    asio::io_context context{1};
    asio::co_spawn(context, three_in_turn(text), asio::detached);
    context.run();
  }
  SECTION("under virtual time") {
    cano::VirtualTime time;
    time.run(three_in_turn(text));
  }
  CHECK(text == "abcabc-abc");
}

TEST_CASE("many coroutines yield on a pool, on strands and on several shards") {
  constexpr int coroutines = 50;
  constexpr int times = 200;
  std::vector<std::future<void>> ends;
  SECTION("a pool") {
    asio::thread_pool pool{4};
    for (int i = 0; i < coroutines; ++i)
      ends.push_back(asio::co_spawn(pool, yield_often(times), asio::use_future));
    pool.join();
  }
  SECTION("strands of a pool") {
    asio::thread_pool pool{4};
    for (int i = 0; i < coroutines; ++i)
      ends.push_back(asio::co_spawn(asio::make_strand(pool), yield_often(times), asio::use_future));
    pool.join();
  }
  SECTION("shards") {
    Runtime runtime{4};
    for (int i = 0; i < coroutines; ++i)
      ends.push_back(asio::co_spawn(runtime.get_executor(), yield_often(times), asio::use_future));
    for (auto& end : ends)
      end.wait();
  }
  for (auto& end : ends)
    CHECK_NOTHROW(end.get());
}

// A coroutine's executor need not be that of the thread it was resumed on.
TEST_CASE("a strand over a shard keeps its order") {
  Runtime runtime{1};
  const auto strand = asio::make_strand(runtime.shard(0));
  std::string text;
  asio::co_spawn(strand, three_in_turn(text), asio::use_future).get();
  CHECK(text == "abcabc-abc");
}

TEST_CASE("an exception out of a coroutine that yielded leaves the others queued") {
  std::promise<std::string> unhandled;
  Runtime runtime{1, [&](std::exception_ptr exception) {
                    try {
                      std::rethrow_exception(std::move(exception));
                    } catch (const std::exception& error) {
                      unhandled.set_value(error.what());
                    }
                  }};
  const auto shard = runtime.shard(0);
  std::promise<void> all_started;
  asio::post(shard, [&] {
    // A completion handler that throws lets the exception out of the executor.
    asio::co_spawn(shard, fail_after_yield(), [](std::exception_ptr exception) {
      std::rethrow_exception(std::move(exception));
    });
    all_started.set_value();
  });
  all_started.get_future().get();
  auto other = asio::co_spawn(shard, yield_often(10), asio::use_future);
  CHECK(unhandled.get_future().get() == "after the yield");
  CHECK_NOTHROW(other.get());
}

TEST_CASE("a Runtime that is destroyed destroys the coroutines that have yielded") {
  bool destroyed = false;
  std::promise<void> started;
  {
    Runtime runtime{1};
    asio::co_spawn(runtime.shard(0), yield_for_ever(destroyed, started), asio::detached);
    started.get_future().get();
  }
  CHECK(destroyed);
}

TEST_CASE("a cancellation takes effect at the await after the yield") {
  Runtime runtime{1};
  const auto shard = runtime.shard(0);
  bool destroyed = false;
  std::promise<void> started;
  asio::cancellation_signal signal;
  std::promise<boost::system::error_code> end;
  // The exception is looked at on the thread of the coroutine, which owns it too.
  asio::co_spawn(shard, yield_for_ever(destroyed, started),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr exception) {
                   try {
                     std::rethrow_exception(std::move(exception));
                   } catch (const boost::system::system_error& error) {
                     end.set_value(error.code());
                   }
                 }));
  started.get_future().get();
  asio::post(shard, [&] { signal.emit(asio::cancellation_type::terminal); });
  CHECK(end.get_future().get() == asio::error::operation_aborted);
  CHECK(destroyed);
}
