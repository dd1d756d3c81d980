// SPDX-License-Identifier: MIT
#pragma once

// time/: clocks, timers and time zones.

#include <chrono>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/duration.hpp>

namespace cano {

/// The clocks of the code on an executor: the real ones, or those of a `VirtualTime`.
///
/// Read "now" here, and wait with `Timer` or `sleep_for`, and a test decides how time passes. A
/// handle: make it once, copy it freely. In real time `now()` costs what
/// `std::chrono::steady_clock::now()` does.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe in real time; under `VirtualTime` only
/// on its thread.
///
/// **Lifetime.** Valid as long as the execution context it was made from.
class Clock {
 public:
  /// The clocks of the executor's context.
  static Clock of(const asio::any_io_executor& executor) {
    return Clock{detail::virtual_clock_of(executor)};
  }
  /// @overload
  static Clock of(asio::execution_context& context) {
    return Clock{detail::virtual_clock_of(context)};
  }

  /// For the library.
  static Clock of(detail::Loop& loop) noexcept { return Clock{loop.timers().clock()}; }

  /// The time to measure and to wait by: it never jumps.
  steady_time now() const noexcept {
    return virtual_ == nullptr ? std::chrono::steady_clock::now() : virtual_->now();
  }

  /// The time of day: it may be set, also backwards.
  system_time wall_now() const noexcept {
    return virtual_ == nullptr ? std::chrono::system_clock::now() : virtual_->wall_now();
  }

 private:
  explicit Clock(const detail::VirtualClock* clock) noexcept : virtual_{clock} {}

  const detail::VirtualClock* virtual_;
};

}  // namespace cano
