// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include <cano/duration.hpp>

namespace cano {

/// Over which calls a circuit breaker takes the share of failures: the last so many, or those of
/// the last so long. `.window = 50`, `.window = 10s`.
class CircuitWindow {
 public:
  /// The last so many.
  CircuitWindow(std::size_t calls) noexcept  // NOLINT(google-explicit-constructor)
      : calls_{calls} {}
  /// Those of a time, which moves on in steps of a 64th of it.
  CircuitWindow(Duration time) noexcept  // NOLINT(google-explicit-constructor)
      : time_{time} {}
  /// @overload
  template <class Rep, class Period>
  CircuitWindow(std::chrono::duration<Rep, Period> time) noexcept  // NOLINT
      : time_{detail::to_duration(time)} {}

  /// How many; empty where it is a time.
  std::optional<std::size_t> calls() const noexcept { return calls_; }
  /// How long; empty where it is a number of calls.
  std::optional<Duration> time() const noexcept { return time_; }

 private:
  std::optional<std::size_t> calls_;
  std::optional<Duration> time_;
};

/// When a `CircuitBreaker` opens, for how long, and what closes it.
///
///     circuit_breaker({.name = "payments", .consecutive = 5, .slow_call = 2s, .open_for = 30s})
struct CircuitBreakerOptions {
  /// For errors and events.
  std::string name = "circuit breaker";
  /// It opens after so many failures in a row; 0: those do not open it.
  std::size_t consecutive = 5;
  /// The calls of which `failure_rate` is a share.
  CircuitWindow window = std::size_t{20};
  /// It opens when at least this share of the calls in the window has failed, from above 0 to 1;
  /// empty: the share does not open it. It is kept in billionths, rounded down.
  std::optional<double> failure_rate{};
  /// How many calls there must be in the window before their share counts. Unless told 10, or as
  /// many as the window has.
  std::optional<std::size_t> min_calls{};
  /// A call that takes longer counts as a failure, whatever came of it.
  std::optional<Duration> slow_call{};
  /// How long it stays open, before it lets probes through.
  Duration open_for = std::chrono::seconds{30};
  /// With it, each time that a probe fails it stays open twice as long as before, up to this.
  std::optional<Duration> max_open_for{};
  /// How many calls are let through then, at most; all of them have to succeed.
  std::size_t probes = 1;
  /// Whether an exception is a failure of the service; what is not counts as a success. Unless told
  /// what is worth a retry by default is one, and the rest, such as a `std::logic_error`, counts
  /// neither way. It is never asked about cancellation.
  std::function<bool(const std::exception_ptr&)> counts_as_failure{};
};

}  // namespace cano
