// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/error.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Async;
using cano::detail::Loop;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Its copies and moves throw when their number has come.
class ThrowsOnceCopied {
 public:
  ThrowsOnceCopied() = default;
  explicit ThrowsOnceCopied(int& left) : left_{&left} {}
  ThrowsOnceCopied(const ThrowsOnceCopied& other) : left_{other.left_} { count(); }
  ThrowsOnceCopied& operator=(const ThrowsOnceCopied&) = delete;

 private:
  void count() {
    if (left_ != nullptr && --*left_ == 0) throw std::runtime_error{"copied"};
  }
  int* left_ = nullptr;
};

Async<ThrowsOnceCopied> give_what_throws(int& left) { co_return ThrowsOnceCopied{left}; }

}  // namespace

TEST_CASE("a result that cannot be moved leaves nothing behind") {
  const bool is_serial = GENERATE(false, true);
  PlacedContext place{is_serial ? Place::SerialContext : Place::Context};
  const int copies = GENERATE(range(1, 10));
  CAPTURE(copies);
  int left = copies;
  int ends = 0;
  bool has_failed = false;
  give_what_throws(left)(asio::bind_executor(
      place.executor(), [&](std::exception_ptr thrown, const ThrowsOnceCopied&) {
        ++ends;
        has_failed = thrown != nullptr;
      }));
  int thrown = 0;
  for (int i = 0; i < 5; ++i) {
    try {
      place.settle();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(place.context().stopped());
  CHECK(ends + thrown == 1);
  if (copies <= 2) CHECK(has_failed);  // what it threw itself, or on the way out of its frame
}

namespace {

Async<int> give_at_once(int value) { co_return value; }
Async<int> give_later(int value) {
  co_await cano::yield_now();
  co_return value;
}
Async<int> throw_at_once() {
  throw std::runtime_error{"thrown"};
  co_return 0;
}
Async<> wait_for_ever(FrameCount& frames) {
  const auto held = frames.object();
  co_await cano::sleep_for(1h);
}
Async<> note(std::string& text, char letter) {
  text += letter;
  co_return;
}
Async<> note_after_yield(std::string& text, char letter) {
  co_await cano::yield_now();
  text += letter;
}
Async<std::unique_ptr<int>> give_move_only() { co_return std::make_unique<int>(6); }
Async<std::thread::id> give_thread() { co_return std::this_thread::get_id(); }

template <class T> cano::detail::CoroutineOwner<T> coroutine_of(Async<T> work) {
  return cano::detail::AsyncAccess::coroutine(work);
}

}  // namespace

TEST_CASE("an Async starts with any token whose handler has an executor") {
  PlacedContext place{any_place()};
  int sum = 0;
  const auto add = [&](std::exception_ptr thrown, int value) { sum += thrown ? 1000 : value; };
  give_at_once(1)(asio::bind_executor(place.executor(), add));
  give_later(2)(asio::bind_executor(place.executor(), add));
  throw_at_once()(asio::bind_executor(place.executor(), add));
  auto deferred = give_later(4)(asio::deferred);
  std::move(deferred)(asio::bind_executor(place.executor(), add));
  auto as_tuple = give_later(8)(asio::as_tuple(asio::deferred));
  std::move(as_tuple)(asio::bind_executor(
      place.executor(), [&](std::tuple<std::exception_ptr, int> both) { sum += get<1>(both); }));
  auto future = give_later(16)(asio::bind_executor(place.executor(), asio::use_future));
  auto spawned = asio::co_spawn(place.executor(), give_later(32), asio::use_future);
  auto failing = asio::co_spawn(place.executor(), throw_at_once(), asio::use_future);
  auto moved = asio::co_spawn(place.executor(), give_move_only(), asio::use_future);
  CHECK(sum == 0);  // the test is not on the loop
  place.run();
  CHECK(sum == 1015);
  CHECK(future.get() == 16);
  CHECK(spawned.get() == 32);
  CHECK_THROWS_AS(failing.get(), std::runtime_error);
  CHECK(*moved.get() == 6);
}

TEST_CASE("a handler without an executor is an error") {
  FrameCount frames;
  int calls = 0;
  auto work = wait_for_ever(frames);
  try {
    std::move(work)([&](std::exception_ptr) { ++calls; });
    FAIL("it was started");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(std::string{error.message()}.find("no executor") != std::string::npos);
  }
  CHECK_FALSE(work.valid());  // NOLINT(bugprone-use-after-move)
  CHECK(calls == 0);
  CHECK(frames.alive() == 0);
}

TEST_CASE("on its loop an Async runs at once up to its first wait, and ends later") {
  PlacedContext place{Place::SerialContext};
  const auto& executor = place.executor();
  std::string text;
  const auto end = [&](std::exception_ptr) { text += '!'; };
  {
    const Loop::Here here{*Loop::of(executor)};
    note(text, 'a')(asio::bind_executor(executor, end));
    note_after_yield(text, 'c')(asio::bind_executor(executor, end));
    text += 'b';
    CHECK(text == "ab");
  }
  place.run();
  CHECK(text == "ab!c!");
}

TEST_CASE("an Async ends on the executor of its handler") {
  asio::io_context context{1};
  asio::thread_pool pool{1};
  std::thread::id ran_on;
  std::thread::id ended_on;
  cano::detail::start(coroutine_of(give_thread()), pool.get_executor(),
                      asio::bind_executor(context, [&](std::exception_ptr, std::thread::id ran) {
                        ran_on = ran;
                        ended_on = std::this_thread::get_id();
                      }));
  context.run();  // which is at work until then
  pool.join();
  CHECK(ended_on == std::this_thread::get_id());
  CHECK(ran_on != ended_on);
}

TEST_CASE("what a handler throws comes out of the context, and nothing is lost") {
  PlacedContext place{any_place()};
  FrameCount frames;
  int ends = 0;
  for (int i = 0; i < 3; ++i) {
    give_later(i)(asio::bind_executor(place.executor(),
                                      [&, held = frames.object()](std::exception_ptr, int value) {
                                        ++ends;
                                        if (value == 1) throw std::runtime_error{"handler"};
                                      }));
  }
  int thrown = 0;
  for (int i = 0; i < 2; ++i) {
    try {
      place.run();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(ends == 3);
  CHECK(thrown == 1);
  CHECK(frames.alive() == 0);
}

TEST_CASE("a context that goes before the first step takes the work along, unreported") {
  const Place where = any_place();
  FrameCount frames;
  int ends = 0;
  asio::cancellation_signal signal;
  PlacedContext place{where};
  wait_for_ever(frames)(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(place.executor(), [&, held = frames.object()](
                                                               std::exception_ptr) { ++ends; })));
  asio::co_spawn(place.executor(), wait_for_ever(frames),
                 [&, held = frames.object()](std::exception_ptr) { ++ends; });
  CHECK(frames.alive() == 2);
  place.destroy();
  CHECK(frames.alive() == 0);
  CHECK(ends == 0);
  signal.emit(asio::cancellation_type::all);
}

TEST_CASE("a context that goes later takes the work along, unreported") {
  const Place where = any_place();
  FrameCount frames;
  int ends = 0;
  asio::cancellation_signal signal;
  PlacedContext place{where};
  const auto end = [&, held = frames.object()](std::exception_ptr) { ++ends; };
  wait_for_ever(frames)(
      asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(place.executor(), end)));
  asio::co_spawn(place.executor(), wait_for_ever(frames), end);
  place.settle();
  CHECK(frames.alive() == 5);
  if (GENERATE(false, true)) signal.emit(asio::cancellation_type::all);  // and not run
  place.destroy();
  CHECK(frames.alive() == 1);
  CHECK(ends == 0);
  signal.emit(asio::cancellation_type::all);
}

TEST_CASE("a slot is empty when the handler is called") {
  PlacedContext place{any_place()};
  asio::cancellation_signal signal;
  bool was_empty = false;
  give_later(1)(asio::bind_cancellation_slot(
      signal.slot(), asio::bind_executor(place.executor(), [&](std::exception_ptr, int) {
        was_empty = !signal.slot().has_handler();
      })));
  CHECK(signal.slot().has_handler());
  place.run();
  CHECK(was_empty);
}

TEST_CASE("an Async that was cancelled before its first step waits for nothing") {
  PlacedContext place{any_place()};
  FrameCount frames;
  StartedChain chain{place.executor(), wait_for_ever(frames)};
  SECTION("on this thread") { chain.cancel(); }
  SECTION("on another one") {
    std::thread{[&] { chain.cancel(); }}.join();
  }
  place.run();
  CHECK(chain.was_aborted());
  CHECK(frames.alive() == 0);
}
