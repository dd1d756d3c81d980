// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/timer.hpp>

namespace cano::detail {

/// Why a run was interrupted from outside its tasks.
enum class Interrupt : std::uint8_t { None, AttemptTimeout, StateTimeout, RunTimeout, Stop };

/// What can cancel a run from outside: its stop token, its limits, the caller's cancellation slot.
///
/// All of them end in `interrupt`, on the run's serial executor, which emits the one signal that
/// the coroutine of the run is bound to. Shared: a timer or a stop callback may still be on its way
/// to the executor when the run has ended, and finds the scope closed.
class RunScope : public std::enable_shared_from_this<RunScope> {
 public:
  explicit RunScope(asio::any_io_executor serial)
      : executor_{std::move(serial)}, limit_timer_{executor_}, clock_{Clock::of(executor_)} {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  /// Follows `stop`, from whichever thread it is requested. Call once, before the run starts.
  void watch(const std::stop_token& stop) {
    stop_ = stop;
    if (stop.stop_possible()) on_stop_.emplace(stop, PostStop{weak_from_this(), executor_});
  }

  /// Interrupts with `reason` at `deadline`; replaces the limit that was armed before.
  ///
  /// A timer that already runs and ends earlier is left alone: it arms itself again when it fires
  /// too early. Most attempts end in time, and this makes a limit cost them no timer operation.
  void arm(steady_time deadline, Interrupt reason) {
    limit_ = deadline;
    reason_ = reason;
    if (limit_ < timer_ends_) start_timer();
  }

  /// Cancels what the run awaits. The first reason counts until `resume`.
  void interrupt(Interrupt reason) {
    if (closed_ || (interrupted_ != Interrupt::None && reason != Interrupt::Stop)) return;
    interrupted_ = reason;
    if (attempt_stop_) attempt_stop_->request_stop();
    signal_.emit(asio::cancellation_type::all);
  }

  Interrupt interrupted() const noexcept { return interrupted_; }
  const std::stop_token& stop() const noexcept { return stop_; }

  /// Starts afresh after an interrupt that did not end the run.
  void resume() {
    interrupted_ = Interrupt::None;
    attempt_stop_.reset();
    forward_stop_.reset();
  }

  /// Nothing reaches the run after this.
  void close() {
    closed_ = true;
    on_stop_.reset();
    limit_timer_.cancel();
  }

  /// Requested when the running attempt should stop: by the stop token at once, from its own
  /// thread; by a limit when it passes. Made on demand, as few tasks ask.
  std::stop_token attempt_stop_token() {
    if (!attempt_stop_) {
      attempt_stop_.emplace();
      if (interrupted_ != Interrupt::None) attempt_stop_->request_stop();
      forward_stop_.emplace(stop_, RequestStop{*attempt_stop_});
    }
    return attempt_stop_->get_token();
  }

 private:
  void start_timer() {
    timer_ends_ = limit_;
    limit_timer_.expires_at(limit_);
    limit_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->closed_) self->timer_fired();
    });
  }

  void timer_fired() {
    // A wait that was replaced may still arrive as one that came to its end; the clock decides.
    if (clock_.now() < timer_ends_) return;
    timer_ends_ = steady_time::max();
    if (limit_ == steady_time::max()) return;
    if (clock_.now() >= limit_) {
      interrupt(reason_);
    } else {
      start_timer();
    }
  }

  struct PostStop {
    std::weak_ptr<RunScope> scope;
    asio::any_io_executor executor;
    void operator()() const {
      asio::post(executor, [target = scope] {
        if (const auto alive = target.lock()) alive->interrupt(Interrupt::Stop);
      });
    }
  };
  struct RequestStop {
    std::stop_source source;
    void operator()() { source.request_stop(); }
  };

  asio::any_io_executor executor_;
  asio::cancellation_signal signal_;
  Timer limit_timer_;
  Clock clock_;
  steady_time limit_ = steady_time::max();
  steady_time timer_ends_ = steady_time::max();  // when the timer under way ends, if one is
  Interrupt reason_ = Interrupt::None;
  Interrupt interrupted_ = Interrupt::None;
  bool closed_ = false;
  std::stop_token stop_;
  std::optional<std::stop_callback<PostStop>> on_stop_;
  std::optional<std::stop_source> attempt_stop_;
  std::optional<std::stop_callback<RequestStop>> forward_stop_;
};

}  // namespace cano::detail
