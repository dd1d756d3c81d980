// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/operation.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Async;
namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// ---- when and where an operation completes

enum class Moment { InInitiation, Later, ElsewhereInInitiation, ElsewhereLater };

std::ostream& operator<<(std::ostream& out, Moment moment) {
  constexpr const char* names[] = {"in the initiation", "later",
                                   "on another thread, before the initiation returns",
                                   "on another thread, after that"};
  return out << names[static_cast<int>(moment)];
}

// Does something with the handler at the moment.
template <class F> class AtMoment {
 public:
  AtMoment(Moment moment, std::thread& other, F function)
      : moment_{moment}, other_{&other}, function_{std::move(function)} {}

  template <class Handler> void operator()(Handler&& handler) {
    switch (moment_) {
      case Moment::InInitiation:
        return function_(std::move(handler));
      case Moment::Later: {
        const auto executor = asio::get_associated_executor(handler);
        asio::post(executor, [own = std::move(handler), function = function_]() mutable {
          function(std::move(own));
        });
        return;
      }
      case Moment::ElsewhereInInitiation:
      case Moment::ElsewhereLater:
        *other_ = std::thread{[own = std::move(handler), function = function_]() mutable {
          function(std::move(own));
        }};
        if (moment_ == Moment::ElsewhereInInitiation) other_->join();
        return;
    }
  }

 private:
  Moment moment_;
  std::thread* other_;
  F function_;
};

struct CompleteWithThree {
  template <class Handler> void operator()(Handler&& handler) const {
    const auto executor = asio::get_associated_executor(handler);
    asio::dispatch(executor, [own = std::move(handler)]() mutable { std::move(own)(3); });
  }
};
struct Drop {
  template <class Handler> void operator()(Handler&& handler) const {
    const auto dropped = std::move(handler);
  }
};

Async<> add_threes(Moment moment, int& sum, std::thread::id& thread) {
  for (int i = 0; i < 20; ++i) {
    std::thread other;
    auto three = operation_of<int>(AtMoment{moment, other, CompleteWithThree{}});
    sum += co_await std::move(three);
    if (other.joinable()) other.join();
  }
  thread = std::this_thread::get_id();
}

Async<> await_dropped(Moment moment, std::thread& other, FrameCount& frames, bool& went_on) {
  const auto held = frames.object();
  auto dropped = operation_of<int>(AtMoment{moment, other, Drop{}});
  try {
    static_cast<void>(co_await std::move(dropped));
  } catch (...) {
    went_on = true;
    throw;
  }
}
Async<> await_one_that_is_dropped(Moment moment, std::thread& other, FrameCount& frames,
                                  bool& went_on) {
  const auto held = frames.object();
  co_await await_dropped(moment, other, frames, went_on);
}

// ---- results

struct NoDefault {
  explicit NoDefault(int v) : value{v} {}
  int value;
};

// Completes at once with what it was made with.
template <class... Args> auto completing_with(Args... args) {
  return operation_of<Args...>(
      [own = std::tuple<Args...>{std::move(args)...}](auto handler) mutable {
        std::apply([&](auto&... values) { std::move(handler)(std::move(values)...); }, own);
      });
}

std::exception_ptr failure(const char* text) {
  return std::make_exception_ptr(std::runtime_error{text});
}

Async<> await_every_signature(int& checks) {
  auto none = completing_with();
  co_await std::move(none);

  auto no_error = completing_with(error_code{});
  co_await std::move(no_error);

  auto error = completing_with(error_code{asio::error::eof});
  try {
    co_await std::move(error);
  } catch (const boost::system::system_error& thrown) {
    if (thrown.code() == asio::error::eof) ++checks;
  }

  auto no_exception = completing_with(std::exception_ptr{});
  co_await std::move(no_exception);

  auto exception = completing_with(failure("thrown"));
  try {
    co_await std::move(exception);
  } catch (const std::runtime_error&) {
    ++checks;
  }

  auto value = completing_with(error_code{}, std::string{"value"});
  if (co_await std::move(value) == "value") ++checks;

  auto error_and_value = completing_with(error_code{asio::error::eof}, std::string{"lost"});
  try {
    static_cast<void>(co_await std::move(error_and_value));
  } catch (const boost::system::system_error&) {
    ++checks;
  }

  auto exception_and_value = completing_with(failure("thrown"), 1);
  try {
    static_cast<void>(co_await std::move(exception_and_value));
  } catch (const std::runtime_error&) {
    ++checks;
  }

  auto no_exception_and_value = completing_with(std::exception_ptr{}, 7);
  if (co_await std::move(no_exception_and_value) == 7) ++checks;

  auto two = completing_with(error_code{}, 1, std::string{"two"});
  const auto [one, text] = co_await std::move(two);
  if (one == 1 && text == "two") ++checks;

  auto two_without_error = completing_with(1, std::string{"two"});
  const auto [first, second] = co_await std::move(two_without_error);
  if (first == 1 && second == "two") ++checks;

  // An error that is not the first is a value.
  auto error_behind = completing_with(1, error_code{asio::error::eof});
  const auto [number, code] = co_await std::move(error_behind);
  if (number == 1 && code == asio::error::eof) ++checks;

  auto moved = operation_of<error_code, std::unique_ptr<int>>(
      [](auto handler) { std::move(handler)(error_code{}, std::make_unique<int>(5)); });
  const auto pointer = co_await std::move(moved);
  if (*pointer == 5) ++checks;

  auto without_default = completing_with(NoDefault{4});
  if ((co_await std::move(without_default)).value == 4) ++checks;
}

