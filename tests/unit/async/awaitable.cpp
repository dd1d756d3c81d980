// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/error.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Async;
using cano::sleep_for;
using cano::yield_now;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Undefaulted {
  explicit Undefaulted(int v) : value{std::make_unique<int>(v)} {}
  std::unique_ptr<int> value;
};

// ---- an Async awaits coroutines of Asio's

asio::awaitable<void> asio_wait() {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1us};
  co_await timer.async_wait(asio::deferred);
}
template <class T> asio::awaitable<T> asio_give(T value, bool waits) {
  if (waits) co_await asio_wait();
  co_return std::move(value);
}
asio::awaitable<void> asio_throw(bool waits) {
  if (waits) co_await asio_wait();
  throw std::runtime_error{"thrown"};
}

Async<> await_awaitables(bool waits, int& checks) {
  if (co_await asio_give(3, waits) == 3) ++checks;
  if (*co_await asio_give(std::make_unique<int>(4), waits) == 4) ++checks;
  auto undefaulted = asio_give(Undefaulted{5}, waits);
  if (*(co_await std::move(undefaulted)).value == 5) ++checks;
  if ((co_await asio_give(1, waits)) + (co_await asio_give(2, waits)) == 3) ++checks;
  try {
    co_await asio_throw(waits);
  } catch (const std::runtime_error&) {
    ++checks;
  }
  auto work = asio_give(6, waits);
  auto moved = std::move(work);
  if (co_await std::move(moved) == 6) ++checks;
  try {
    static_cast<void>(co_await std::move(work));  // NOLINT(bugprone-use-after-move)
  } catch (const cano::Error& error) {
    if (error.errc() == cano::Errc::TaskExecution) ++checks;
  }
}

Async<int> depth_of(int levels);
asio::awaitable<int> asio_depth_of(int levels) {
  if (levels == 0) co_return 0;
  co_return 1 + co_await depth_of(levels - 1);
}
Async<int> depth_of(int levels) {
  if (levels % 7 == 0) co_await yield_now();
  if (levels == 0) co_return 0;
  co_return 1 + co_await asio_depth_of(levels - 1);
}
Async<> measure_depth(int levels, int& depth) { depth = co_await depth_of(levels); }

// ---- coroutines of Asio's await an Async

template <class T> Async<T> give(T value, bool waits) {
  if (waits) co_await sleep_for(1us);
  co_return std::move(value);
}
Async<> give_nothing(bool waits) {
  if (waits) co_await yield_now();
}
Async<> throw_something(bool waits) {
  if (waits) co_await yield_now();
  throw std::runtime_error{"thrown"};
}

asio::awaitable<int> as_converted(bool waits) { return give(8, waits); }

asio::awaitable<void> asio_await_asyncs(bool waits, int& checks) {
  if (co_await give(3, waits) == 3) ++checks;
  if (*co_await give(std::make_unique<int>(4), waits) == 4) ++checks;
  if ((co_await give(1, waits)) + (co_await give(2, waits)) == 3) ++checks;
  co_await give_nothing(waits);
  try {
    co_await throw_something(waits);
  } catch (const std::runtime_error&) {
    ++checks;
  }
  if (co_await as_converted(waits) == 8) ++checks;
  if (co_await give(9, waits)(asio::use_awaitable) == 9) ++checks;
  auto work = give(std::string(100, 'x'), waits);
  if (co_await std::move(work) == std::string(100, 'x')) ++checks;
  co_await sleep_for(-1s);
  co_await yield_now();
}

// ---- cancellation

asio::awaitable<void> asio_wait_for_ever(FrameCount& frames, bool& aborted) {
  const auto held = frames.object();
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  try {
    co_await timer.async_wait(asio::deferred);
  } catch (const boost::system::system_error& error) {
    aborted = error.code() == asio::error::operation_aborted;
    throw;
  }
}
Async<> await_asio_for_ever(FrameCount& frames, bool& aborted) {
  const auto held = frames.object();
  co_await asio_wait_for_ever(frames, aborted);
}

asio::awaitable<void> asio_note(bool& ran) {
  ran = true;
  co_return;
}
Async<> cancel_and_await(StartedChain& chain, bool& ran) {
  const auto executor = co_await asio::this_coro::executor;
  auto work = asio_note(ran);
  // Cancelled when it waits already, which it does where the coroutine cannot be resumed at once.
  chain.cancel();
  co_await std::move(work);
}
Async<> await_note(bool& ran) { co_await asio_note(ran); }

// ---- results that cannot be moved

class MoveFails {
 public:
  explicit MoveFails(int& left) : left_{&left} {}
  MoveFails(const MoveFails& other) : left_{other.left_} {
    if (--*left_ == 0) throw std::runtime_error{"moved"};
  }
  MoveFails& operator=(const MoveFails&) = delete;

 private:
  int* left_;
};

asio::awaitable<MoveFails> asio_give_what_fails(int& left) { co_return MoveFails{left}; }
Async<> await_what_fails(int& left) { static_cast<void>(co_await asio_give_what_fails(left)); }

// ---- chains of both kinds

