// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <ostream>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>

#include "support/catch.hpp"

// What the tests of Async's own parts run chains of coroutines with.

/// Counts those of its objects that are alive: parameters and locals of coroutines.
class FrameCount {
 public:
  class Object {
   public:
    explicit Object(FrameCount& count) noexcept : count_{&count} { ++count_->alive_; }
    Object(const Object& other) noexcept : count_{other.count_} { ++count_->alive_; }
    Object& operator=(const Object&) = delete;
    ~Object() { --count_->alive_; }

   private:
    FrameCount* count_;
  };

  Object object() noexcept { return Object{*this}; }
  int alive() const noexcept { return alive_; }

 private:
  std::atomic<int> alive_{0};
};

/// An operation of Asio's that calls `initiation(handler)` when it is awaited.
template <class... Args, class Initiation> auto operation_of(Initiation initiation) {
  return boost::asio::async_initiate<const boost::asio::deferred_t&, void(Args...)>(
      std::move(initiation), boost::asio::deferred);
}

inline bool is_abort(const std::exception_ptr& thrown) {
  if (!thrown) return false;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

/// Work without a result that was started on an executor, and how it ended.
struct StartedChain {
  boost::asio::cancellation_signal signal;
  std::exception_ptr error;
  bool has_ended = false;

  StartedChain() = default;
  StartedChain(const boost::asio::any_io_executor& executor, cano::Async<> work) {
    start(executor, std::move(work));
  }
  StartedChain(const StartedChain&) = delete;
  StartedChain& operator=(const StartedChain&) = delete;
  ~StartedChain() = default;

  void start(const boost::asio::any_io_executor& executor, cano::Async<> work) {
    std::move(work)(boost::asio::bind_cancellation_slot(
        signal.slot(), boost::asio::bind_executor(executor, [this](std::exception_ptr thrown) {
          error = std::move(thrown);
          has_ended = true;
        })));
  }
  void cancel() { signal.emit(boost::asio::cancellation_type::all); }
  bool was_aborted() const { return has_ended && is_abort(error); }
  bool has_succeeded() const { return has_ended && !error; }
};

/// The executors on which work may run, each over a context that the test runs itself.
enum class Place { Context, SerialContext, Strand, StrandOfSerialContext };

inline std::ostream& operator<<(std::ostream& out, Place place) {
  constexpr const char* names[] = {"context", "serial context", "strand",
                                   "strand of a serial context"};
  return out << names[static_cast<int>(place)];
}

class PlacedContext {
 public:
  explicit PlacedContext(Place place) : context_{std::make_unique<boost::asio::io_context>(1)} {
    if (place == Place::SerialContext || place == Place::StrandOfSerialContext) {
      cano::detail::mark_serial(*context_);
    }
    if (place == Place::Strand || place == Place::StrandOfSerialContext) {
      executor_ = boost::asio::make_strand(*context_);
    } else {
      executor_ = context_->get_executor();
    }
  }

  const boost::asio::any_io_executor& executor() const { return executor_; }
  boost::asio::io_context& context() { return *context_; }

  /// Runs what is ready, and what that makes ready.
  void settle() {
    context_->restart();
    context_->poll();
  }
  /// Runs until no work is left.
  void run() {
    context_->restart();
    context_->run();
  }
  /// Destroys the context with all that waits in it.
  void destroy() {
    executor_ = {};
    context_.reset();
  }

 private:
  std::unique_ptr<boost::asio::io_context> context_;
  boost::asio::any_io_executor executor_;
};

/// In a test case: the rest of it is run in each place.
inline Place any_place() {
  return GENERATE(Place::Context, Place::SerialContext, Place::Strand,
                  Place::StrandOfSerialContext);
}