// Takes what a token of Asio's makes of the signature.
template <class Token> auto failing_with_a_value(Token&& token) {
  return asio::async_initiate<Token, void(error_code, int)>(
      [](auto handler) { std::move(handler)(error_code{asio::error::eof}, 9); }, token);
}

Async<> await_as_tuple(int& checks) {
  auto both = failing_with_a_value(asio::as_tuple(asio::deferred));
  const auto [error, value] = co_await std::move(both);
  if (error == asio::error::eof && value == 9) ++checks;

  // What follows a deferred operation turns its error into a result.
  auto redirected = asio::async_initiate<const asio::deferred_t&, void(error_code, int)>(
      [](auto handler) { std::move(handler)(error_code{asio::error::eof}, 9); },
      asio::deferred)(asio::deferred([&checks](error_code code, int given) {
    if (code == asio::error::eof) ++checks;
    return asio::deferred.values(given + 1);
  }));
  if (co_await std::move(redirected) == 10) ++checks;
}

// ---- initiations that throw

Async<> await_throwing_initiation(int& caught) {
  auto plainly = operation_of<int>([](auto) { throw std::runtime_error{"initiation"}; });
  try {
    static_cast<void>(co_await std::move(plainly));
  } catch (const std::runtime_error&) {
    ++caught;
  }
  auto after_completion = operation_of<int>([](auto handler) {
    std::move(handler)(1);
    throw std::runtime_error{"initiation"};
  });
  try {
    static_cast<void>(co_await std::move(after_completion));
  } catch (const std::runtime_error&) {
    ++caught;
  }
  co_await cano::sleep_for(-1s);  // the scope knows that nothing is waited for
}

// Its handler is kept for later all the same.
Async<> await_throwing_but_kept(std::function<void()>& complete, int& caught) {
  auto kept = operation_of<int>([&complete](auto handler) {
    const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    complete = [shared] { std::move (*shared)(1); };
    throw std::runtime_error{"initiation"};
  });
  try {
    static_cast<void>(co_await std::move(kept));
  } catch (const std::runtime_error&) {
    ++caught;
  }
  co_await cano::yield_now();
}

// ---- results that cannot be taken

struct ThrowsWhenTaken {
  ThrowsWhenTaken() = default;
  ThrowsWhenTaken(const ThrowsWhenTaken&) { throw std::runtime_error{"taken"}; }
};

Async<> await_what_cannot_be_taken(Moment moment, std::thread& other, FrameCount& frames) {
  const auto held = frames.object();
  auto result = operation_of<ThrowsWhenTaken>(AtMoment{moment, other, [](auto handler) {
                                                         const ThrowsWhenTaken value;
                                                         std::move(handler)(value);
                                                       }});
  static_cast<void>(co_await std::move(result));
}

}  // namespace

TEST_CASE("an operation may complete at any moment, on any thread") {
  PlacedContext place{any_place()};
  const Moment moment = GENERATE(Moment::InInitiation, Moment::Later, Moment::ElsewhereInInitiation,
                                 Moment::ElsewhereLater);
  CAPTURE(moment);
  int sum = 0;
  std::thread::id thread;
  StartedChain chain{place.executor(), add_threes(moment, sum, thread)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(sum == 60);
  CHECK(thread == std::this_thread::get_id());
}

TEST_CASE("a handler that the initiation drops ends the wait with operation_aborted") {
  PlacedContext place{any_place()};
  FrameCount frames;
  std::thread other;
  bool went_on = false;
  StartedChain chain{place.executor(),
                     await_one_that_is_dropped(Moment::InInitiation, other, frames, went_on)};
  place.run();
  CHECK(went_on);
  CHECK(chain.was_aborted());
  CHECK(frames.alive() == 0);
}

TEST_CASE("a handler that is dropped later takes the whole work with it") {
  PlacedContext place{any_place()};
  const Moment moment =
      GENERATE(Moment::Later, Moment::ElsewhereInInitiation, Moment::ElsewhereLater);
  CAPTURE(moment);
  FrameCount frames;
  std::thread other;
  bool went_on = false;
  StartedChain chain{place.executor(), await_one_that_is_dropped(moment, other, frames, went_on)};
  place.run();  // it returns: nothing is left to wait for
  if (other.joinable()) other.join();
  CHECK_FALSE(went_on);
  CHECK_FALSE(chain.has_ended);
  CHECK(frames.alive() == 0);
}

TEST_CASE("an operation gives what its signature says") {
  asio::io_context context{1};
  int checks = 0;
  StartedChain chain{context.get_executor(), await_every_signature(checks)};
  context.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 11);
}

