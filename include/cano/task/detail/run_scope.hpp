// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/error_code.hpp>

#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/timer.hpp>

namespace cano::detail {

/// Why a run was interrupted from outside its tasks.
enum class Interrupt : std::uint8_t { None, AttemptTimeout, StateTimeout, RunTimeout, Stop };

/// What can cancel a run from outside: a stop request, a limit, the caller's cancellation slot.
///
/// All of them end in `interrupt`, on the run's serial executor, which emits the one signal that
/// the coroutine of the run is bound to. Shared: a timer or a stop request may still be on its way
/// to the executor when the run has ended, and finds the scope closed. One exists for every
/// instance of a batch that waits, so what few runs need is allocated on demand.
class RunScope : public std::enable_shared_from_this<RunScope> {
 public:
  /// The executor lives as long as the scope.
  explicit RunScope(const asio::any_io_executor& serial) noexcept : executor_{&serial} {}

  const asio::any_io_executor& executor() const noexcept { return *executor_; }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  /// Interrupts with `reason` at `deadline`; replaces the limit that was armed before.
  ///
  /// A timer that already runs and ends earlier is left alone: it starts again when it finds that
  /// it came too early. Most attempts end in time, and this way a limit costs them no timer
  /// operation.
  void arm(steady_time deadline, Interrupt reason) {
    limit_ = deadline;
    reason_ = reason;
    if (limit_ == steady_time::max()) return;
    if (!limit_timer_) limit_timer_ = std::make_unique<LimitTimer>(*executor_);
    if (limit_ < limit_timer_->ends) start_timer();
  }

  /// Cancels what the run awaits. The first reason counts until `resume`, but for a stop.
  void interrupt(Interrupt reason) {
    if (closed_ || (interrupted_ != Interrupt::None && reason != Interrupt::Stop)) return;
    interrupted_ = reason;
    if (attempt_stop_) attempt_stop_->source.request_stop();
    signal_.emit(asio::cancellation_type::all);
  }

  void stop() { interrupt(Interrupt::Stop); }

  Interrupt interrupted() const noexcept { return interrupted_; }

  /// Starts afresh after an interrupt that did not end the run.
  void resume() noexcept {
    interrupted_ = Interrupt::None;
    attempt_stop_.reset();
  }

  /// Starts afresh for another run, which takes the place of the one that has ended.
  void reuse() noexcept {
    resume();
    limit_ = steady_time::max();
  }

  /// Nothing reaches the run after this.
  void close() {
    closed_ = true;
    if (limit_timer_) limit_timer_->timer.cancel();
  }

  /// Requested when the running attempt should stop: with `run_stop` at once, from whichever thread
  /// requests that; by a limit when it passes.
  std::stop_token attempt_stop_token(const std::stop_token& run_stop) {
    if (!attempt_stop_) {
      attempt_stop_ = std::make_unique<AttemptStop>(run_stop);
      if (interrupted_ != Interrupt::None) attempt_stop_->source.request_stop();
    }
    return attempt_stop_->source.get_token();
  }

 private:
  struct LimitTimer {
    explicit LimitTimer(const asio::any_io_executor& executor)
        : timer{executor}, clock{Clock::of(executor)} {}
    Timer timer;
    Clock clock;
    steady_time ends = steady_time::max();  // when the wait under way ends, if there is one
  };

  struct AttemptStop {
    struct Request {
      std::stop_source source;
      void operator()() { source.request_stop(); }
    };
    explicit AttemptStop(const std::stop_token& run_stop) : forward{run_stop, Request{source}} {}
    std::stop_source source;
    std::stop_callback<Request> forward;
  };

  void start_timer() {
    limit_timer_->ends = limit_;
    limit_timer_->timer.expires_at(limit_);
    limit_timer_->timer.async_wait(member_call<&RunScope::wait_ended>(weak_from_this()));
  }

  void wait_ended(const boost::system::error_code& error) {
    if (error || closed_) return;
    const steady_time now = limit_timer_->clock.now();
    // A wait that was replaced may still arrive as one that came to its end; the clock decides.
    if (now < limit_timer_->ends) return;
    limit_timer_->ends = steady_time::max();
    if (limit_ == steady_time::max()) return;
    if (now >= limit_) {
      interrupt(reason_);
    } else {
      start_timer();
    }
  }

  const asio::any_io_executor* executor_;
  asio::cancellation_signal signal_;
  steady_time limit_ = steady_time::max();
  Interrupt reason_ = Interrupt::None;
  Interrupt interrupted_ = Interrupt::None;
  bool closed_ = false;
  std::unique_ptr<LimitTimer> limit_timer_;
  std::unique_ptr<AttemptStop> attempt_stop_;
};

}  // namespace cano::detail
