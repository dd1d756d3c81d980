// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/time_source.hpp>

namespace cano {

/// The clocks of an execution context: the real ones, or those of a `VirtualTime`.
///
/// Everything in this library that asks for the time asks one of these.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
/// **Lifetime.** Use it only while its execution context lives.
class Clock {
 public:
  static Clock of(asio::execution_context& context) {
    return Clock{asio::use_service<detail::TimeService>(context).source()};
  }
  static Clock of(const asio::any_io_executor& executor) {
    return of(asio::query(executor, asio::execution::context));
  }

  /// For limits and intervals: never jumps, whatever is done to the wall clock.
  steady_time now() const {
    return source_ == nullptr ? std::chrono::steady_clock::now() : source_->now();
  }

  /// For calendars and timestamps.
  system_time wall_now() const {
    return source_ == nullptr ? std::chrono::system_clock::now() : source_->wall_now();
  }

 private:
  friend class Timer;
  explicit Clock(detail::TimeSource* source) noexcept : source_{source} {}

  detail::TimeSource* source_;
};

}  // namespace cano
