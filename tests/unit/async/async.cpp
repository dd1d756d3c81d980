// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/error.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace async_tests {

using cano::Async;
using cano::sleep_for;
using cano::yield_now;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct ThrowsAtItsEnd {
  ~ThrowsAtItsEnd() noexcept(false) { throw std::runtime_error{"destructor"}; }
};

Async<std::string> throw_behind_the_return() {
  const ThrowsAtItsEnd end;
  co_return std::string(100, 'x');
}
Async<std::string> return_twice() {
  try {
    const ThrowsAtItsEnd end;
    co_return std::string(100, 'x');
  } catch (const std::runtime_error&) {
  }
  co_return std::string(100, 'y');
}
Async<> take_last_results(std::string& thrown, std::string& value) {
  try {
    static_cast<void>(co_await throw_behind_the_return());
  } catch (const std::runtime_error& error) {
    thrown = error.what();
  }
  value = co_await return_twice();
}

}  // namespace

TEST_CASE("what a destructor throws behind co_return replaces the value") {
  asio::io_context context{1};
  std::string thrown;
  std::string value;
  StartedChain chain{context.get_executor(), take_last_results(thrown, value)};
  context.run();
  CHECK(chain.has_succeeded());
  CHECK(thrown == "destructor");
  CHECK(value == std::string(100, 'y'));
}

static_assert(std::is_nothrow_move_constructible_v<Async<int>>);
static_assert(std::is_nothrow_move_assignable_v<Async<>>);
static_assert(!std::is_copy_constructible_v<Async<>>);
static_assert(std::is_same_v<Async<int>::value_type, int>);
static_assert(std::is_convertible_v<Async<int>, asio::awaitable<int>>);
static_assert(sizeof(Async<int>) == sizeof(void*));

namespace {

// ---- results

struct OnlyMovable {
  explicit OnlyMovable(int v) : value{std::make_unique<int>(v)} {}
  std::unique_ptr<int> value;
};
struct FromText {
  FromText(const char* t) : text{t} {}  // NOLINT(google-explicit-constructor)
  std::string text;
};

template <class T> Async<T> giving(T value) { co_return std::move(value); }
Async<FromText> give_converted() { co_return "text"; }
Async<std::vector<int>> give_braced() { co_return {1, 2, 3}; }
Async<const int*> give_pointer(const int& value) { co_return &value; }
Async<std::reference_wrapper<int>> give_reference(int& value) { co_return value; }
Async<bool> give_flag(bool flag) {
  co_await yield_now();
  co_return flag;
}
Async<std::optional<OnlyMovable>> give_optional() { co_return OnlyMovable{4}; }
Async<Async<int>> give_async() { co_return giving(7); }
Async<> give_nothing_at_all() { co_return; }

Async<> take_every_result(int& checks) {
  if (co_await giving(1) == 1) ++checks;
  if (*(co_await giving(OnlyMovable{2})).value == 2) ++checks;
  if ((co_await give_converted()).text == "text") ++checks;
  if ((co_await give_braced()).size() == 3) ++checks;
  int value = 5;
  if (co_await give_pointer(value) == &value) ++checks;
  (co_await give_reference(value)).get() = 6;
  if (value == 6) ++checks;
  if (co_await give_flag(true) && !co_await give_flag(false)) ++checks;
  if (*(co_await give_optional())->value == 4) ++checks;
  auto inner = co_await give_async();
  if (co_await std::move(inner) == 7) ++checks;
  co_await give_nothing_at_all();
  static_assert(std::is_void_v<decltype(give_nothing_at_all())::value_type>);
}

// ---- where one may await

Async<int> recursive(int n) {
  if (n < 2) co_return n;
  const int first = co_await recursive(n - 1);
  co_return first + co_await recursive(n - 2);
}
Async<int> several_in_one_expression() {
  co_return co_await giving(1) + co_await give_flag(true) * 10 + co_await giving(100);
}
Async<int> with_loops_and_branches() {
  int sum = 0;
  for (int i = 0; co_await give_flag(i < 5); ++i)
    sum += co_await giving(i);
  switch (co_await giving(2)) {
    case 2:
      sum *= co_await give_flag(false) ? co_await giving(-1) : co_await giving(2);
      break;
    default:
      sum = -1;
  }
  co_return sum;
}
Async<int> behind_a_catch() {
  int caught = 0;
  try {
    throw std::runtime_error{"thrown"};
  } catch (const std::runtime_error&) {
    ++caught;
  }
  if (caught == 1) caught += co_await giving(1);
  co_return caught;
}

// A local variable, since g++ 12 gets stuck in an `if (co_await ...)` of a coroutine without one.
Async<> await_everywhere(int& checks) {
  const int fibonacci = co_await recursive(12);
  if (fibonacci == 144) ++checks;
  if (co_await several_in_one_expression() == 111) ++checks;
  if (co_await with_loops_and_branches() == 20) ++checks;
  if (co_await behind_a_catch() == 2) ++checks;
}

// ---- this_coro

Async<> ask_this_coro(const asio::any_io_executor& expected, int& checks) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  if (&asio::query(executor, asio::execution::context) ==
      &asio::query(expected, asio::execution::context)) {
    ++checks;
  }
  if (cano::detail::is_serial(expected) && executor == expected) ++checks;
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() == asio::cancellation_type::none) ++checks;
  if (co_await asio::this_coro::throw_if_cancelled()) ++checks;
  co_await asio::this_coro::throw_if_cancelled(false);
  if (!co_await asio::this_coro::throw_if_cancelled()) ++checks;
}