Async<> wait_in_async(FrameCount& frames, int levels);
asio::awaitable<void> asio_wait_in_async(FrameCount& frames, int levels) {
  const auto held = frames.object();
  co_await wait_in_async(frames, levels);
}
Async<> wait_in_async(FrameCount& frames, int levels) {
  const auto held = frames.object();
  if (levels > 0) {
    co_await asio_wait_in_async(frames, levels - 1);
  } else {
    co_await sleep_for(1h);
  }
}

}  // namespace

TEST_CASE("an Async awaits coroutines of Asio's") {
  PlacedContext place{any_place()};
  const bool waits = GENERATE(false, true);
  int checks = 0;
  StartedChain chain{place.executor(), await_awaitables(waits, checks)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 7);
}

TEST_CASE("a coroutine of Asio's awaits an Async") {
  PlacedContext place{any_place()};
  const bool waits = GENERATE(false, true);
  int checks = 0;
  std::exception_ptr error;
  asio::co_spawn(place.executor(), asio_await_asyncs(waits, checks),
                 [&](std::exception_ptr thrown) { error = std::move(thrown); });
  place.run();
  CHECK_FALSE(error);
  CHECK(checks == 7);
}

TEST_CASE("coroutines of both kinds may await one another, to any depth") {
  PlacedContext place{any_place()};
  int depth = 0;
  StartedChain chain{place.executor(), measure_depth(100, depth)};
  place.run();
  CHECK(depth == 100);
}

TEST_CASE("coroutines of both kinds await one another on a pool of threads") {
  asio::thread_pool pool{3};
  std::vector<std::future<int>> depths;
  for (int i = 0; i < 20; ++i)
    depths.push_back(asio::co_spawn(pool, depth_of(20), asio::use_future));
  for (auto& depth : depths)
    CHECK(depth.get() == 20);
}

TEST_CASE("cancelling an Async cancels the coroutine of Asio's that it awaits") {
  PlacedContext place{any_place()};
  FrameCount frames;
  bool aborted = false;
  StartedChain chain{place.executor(), await_asio_for_ever(frames, aborted)};
  place.settle();
  CHECK(frames.alive() == 2);
  chain.cancel();
  place.settle();
  CHECK(aborted);
  CHECK(chain.was_aborted());
  CHECK(frames.alive() == 0);
}

TEST_CASE("cancelling a coroutine of Asio's cancels the Async that it awaits") {
  PlacedContext place{any_place()};
  FrameCount frames;
  bool aborted = false;
  bool has_ended = false;
  asio::cancellation_signal signal;
  asio::co_spawn(place.executor(), asio_wait_in_async(frames, 2),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr thrown) {
                   aborted = is_abort(thrown);
                   has_ended = true;
                 }));
  place.settle();
  CHECK(frames.alive() == 6);
  signal.emit(asio::cancellation_type::terminal);
  place.settle();
  CHECK(has_ended);
  CHECK(aborted);
  CHECK(frames.alive() == 0);
}

TEST_CASE("a coroutine of Asio's is not begun by work that was cancelled") {
  PlacedContext place{any_place()};
  bool ran = false;
  StartedChain chain;
  chain.start(place.executor(), cancel_and_await(chain, ran));
  place.run();
  CHECK_FALSE(ran);
  CHECK(chain.was_aborted());
}

// Where the strand has something to do already, the coroutine's first step is queued.
TEST_CASE("a coroutine of Asio's that is cancelled before its first step is not begun") {
  PlacedContext place{Place::StrandOfSerialContext};
  bool ran = false;
  StartedChain chain;
  asio::post(place.context(), [&] {
    const auto loop = cano::detail::Loop::of(place.context().get_executor());
    const cano::detail::Loop::Here here{*loop};
    asio::post(place.executor(), [] {});
    chain.start(place.executor(), await_note(ran));
    chain.cancel();
  });
  place.run();
  CHECK_FALSE(ran);
  CHECK(chain.was_aborted());
}

TEST_CASE("a result of a coroutine of Asio's that cannot be moved is an exception") {
  PlacedContext place{any_place()};
  const int moves = GENERATE(range(1, 8));
  int left = moves;
  StartedChain chain{place.executor(), await_what_fails(left)};
  place.run();
  CHECK(chain.has_ended);
  if (moves == 1) CHECK(chain.error);
  CHECK((left > 0) == chain.has_succeeded());
}

TEST_CASE("a context takes along coroutines of both kinds that await one another") {
  PlacedContext place{any_place()};
  FrameCount frames;
  bool has_ended = false;
  const bool starts_with_async = GENERATE(false, true);
  if (starts_with_async) {
    wait_in_async(frames, 3)(
        asio::bind_executor(place.executor(), [&](std::exception_ptr) { has_ended = true; }));
  } else {
    asio::co_spawn(place.executor(), asio_wait_in_async(frames, 3),
                   [&](std::exception_ptr) { has_ended = true; });
  }
  place.settle();
  CHECK(frames.alive() == (starts_with_async ? 7 : 8));
  place.destroy();
  CHECK(frames.alive() == 0);
  CHECK_FALSE(has_ended);
}
