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
#include <boost/asio/basic_waitable_timer.hpp>
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
#include <boost/asio/wait_traits.hpp>
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

namespace {

// ---- how an operation may be written

Async<> await_deferred_in_every_form(int& sum) {
  const auto executor = co_await asio::this_coro::executor;
  // An lvalue may be awaited again; it is copied where it is started.
  auto again = completing_with(error_code{}, 1);
  sum += co_await again;
  sum += co_await again;
  const auto constant = completing_with(error_code{}, 10);
  sum += co_await constant;
  sum += co_await std::move(again);
  co_await asio::post(executor, asio::deferred);
  co_await asio::dispatch(executor, asio::deferred);
  asio::steady_timer timer{executor, -1s};
  co_await timer.async_wait(asio::deferred);
  sum += 100;
}

template <class T> auto posted(const asio::any_io_executor& executor, T value) {
  return operation_of<T>([executor, value](auto handler) {
    asio::post(executor, [own = std::move(handler), value]() mutable { std::move(own)(value); });
  });
}
Async<> await_two_in_one_expression(int& sum, std::string& text) {
  const auto executor = co_await asio::this_coro::executor;
  auto one = posted(executor, 1);
  auto two = posted(executor, 2);
  sum = co_await std::move(one) * 10 + co_await std::move(two);
  auto at_once = completing_with(3);
  auto later = posted(executor, 4);
  sum += co_await std::move(at_once) * 1000 + co_await std::move(later) * 100;
  auto a = posted(executor, std::string(50, 'a'));
  auto b = posted(executor, std::string(50, 'b'));
  text = co_await std::move(a) + co_await std::move(b);
}

// ---- operations of another context

struct OtherContext {
  OtherContext() = default;
  OtherContext(const OtherContext&) = delete;
  OtherContext& operator=(const OtherContext&) = delete;
  ~OtherContext() {
    work.reset();
    context.stop();
    if (thread.joinable()) thread.join();
  }
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread{[this] { context.run(); }};
};

Async<> wait_elsewhere(OtherContext& other, int times, bool& was_here) {
  const auto here = std::this_thread::get_id();
  was_here = true;
  for (int i = 0; i < times; ++i) {
    asio::steady_timer timer{other.context, std::chrono::microseconds{i % 2}};
    co_await timer.async_wait(asio::deferred);
    co_await asio::post(other.context, asio::deferred);
    was_here = was_here && std::this_thread::get_id() == here;
  }
}
Async<> wait_long_elsewhere(asio::steady_timer& timer, FrameCount& frames) {
  const auto held = frames.object();
  co_await timer.async_wait(asio::deferred);
}

// ---- composed operations

using LocalSocket = asio::local::stream_protocol::socket;

Async<> echo_once(LocalSocket& socket) {
  std::array<char, 5> bytes{};
  const auto read = co_await asio::async_read(socket, asio::buffer(bytes), asio::deferred);
  co_await asio::async_write(socket, asio::buffer(bytes.data(), read), asio::deferred);
}
Async<> ask_once(LocalSocket& socket, std::string& answer) {
  const std::string question = "hello";
  // In two pieces: the other side has to read twice.
  co_await asio::async_write(socket, asio::buffer(question.data(), 2), asio::deferred);
  co_await cano::yield_now();
  co_await asio::async_write(socket, asio::buffer(question.data() + 2, 3), asio::deferred);
  answer.resize(5);
  co_await asio::async_read(socket, asio::buffer(answer), asio::deferred);
}
Async<> read_what_never_comes(LocalSocket& socket, std::size_t& read, error_code& error) {
  std::array<char, 5> bytes{};
  auto reading = asio::async_read(socket, asio::buffer(bytes), asio::as_tuple(asio::deferred));
  const auto [code, count] = co_await std::move(reading);
  error = code;
  read = count;
}
Async<> read_from_own(std::unique_ptr<LocalSocket> socket, FrameCount& frames) {
  const auto held = frames.object();
  std::array<char, 5> bytes{};
  static_cast<void>(co_await asio::async_read(*socket, asio::buffer(bytes), asio::deferred));
}
Async<> read_to_the_end(LocalSocket& socket, std::string& failure) {
  std::array<char, 5> bytes{};
  try {
    static_cast<void>(co_await asio::async_read(socket, asio::buffer(bytes), asio::deferred));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::eof) failure = "eof";
  }
}

// ---- what its cancellation does

enum class Emitted { Completes, CompletesByDispatch, Drops, Nothing };

std::ostream& operator<<(std::ostream& out, Emitted emitted) {
  constexpr const char* names[] = {"completes", "completes by dispatch", "drops the handler",
                                   "does nothing"};
  return out << names[static_cast<int>(emitted)];
}