// ---- ownership

Async<> hold(FrameCount::Object held) {
  static_cast<void>(held);
  co_await yield_now();
}
Async<> hold_and_wait(FrameCount& frames) {
  const auto held = frames.object();
  co_await sleep_for(1h);
}
template <class T> Async<std::string> failure_of(Async<T>& work) {
  try {
    static_cast<void>(co_await std::move(work));
  } catch (const cano::Error& error) {
    if (error.errc() == cano::Errc::TaskExecution) co_return std::string{error.message()};
  }
  co_return std::string{};
}
Async<> await_what_is_empty(int& checks) {
  auto work = giving(1);
  if (work.valid()) ++checks;
  const auto moved = std::move(work);
  if (!work.valid() && moved.valid()) ++checks;  // NOLINT(bugprone-use-after-move)
  if (co_await failure_of(work) != "") ++checks;

  Async<int> never_any;
  if (co_await failure_of(never_any) != "") ++checks;

  auto sleep = sleep_for(0s);
  if (sleep.valid()) ++checks;
  co_await std::move(sleep);
  if (!sleep.valid()) ++checks;  // NOLINT(bugprone-use-after-move)
  if (co_await failure_of(sleep) != "") ++checks;

  auto awaited = giving(2);
  if (co_await std::move(awaited) == 2) ++checks;
  if (co_await failure_of(awaited) != "") ++checks;
}

// ---- exceptions

Async<int> rethrow_through(int levels) {
  if (levels == 0) throw std::runtime_error{"bottom"};
  co_return co_await rethrow_through(levels - 1);
}
Async<> catch_from(int levels, FrameCount& frames, std::string& text) {
  const auto held = frames.object();
  try {
    static_cast<void>(co_await rethrow_through(levels));
  } catch (const std::runtime_error& error) {
    text = error.what();
  }
}
Async<> throw_an_int() {
  co_await yield_now();
  throw 5;
}

// ---- cancellation

enum class Wait { Nothing, Yield, Sleep, ZeroSleep, Timer, Nested, NestedSleep, Foreign };

std::ostream& operator<<(std::ostream& out, Wait wait) {
  constexpr const char* names[] = {"nothing", "yield",  "sleep",        "a sleep of no length",
                                   "timer",   "nested", "nested sleep", "asio::awaitable"};
  return out << names[static_cast<int>(wait)];
}

