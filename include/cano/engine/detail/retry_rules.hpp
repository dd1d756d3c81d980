// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>

#include <cano/detail/random_bits.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/jitter.hpp>

namespace cano::detail {

/// The numbers of a retry policy, which have been checked, and what follows from them. By itself:
/// exponential back-off with three retries.
struct RetryRules {
  using Predicate = std::function<bool(const std::exception_ptr&)>;
  using DelayFrom = std::function<std::optional<Duration>(const std::exception_ptr&)>;

  std::size_t retries = 3;
  Duration base = std::chrono::milliseconds{100};  // at most `cap`
  Duration cap = std::chrono::seconds{30};
  double multiplier = 2.0;
  double jitter = 0.1;  // for Jitter::Proportional
  Jitter kind = Jitter::Proportional;
  std::optional<Duration> max_elapsed{};
  Duration max_retry_after = Duration::max();
  Predicate predicate{};   // empty: the default rule
  DelayFrom delay_from{};  // may be empty

  std::size_t max_attempts() const noexcept {
    return retries == unlimited ? unlimited : retries + 1;
  }

  /// A pause that a failure names, within the limit on such.
  Duration capped(Duration named) const noexcept {
    return std::clamp(named, Duration::zero(), max_retry_after);
  }

  /// The pause after attempt `failed` (from 0), or nothing when that was the last one. `previous`:
  /// the pause before that attempt, if there was one.
  template <RandomBitGenerator Random>
  std::optional<Duration> delay_after(std::size_t failed, std::optional<Duration> previous,
                                      Random& random) const {
    if (failed >= retries && retries != unlimited) return std::nullopt;
    const auto [low, high] = delay_range(failed, previous);
    return Duration{low == high ? low : random_between(low, high, random)};
  }

 private:
  // Both included, in the unit of `Duration`.
  struct Range {
    std::int64_t low, high;
  };

  Range delay_range(std::size_t failed, std::optional<Duration> previous) const {
    const std::int64_t most = cap.count();
    const std::int64_t delay = grown(multiplier, failed);
    const std::int64_t shortest = std::min<std::int64_t>(delay, 1);
    switch (kind) {
      case Jitter::Full:
        return {shortest, delay};
      case Jitter::Equal:
        return {std::max(shortest, delay / 2), delay};
      case Jitter::Decorrelated:
        return {base.count(), decorrelated_high(failed, previous)};
      case Jitter::Proportional:
        break;
    }
    const std::int64_t spread = std::min(to_integer(static_cast<double>(delay) * jitter), delay);
    const std::int64_t high = spread > most - delay ? most : delay + spread;
    return {std::max(shortest, delay - spread), high};
  }

  std::int64_t decorrelated_high(std::size_t failed, std::optional<Duration> previous) const {
    if (!previous) return std::max(std::int64_t{base.count()}, grown(3.0, failed + 1));
    const std::int64_t last = std::clamp(*previous, base, cap).count();
    return last > cap.count() / 3 ? std::int64_t{cap.count()} : last * 3;
  }

  // base * factor^exponent up to the cap; the power may well be infinite.
  std::int64_t grown(double factor, std::size_t exponent) const {
    if (base == Duration::zero()) return 0;
    if (factor == 1.0) return base.count();
    const double delay = static_cast<double>(base.count()) * std::pow(factor, exponent);
    const std::int64_t most = cap.count();
    return delay < static_cast<double>(most) ? std::min(to_integer(delay), most) : most;
  }

  // The nearest one. The largest integers are no doubles: those round up to one more.
  static std::int64_t to_integer(double number) noexcept {
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    return number < static_cast<double>(largest) ? std::llround(number) : largest;
  }
};

}  // namespace cano::detail
