// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <cano/async/detail/loop_service.hpp>
#include <cano/duration.hpp>
#include <cano/time/detail/virtual_wait.hpp>

namespace cano {

/// `asio::steady_timer` for code that a test may run under `VirtualTime`.
///
/// It behaves as Asio's does: setting an expiry cancels the waits under way, a wait on a time that
/// has passed completes at once, but never inside `async_wait`. In real time it *is* Asio's. Two
/// differences: it cannot be moved, and an expiry too far off to be expressed is the end of time.
///
/// **Cancellation.** `cancel()`, a new expiry, the destructor and the handler's cancellation slot
/// end a wait with `asio::error::operation_aborted`.
///
/// **Threads.** Distinct objects: safe. Shared objects: not safe. Under `VirtualTime`: only its
/// thread.
///
/// **Lifetime.** Must not outlive the executor's context.
class Timer {
 public:
  /// As Asio's timers have it.
  using executor_type = asio::any_io_executor;

  /// A timer whose expiry has passed: set one before waiting.
  explicit Timer(const executor_type& executor)
      : timer_{executor},
        waits_{detail::virtual_clock_of(executor) == nullptr
                   ? nullptr
                   : std::make_unique<detail::VirtualWaits>(executor)} {}

  /// A timer that expires at `expiry`.
  Timer(const executor_type& executor, steady_time expiry) : Timer{executor} {
    timer_.expires_at(expiry);
  }

  /// A timer that expires so long after now.
  template <class Rep, class Period>
  Timer(const executor_type& executor, std::chrono::duration<Rep, Period> from_now)
      : Timer{executor} {
    expires_after(from_now);
  }

  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no going on
  ~Timer() {
    if (waits_) waits_->cancel_all();
  }

  /// What handlers without an executor of their own run on.
  executor_type get_executor() { return timer_.get_executor(); }

  /// When the timer expires, or has.
  steady_time expiry() const { return timer_.expiry(); }

  /// Cancels the waits under way and sets the time; returns how many were cancelled.
  std::size_t expires_at(steady_time expiry) {
    const std::size_t cancelled = cancel();
    timer_.expires_at(expiry);
    return cancelled;
  }

  /// Sets a time of day, for a wait that has to notice when the clock on the wall is set.
  ///
  /// Such a wait may end too early, without an error: in real time it looks at the clock once a
  /// second, under `VirtualTime` it ends when the clock is stepped. Look at the clock, and wait
  /// again if it is not yet time.
  std::size_t expires_at(system_time time) {
    if (!waits_) {
      const auto left = detail::saturating_between(std::chrono::system_clock::now(), time);
      return expires_after(std::min(left, Duration{std::chrono::seconds{1}}));
    }
    const std::size_t cancelled =
        expires_after(detail::saturating_between(waits_->clock().wall_now(), time));
    waits_->watch_wall_clock();
    return cancelled;
  }

  /// `expires_at` so long after now; a negative duration is a time that has passed.
  template <class Rep, class Period>
  std::size_t expires_after(std::chrono::duration<Rep, Period> from_now) {
    const steady_time now = waits_ ? waits_->clock().now() : std::chrono::steady_clock::now();
    return expires_at(detail::saturating_add(now, detail::to_duration(from_now)));
  }

  /// Ends every wait that is not due yet; returns how many there were.
  std::size_t cancel() { return waits_ ? waits_->cancel_all() : timer_.cancel(); }

  /// Waits until the expiry; the token's signature is `void(boost::system::error_code)`.
  /// Its executor, if it has one, must convert to `asio::any_io_executor`, as all of Asio's do.
  template <asio::completion_token_for<void(boost::system::error_code)> CompletionToken>
  auto async_wait(CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(boost::system::error_code)>(StartWait{this},
                                                                                  token);
  }

 private:
  struct StartWait {
    using executor_type = asio::any_io_executor;
    executor_type get_executor() const { return self->get_executor(); }

    template <class Handler> void operator()(Handler&& handler) const {
      if (!self->waits_) {
        self->timer_.async_wait(std::forward<Handler>(handler));
      } else {
        self->waits_->start(self->expiry(), std::forward<Handler>(handler), self->get_executor());
      }
    }

    Timer* self;
  };

  asio::steady_timer timer_;  // under virtual time only the expiry and the executor
  std::unique_ptr<detail::VirtualWaits> waits_;  // under virtual time
};

}  // namespace cano
