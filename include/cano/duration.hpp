// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>
#include <utility>

#include <cano/version.hpp>  // IWYU pragma: keep

namespace cano {

/// How long: every limit, delay and interval of the library, in the steady clock's unit.
///
/// 292 years is the longest. Functions take any `std::chrono` duration and stop there; a member of
/// this type, such as `WaitDuration::limit`, is converted by `std::chrono`, which overflows: set it
/// to `Duration::max()`, not `hours::max()`.
using Duration = std::chrono::steady_clock::duration;

/// A point on the clock that never jumps: deadlines and intervals.
using steady_time = std::chrono::steady_clock::time_point;

/// A point on the clock on the wall, which may be set: cron and timestamps.
using system_time = std::chrono::system_clock::time_point;

namespace detail {

// count * Ratio in Int's range. Divides first: the product alone may not fit.
template <class Int, class Ratio, std::integral Count>
constexpr Int saturating_scale(Count count) noexcept {
  static_assert(Ratio::num <= std::numeric_limits<std::intmax_t>::max() / Ratio::den,
                "a duration with so odd a period cannot be converted");
  using Limits = std::numeric_limits<Int>;
  using Wide = std::common_type_t<Count, std::intmax_t>;
  const Wide whole = static_cast<Wide>(count) / static_cast<Wide>(Ratio::den);
  if (std::cmp_greater(whole, Limits::max() / Ratio::num)) return Limits::max();
  if (std::cmp_less(whole, Limits::min() / Ratio::num)) return Limits::min();
  const auto rest = static_cast<std::intmax_t>(static_cast<Wide>(count) % Wide{Ratio::den});
  const auto scaled = static_cast<std::intmax_t>(whole) * Ratio::num;
  const auto part = rest * Ratio::num / Ratio::den;
  if (part > 0 && scaled > Limits::max() - part) return Limits::max();
  if (part < 0 && scaled < Limits::min() - part) return Limits::min();
  return static_cast<Int>(scaled + part);
}

/// `duration_cast` that stops at the ends of the range where that one overflows. NaN is zero.
template <class To, class Rep, class Period>
constexpr To saturate_cast(std::chrono::duration<Rep, Period> from) noexcept {
  using Int = typename To::rep;
  using Ratio = std::ratio_divide<Period, typename To::period>;
  using Limits = std::numeric_limits<Int>;
  static_assert(std::signed_integral<Int>);
  if constexpr (std::integral<Rep>) {
    return To{saturating_scale<Int, Ratio>(from.count())};
  } else {
    const auto count = static_cast<long double>(from.count()) * Ratio::num / Ratio::den;
    // Not `>`: the largest integer may round up to a number that no longer fits.
    if (count >= static_cast<long double>(Limits::max())) return To::max();
    if (count > static_cast<long double>(Limits::min())) return To{static_cast<Int>(count)};
    // NaN compares with nothing.
    return count <= static_cast<long double>(Limits::min()) ? To::min() : To::zero();
  }
}

/// Any `std::chrono` duration as a `Duration`, stopping at the ends of its range (292 years).
template <class Rep, class Period>
constexpr Duration to_duration(std::chrono::duration<Rep, Period> from) noexcept {
  return saturate_cast<Duration>(from);
}

/// The sum, or the end of the range that it would pass.
constexpr Duration saturating_add(Duration a, Duration b) noexcept {
  if (b > Duration::zero() && a > Duration::max() - b) return Duration::max();
  if (b < Duration::zero() && a < Duration::min() - b) return Duration::min();
  return a + b;
}

/// The time that much later (or earlier), or the end of the range that it would pass.
template <class Clock, class Unit>
constexpr std::chrono::time_point<Clock, Unit> saturating_add(
    std::chrono::time_point<Clock, Unit> time, Duration by) noexcept {
  const auto sum = saturating_add(to_duration(time.time_since_epoch()), by);
  return std::chrono::time_point<Clock, Unit>{saturate_cast<Unit>(sum)};
}

/// How much later `to` is than `from`, within the range of `Duration`.
template <class Clock, class Unit>
constexpr Duration saturating_between(std::chrono::time_point<Clock, Unit> from,
                                      std::chrono::time_point<Clock, Unit> to) noexcept {
  const Duration start = to_duration(from.time_since_epoch());
  const Duration end = to_duration(to.time_since_epoch());
  if (start < Duration::zero() && end > Duration::max() + start) return Duration::max();
  if (start > Duration::zero() && end < Duration::min() + start) return Duration::min();
  return end - start;
}

}  // namespace detail
}  // namespace cano
