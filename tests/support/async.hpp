// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"

// What the tests of coroutines run them with.

/// Counts the objects of this type that are alive: parameters and locals of coroutines.
struct Alive {
  explicit Alive(std::atomic<int>& c) : count{&c} { ++*count; }
  Alive(const Alive& other) : count{other.count} { ++*count; }
  Alive& operator=(const Alive&) = default;
  ~Alive() { --*count; }
  std::atomic<int>* count;
};

/// Neither copyable nor default-constructible.
struct MoveOnly {
  explicit MoveOnly(int v) : value{std::make_unique<int>(v)} {}
  std::unique_ptr<int> value;
};

inline bool is_aborted(const std::exception_ptr& thrown) {
  if (!thrown) return false;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

/// A coroutine that was started, and what became of it.
template <class T> struct StartedAsync {
  using Value = cano::detail::AwaitedValue<T>;

  boost::asio::cancellation_signal signal;
  std::optional<Value> value;
  std::exception_ptr error;
  bool has_ended = false;

  StartedAsync(const boost::asio::any_io_executor& executor, cano::Async<T> work) {
    keep_result(*this, std::move(work))(boost::asio::bind_cancellation_slot(
        signal.slot(), boost::asio::bind_executor(executor, [this](std::exception_ptr thrown) {
          error = std::move(thrown);
          has_ended = true;
        })));
  }
  void cancel() { signal.emit(boost::asio::cancellation_type::terminal); }
  bool was_aborted() const { return has_ended && is_aborted(error); }

  T result() {
    if (error) std::rethrow_exception(error);
    if (!value) throw std::logic_error{"the coroutine has not ended"};
    return static_cast<T>(std::move(*value));
  }

 private:
  static cano::Async<void> keep_result(StartedAsync& self, cano::Async<T> work) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      self.value.emplace();
    } else {
      self.value.emplace(co_await std::move(work));
    }
  }
};

/// A context that one thread runs, whose time is virtual.
class SerialClock {
 public:
  boost::asio::any_io_executor get_executor() const { return time_->get_executor(); }
  cano::Duration elapsed() const { return time_->elapsed(); }

  /// Runs what is ready.
  void settle() { time_->run_for(cano::Duration::zero()); }
  /// Calls a function on the context, then runs what is ready.
  template <class F> void run_here(F function) {
    {
      const auto loop = cano::detail::Loop::of(get_executor());
      const cano::detail::Loop::Here here{*loop};
      function();
    }
    settle();
  }
  /// Runs until `time` after the start.
  void run_until(cano::Duration time) { time_->run_for(time - elapsed()); }
  /// Runs until nothing is left to wait for.
  void run_all() { time_->run_until_idle(); }
  /// Runs the work to its end.
  template <class T> T run(cano::Async<T> work) { return time_->run(std::move(work)); }
  /// Destroys the context with all that waits in it.
  void destroy() { time_.reset(); }

 private:
  std::unique_ptr<cano::VirtualTime> time_ = std::make_unique<cano::VirtualTime>();
};

/// A context in real time where each coroutine that is started gets a strand of its own.
class StrandClock {
 public:
  boost::asio::any_io_executor get_executor() { return context_->get_executor(); }
  void settle() {
    context_->restart();
    context_->poll();
  }
  template <class T> T run(cano::Async<T> work) {
    StartedAsync<T> started{get_executor(), std::move(work)};
    context_->restart();
    context_->run();
    REQUIRE(started.has_ended);
    return started.result();
  }
  /// Runs until nothing is under way any more.
  void finish() {
    context_->restart();
    context_->run();
  }
  void destroy() { context_.reset(); }

 private:
  std::unique_ptr<boost::asio::io_context> context_ = std::make_unique<boost::asio::io_context>(1);
};

/// What `run` throws; null where it throws nothing.
template <class ClockFixture, class T>
std::exception_ptr failure_of(ClockFixture& fixture, cano::Async<T> work) {
  try {
    static_cast<void>(fixture.run(std::move(work)));
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}