// Its handler waits in the slot itself for what the cancellation does with it.
template <class Handler> struct OnEmit {
  std::shared_ptr<Handler> handler;
  Emitted what;
  void operator()(asio::cancellation_type_t /*type*/) {
    if (!handler || what == Emitted::Nothing) return;
    auto own = std::move(*std::exchange(handler, nullptr));
    if (what == Emitted::Completes) std::move(own)(7);
    if (what == Emitted::CompletesByDispatch) {
      const auto executor = asio::get_associated_executor(own);
      asio::dispatch(executor, [h = std::move(own)]() mutable { std::move(h)(7); });
    }
  }
};
auto completing_when_cancelled(Emitted what, std::function<void()>& complete) {
  return operation_of<int>([what, &complete](auto handler) {
    using Handler = decltype(handler);
    auto slot = asio::get_associated_cancellation_slot(handler);
    const auto shared = std::make_shared<Handler>(std::move(handler));
    slot.assign(OnEmit<Handler>{shared, what});
    if (what == Emitted::Nothing) complete = [shared] { std::move (*shared)(8); };
  });
}
Async<> await_cancelled(Emitted what, std::function<void()>& complete, bool& has_left_emit,
                        FrameCount& frames, int& value) {
  const auto held = frames.object();
  auto operation = completing_when_cancelled(what, complete);
  const int given = co_await std::move(operation);
  if (has_left_emit) value = given;
}

// ---- an executor of a program's own

// Counts what it executes.
class CountingExecutor {
 public:
  CountingExecutor(asio::io_context& context, int& count, bool never_blocks = false)
      : context_{&context}, count_{&count}, never_blocks_{never_blocks} {}
  template <class F> void execute(F&& function) const {
    ++*count_;
    asio::post(*context_, std::forward<F>(function));
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }
  CountingExecutor require(asio::execution::blocking_t::never_t) const {
    return {*context_, *count_, true};
  }
  friend bool operator==(const CountingExecutor&, const CountingExecutor&) noexcept = default;

 private:
  asio::io_context* context_;
  int* count_;
  bool never_blocks_;
};

Async<> use_own_executor(const CountingExecutor& executor, int& sum) {
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, CountingExecutor>
      timer{executor, 1us};
  co_await timer.async_wait(asio::deferred);
  co_await asio::post(executor, asio::deferred);
  co_await cano::yield_now();
  co_await cano::sleep_for(1us);
  sum += 1;
}

}  // namespace