TEST_CASE("tokens that change the signature of an operation work") {
  asio::io_context context{1};
  int checks = 0;
  StartedChain chain{context.get_executor(), await_as_tuple(checks)};
  context.run();
  CHECK(chain.has_succeeded());
  CHECK(checks == 3);
}

TEST_CASE("what an initiation throws is thrown where it is awaited") {
  PlacedContext place{any_place()};
  int caught = 0;
  StartedChain chain{place.executor(), await_throwing_initiation(caught)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(caught == 2);
}

TEST_CASE("a handler that outlives an initiation that threw changes nothing") {
  PlacedContext place{any_place()};
  const std::string when = GENERATE("completed", "dropped", "completed elsewhere");
  CAPTURE(when);
  std::function<void()> complete;
  int caught = 0;
  StartedChain chain{place.executor(), await_throwing_but_kept(complete, caught)};
  place.settle();
  REQUIRE(complete);
  if (when == "completed") asio::post(place.context(), complete);
  if (when == "completed elsewhere") std::thread{complete}.join();
  complete = nullptr;
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(caught == 1);
}

TEST_CASE("an operation whose result cannot be taken does not leave the work waiting") {
  PlacedContext place{any_place()};
  const Moment moment = GENERATE(Moment::InInitiation, Moment::Later);
  CAPTURE(moment);
  FrameCount frames;
  std::thread other;
  StartedChain chain{place.executor(), await_what_cannot_be_taken(moment, other, frames)};
  int thrown = 0;
  for (int i = 0; i < 5; ++i) {
    try {
      place.settle();
    } catch (const std::runtime_error&) {
      ++thrown;  // out of the handler
    }
  }
  CHECK(place.context().stopped());
  CHECK(frames.alive() == 0);
  CHECK(thrown == (moment == Moment::Later));
  CHECK(chain.has_ended == (moment == Moment::InInitiation));
}

namespace {

// ---- cancellation

// Cancels the work and only then starts what is waited for.
Async<> cancel_in_initiation(StartedChain& chain, asio::steady_timer& timer, bool& aborted) {
  auto cancelled = operation_of<error_code>([&](auto handler) {
    chain.cancel();
    timer.async_wait(std::move(handler));
  });
  try {
    co_await std::move(cancelled);
  } catch (const boost::system::system_error&) {
    aborted = true;
  }
}

// The signal is that of the work: its slot calls back on the loop.
Async<> cancel_in_initiation_that_completes(StartedChain& chain, int& value) {
  auto cancelled = operation_of<int>([&](auto handler) {
    chain.cancel();
    std::move(handler)(3);
  });
  value = co_await std::move(cancelled);
}

}  // namespace

TEST_CASE("an operation that is cancelled in its initiation is cancelled") {
  PlacedContext place{any_place()};
  asio::steady_timer timer{place.context(), 1h};
  bool aborted = false;
  StartedChain chain;
  chain.start(place.executor(), cancel_in_initiation(chain, timer, aborted));
  place.settle();
  CHECK(aborted);
  CHECK(chain.has_succeeded());
}

TEST_CASE("a result that is there at once counts, also when the initiation was cancelled") {
  PlacedContext place{any_place()};
  int value = 0;
  StartedChain chain;
  chain.start(place.executor(), cancel_in_initiation_that_completes(chain, value));
  place.settle();
  CHECK(value == 3);
  CHECK(chain.has_succeeded());
}

namespace {

// ---- an Async as an operation, in an Async

Async<int> yield_and_give(int value) {
  co_await cano::yield_now();
  co_return value;
}
Async<int> await_as_operations(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    auto operation = yield_and_give(i)(asio::deferred);
    sum += co_await std::move(operation);
    auto tuple = yield_and_give(i)(asio::as_tuple(asio::deferred));
    const auto [thrown, value] = co_await std::move(tuple);
    if (!thrown) sum += value;
  }
  co_return sum;
}
Async<> add_operations(int count, int& sum) { sum = co_await await_as_operations(count); }

}  // namespace

TEST_CASE("an Async may be awaited as an operation, with a token") {
  PlacedContext place{any_place()};
  int sum = 0;
  StartedChain chain{place.executor(), add_operations(10, sum)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(sum == 90);
}

TEST_CASE("an Async may be awaited as an operation on a pool of threads") {
  asio::thread_pool pool{3};
  std::vector<std::future<int>> sums;
  for (int i = 0; i < 20; ++i)
    sums.push_back(asio::co_spawn(pool, await_as_operations(10), asio::use_future));
  for (auto& sum : sums)
    CHECK(sum.get() == 90);
}