asio::awaitable<void> foreign_wait() {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  co_await timer.async_wait(asio::deferred);
}
Async<> wait_for(Wait wait) {
  switch (wait) {
    case Wait::Nothing:
      break;
    case Wait::Yield:
      co_await yield_now();
      break;
    case Wait::Sleep:
      co_await sleep_for(1h);
      break;
    case Wait::ZeroSleep:
      co_await sleep_for(0s);
      break;
    case Wait::Timer: {
      asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
      co_await timer.async_wait(asio::deferred);
      break;
    }
    case Wait::Nested:
      co_await wait_for(Wait::Timer);
      break;
    case Wait::NestedSleep:
      co_await wait_for(Wait::Sleep);
      break;
    case Wait::Foreign:
      co_await foreign_wait();
      break;
  }
}
Async<> note_abort(Wait wait, int& aborts) {
  try {
    co_await wait_for(wait);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) ++aborts;
  }
}

// What is awaited first, and what after that.
struct Cancelled {
  int first = 0;
  int second = 0;
  bool is_told = false;
};
Async<> wait_twice(Wait first, Wait second, Cancelled& result) {
  co_await note_abort(first, result.first);
  const auto state = co_await asio::this_coro::cancellation_state;
  result.is_told = state.cancelled() != asio::cancellation_type::none;
  co_await note_abort(second, result.second);
}
Async<> wait_twice_unthrown(Cancelled& result, bool& has_waited) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await note_abort(Wait::Timer, result.first);
  const auto state = co_await asio::this_coro::cancellation_state;
  result.is_told = state.cancelled() != asio::cancellation_type::none;
  // As in Asio: what begins after a cancellation is not cancelled, and waits.
  asio::steady_timer timer{co_await asio::this_coro::executor, 1us};
  co_await timer.async_wait(asio::deferred);
  co_await yield_now();
  co_await sleep_for(1us);
  co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
  has_waited = true;
  co_await asio::this_coro::throw_if_cancelled(true);
  co_await note_abort(Wait::Timer, result.second);
}
Async<> wait_for_a_tuple(boost::system::error_code& error) {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  auto waiting = timer.async_wait(asio::as_tuple(asio::deferred));
  const auto [code] = co_await std::move(waiting);
  error = code;
}

}  // namespace

TEST_CASE("an Async gives any value that can be moved") {
  PlacedContext place{any_place()};
  int checks = 0;
  StartedChain chain{place.executor(), take_every_result(checks)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 9);
}

TEST_CASE("an Async may await in any expression") {
  PlacedContext place{any_place()};
  int checks = 0;
  StartedChain chain{place.executor(), await_everywhere(checks)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 4);
}

TEST_CASE("an Async knows its executor and its cancellation") {
  const Place where = any_place();
  PlacedContext place{where};
  int checks = 0;
  StartedChain chain{place.executor(), ask_this_coro(place.executor(), checks)};
  place.run();
  CHECK(chain.has_succeeded());
  const bool is_serial = where == Place::SerialContext || where == Place::StrandOfSerialContext;
  CHECK(checks == (is_serial ? 5 : 4));
}

TEST_CASE("an Async that is never awaited destroys what it holds") {
  FrameCount frames;
  {
    const auto never = hold(frames.object());
    auto assigned = hold(frames.object());
    assigned = hold(frames.object());
    auto& itself = assigned;
    assigned = std::move(itself);
    CHECK(frames.alive() == 2);
    assigned = Async<>{};
    CHECK(frames.alive() == 1);
  }
  CHECK(frames.alive() == 0);
}

TEST_CASE("an Async that holds no coroutine says so where it is awaited") {
  PlacedContext place{any_place()};
  int checks = 0;
  StartedChain chain{place.executor(), await_what_is_empty(checks)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 9);
}

TEST_CASE("an Async that holds no coroutine cannot be started") {
  asio::io_context context{1};
  Async<> empty;
  const auto end = [](std::exception_ptr) {};
  CHECK_THROWS_AS(std::move(empty)(asio::bind_executor(context, end)), cano::Error);
  std::exception_ptr error;
  asio::co_spawn(context, Async<>{}, [&](std::exception_ptr thrown) { error = std::move(thrown); });
  context.run();
  REQUIRE(error);
  CHECK_THROWS_AS(std::rethrow_exception(error), cano::Error);
}