TEST_CASE("a deferred operation may be awaited in every form") {
  PlacedContext place{any_place()};
  int sum = 0;
  StartedChain chain{place.executor(), await_deferred_in_every_form(sum)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(sum == 113);
}

TEST_CASE("one expression may await two operations") {
  PlacedContext place{any_place()};
  int sum = 0;
  std::string text;
  StartedChain chain{place.executor(), await_two_in_one_expression(sum, text)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(sum == 3412);
  CHECK(text == std::string(50, 'a') + std::string(50, 'b'));
}

TEST_CASE("an operation of a context that another thread runs comes back to the work's own") {
  OtherContext other;
  PlacedContext place{any_place()};
  bool was_here = false;
  StartedChain chain{place.executor(), wait_elsewhere(other, 20, was_here)};
  place.run();  // at work until then
  CHECK(chain.has_succeeded());
  CHECK(was_here);
}

TEST_CASE("an operation of another context may be cancelled") {
  OtherContext other;
  PlacedContext place{any_place()};
  FrameCount frames;
  asio::steady_timer timer{other.context, 1h};
  StartedChain chain{place.executor(), wait_long_elsewhere(timer, frames)};
  place.settle();
  chain.cancel();
  place.run();
  CHECK(chain.was_aborted());
  CHECK(frames.alive() == 0);
}

TEST_CASE("an operation of another context may end when the work's own is gone") {
  const bool is_run = GENERATE(false, true);
  CAPTURE(is_run);
  asio::io_context other{1};
  FrameCount frames;
  asio::steady_timer timer{other, 1h};
  StartedChain chain;
  {
    PlacedContext place{any_place()};
    chain.start(place.executor(), wait_long_elsewhere(timer, frames));
    place.settle();
    CHECK(frames.alive() == 1);
  }
  CHECK(frames.alive() == 0);
  timer.cancel();
  if (is_run) other.run();  // else its handler is destroyed
  CHECK_FALSE(chain.has_ended);
}

TEST_CASE("an operation of another context may end while the work's own goes") {
  OtherContext other;
  for (int i = 0; i < 100; ++i) {
    FrameCount frames;
    asio::steady_timer timer{other.context, 1h};
    StartedChain chain;
    {
      PlacedContext place{i % 2 == 0 ? Place::Context : Place::SerialContext};
      chain.start(place.executor(), wait_long_elsewhere(timer, frames));
      place.settle();
      asio::post(other.context, [&] { timer.cancel(); });
      if (i % 3 == 0) std::this_thread::yield();
      if (i % 4 < 2) place.settle();
    }
    CHECK(frames.alive() == 0);
    std::promise<void> done;
    asio::post(other.context, [&] { done.set_value(); });
    done.get_future().get();
  }
}

TEST_CASE("composed operations run on the executor of the work") {
  PlacedContext place{any_place()};
  LocalSocket first{place.context()};
  LocalSocket second{place.context()};
  asio::local::connect_pair(first, second);
  std::string answer;
  StartedChain echo{place.executor(), echo_once(first)};
  StartedChain ask{place.executor(), ask_once(second, answer)};
  place.run();
  CHECK(echo.has_succeeded());
  CHECK(ask.has_succeeded());
  CHECK(answer == "hello");
}

TEST_CASE("a composed operation that is cancelled reports what it had done") {
  PlacedContext place{any_place()};
  LocalSocket first{place.context()};
  LocalSocket second{place.context()};
  asio::local::connect_pair(first, second);
  std::size_t read = 0;
  error_code error;
  StartedChain chain{place.executor(), read_what_never_comes(first, read, error)};
  asio::write(second, asio::buffer("abc", 3));
  place.settle();
  REQUIRE_FALSE(chain.has_ended);
  chain.cancel();
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(error == asio::error::operation_aborted);
  CHECK(read == 3);
}

TEST_CASE("a composed operation that fails throws") {
  PlacedContext place{any_place()};
  LocalSocket first{place.context()};
  LocalSocket second{place.context()};
  asio::local::connect_pair(first, second);
  std::string failure_text;
  StartedChain chain{place.executor(), read_to_the_end(first, failure_text)};
  place.settle();
  second.close();
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(failure_text == "eof");
}

TEST_CASE("whatever a cancellation does with the handler, the work goes on later") {
  PlacedContext place{any_place()};
  const auto what =
      GENERATE(Emitted::Completes, Emitted::CompletesByDispatch, Emitted::Drops, Emitted::Nothing);
  CAPTURE(what);
  std::function<void()> complete;
  bool has_left_emit = false;
  FrameCount frames;
  int value = 0;
  StartedChain chain{place.executor(),
                     await_cancelled(what, complete, has_left_emit, frames, value)};
  place.settle();
  REQUIRE(frames.alive() == 1);
  const bool is_here = GENERATE(false, true);
  {
    // On the loop the slot is emitted inside this call; else it is posted there.
    const auto loop = cano::detail::Loop::of(place.executor());
    std::optional<cano::detail::Loop::Here> here;
    if (is_here) here.emplace(*loop);
    chain.cancel();
    has_left_emit = true;
    CHECK_FALSE(chain.has_ended);
  }
  if (what == Emitted::Nothing) {
    place.settle();
    CHECK_FALSE(chain.has_ended);
    asio::post(place.context(), std::exchange(complete, nullptr));
  }
  place.run();
  CHECK(frames.alive() == 0);
  CHECK(chain.has_succeeded() == (what != Emitted::Drops));
  CHECK(value == (what == Emitted::Drops ? 0 : what == Emitted::Nothing ? 8 : 7));
}

TEST_CASE("work may run on an executor of a program's own, and wait for operations of it") {
  const bool is_serial = GENERATE(false, true);
  PlacedContext place{is_serial ? Place::SerialContext : Place::Context};
  int count = 0;
  const CountingExecutor executor{place.context(), count};
  int sum = 0;
  StartedChain chain{executor, use_own_executor(executor, sum)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(sum == 1);
  CHECK(count > 0);
}

TEST_CASE("a socket goes with its context while it is read from") {
  PlacedContext place{any_place()};
  std::size_t read = 0;
  error_code error;
  auto first = std::make_unique<LocalSocket>(place.context());
  auto second = std::make_unique<LocalSocket>(place.context());
  asio::local::connect_pair(*first, *second);
  FrameCount frames;
  // The work owns its socket, or refers to one that goes before the context does.
  const bool owns = GENERATE(false, true);
  StartedChain chain;
  if (owns) {
    chain.start(place.executor(), read_from_own(std::move(first), frames));
  } else {
    chain.start(place.executor(), read_what_never_comes(*first, read, error));
  }
  place.settle();
  asio::write(*second, asio::buffer("abc", 3));
  if (GENERATE(false, true)) place.settle();
  second.reset();
  if (!owns) first.reset();
  place.destroy();
  CHECK(frames.alive() == 0);
  CHECK_FALSE(chain.has_ended);
}
