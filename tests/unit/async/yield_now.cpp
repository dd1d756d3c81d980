// SPDX-License-Identifier: MIT
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/async.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace yield_now_tests {

using cano::Async;
using cano::yield_now;
namespace asio = boost::asio;

namespace {

Async<> write_and_yield(std::string& text, char letter, int times) {
  for (int i = 0; i < times; ++i) {
    text += letter;
    co_await yield_now();
  }
}

// Starts three of them, and a handler between, from the executor itself.
Async<> three_in_turn(std::string& text) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  for (const char letter : {'a', 'b', 'c'})
    asio::co_spawn(executor, write_and_yield(text, letter, 3), asio::detached);
  asio::post(executor, [&text] { text += '-'; });
  for (int i = 0; i < 6; ++i)
    co_await yield_now();
}

Async<> yield_often(int times) {
  for (int i = 0; i < times; ++i)
    co_await yield_now();
}

}  // namespace

TEST_CASE("Asyncs that yield alternate, and what else is ready comes between") {
  std::string text;
  SECTION("on a shard of a Runtime") {
    cano::Runtime runtime{1};
    runtime.run(three_in_turn(text));
  }
  SECTION("on an io_context") {
    asio::io_context context;
    asio::co_spawn(context, three_in_turn(text), asio::detached);
    context.run();
  }
  SECTION("under virtual time") {
    cano::VirtualTime time;
    time.run(three_in_turn(text));
  }
  std::string letters = text;
  std::erase(letters, '-');
  CHECK(letters == "abcabcabc");
  CHECK(text.find('-') < text.size() - 1);
}

TEST_CASE("many Asyncs yield on a pool and on shards") {
  std::vector<std::future<void>> ends;
  SECTION("a pool") {
    asio::thread_pool pool{4};
    for (int i = 0; i < 50; ++i)
      ends.push_back(asio::co_spawn(pool, yield_often(200), asio::use_future));
    pool.join();
  }
  SECTION("shards") {
    cano::Runtime runtime{4};
    for (int i = 0; i < 50; ++i)
      ends.push_back(asio::co_spawn(runtime.get_executor(), yield_often(200), asio::use_future));
    for (auto& end : ends)
      end.wait();
  }
  for (auto& end : ends)
    CHECK_NOTHROW(end.get());
}

}  // namespace yield_now_tests