TEST_CASE("an exception passes through all that await") {
  PlacedContext place{any_place()};
  FrameCount frames;
  std::string text;
  StartedChain chain{place.executor(), catch_from(GENERATE(0, 1, 100), frames, text)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(text == "bottom");
  CHECK(frames.alive() == 0);
}

TEST_CASE("what is thrown need not be a std::exception") {
  PlacedContext place{any_place()};
  StartedChain chain{place.executor(), throw_an_int()};
  place.run();
  REQUIRE(chain.error);
  CHECK_THROWS_AS(std::rethrow_exception(chain.error), int);
}

TEST_CASE("a cancellation ends the wait under way, and every one that begins after it") {
  PlacedContext place{any_place()};
  const auto first =
      GENERATE(Wait::Sleep, Wait::Timer, Wait::Nested, Wait::NestedSleep, Wait::Foreign);
  const auto second = GENERATE(Wait::Nothing, Wait::Yield, Wait::ZeroSleep, Wait::Timer,
                               Wait::Nested, Wait::NestedSleep, Wait::Foreign);
  CAPTURE(first, second);
  Cancelled result;
  StartedChain chain{place.executor(), wait_twice(first, second, result)};
  place.settle();
  REQUIRE_FALSE(chain.has_ended);
  chain.cancel();
  chain.cancel();  // the second one changes nothing
  CHECK_FALSE(chain.has_ended);
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(result.first == 1);
  CHECK(result.is_told);
  CHECK(result.second == (second == Wait::Nothing ? 0 : 1));
  chain.cancel();  // nor does one after the end
}

TEST_CASE("work that was cancelled before its start does not wait") {
  PlacedContext place{any_place()};
  const auto wait = GENERATE(Wait::Nothing, Wait::Sleep, Wait::ZeroSleep, Wait::Timer, Wait::Nested,
                             Wait::Foreign);
  CAPTURE(wait);
  StartedChain chain{place.executor(), wait_for(wait)};
  chain.cancel();
  place.run();
  CHECK(chain.has_ended);
  CHECK(chain.was_aborted() == (wait != Wait::Nothing));
}

TEST_CASE("work with throw_if_cancelled(false) waits on after a cancellation") {
  PlacedContext place{any_place()};
  Cancelled result;
  bool has_waited = false;
  StartedChain chain{place.executor(), wait_twice_unthrown(result, has_waited)};
  place.settle();
  chain.cancel();
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(result.first == 1);  // the operation itself was cancelled
  CHECK(result.is_told);
  CHECK(has_waited);
  CHECK(result.second == 1);
}

TEST_CASE("a cancelled operation may give its error as a value") {
  PlacedContext place{any_place()};
  boost::system::error_code error;
  StartedChain chain{place.executor(), wait_for_a_tuple(error)};
  place.settle();
  chain.cancel();
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(error == asio::error::operation_aborted);
}

TEST_CASE("a context takes along whatever its coroutines wait for") {
  PlacedContext place{any_place()};
  FrameCount frames;
  std::vector<std::unique_ptr<StartedChain>> chains;
  for (const Wait wait :
       {Wait::Sleep, Wait::Timer, Wait::Nested, Wait::NestedSleep, Wait::Foreign}) {
    chains.push_back(std::make_unique<StartedChain>(place.executor(), wait_for(wait)));
    chains.push_back(std::make_unique<StartedChain>(place.executor(), hold_and_wait(frames)));
  }
  place.settle();
  CHECK(frames.alive() == 5);
  // Of some the cancellation is under way.
  const bool cancels = GENERATE(false, true);
  for (std::size_t i = 0; cancels && i < chains.size(); i += 3)
    chains[i]->cancel();
  place.destroy();
  CHECK(frames.alive() == 0);
  for (const auto& chain : chains)
    CHECK_FALSE(chain->has_ended);
}

}  // namespace async_tests
