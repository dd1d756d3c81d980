// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

/// How long a job is left alone after it has failed: occurrences until then are skipped with
/// `SkipReason::Backoff`.
///
/// The delay counts from the end of the failed run, by the steady clock. A success ends it; a run
/// that was cancelled changes nothing.
///
///     ScheduleOptions options{.backoff = Backoff::exponential(10s, 2.0, 10min)};
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Backoff {
 public:
  /// None: the job runs whenever it is due.
  constexpr Backoff() noexcept = default;

  /// The same after each failure.
  ///
  /// **Errors.** `Error(Configuration)` when it is negative.
  template <class Rep, class Period>
  static constexpr Backoff fixed(std::chrono::duration<Rep, Period> delay) {
    const Duration each = detail::to_duration(delay);
    return Backoff{each, 1.0, each};
  }

  /// `base` after one failure, `multiplier` times as much after each further one in a row, `max` at
  /// most.
  ///
  /// **Errors.** `Error(Configuration)` for a negative duration, and a multiplier that is not a
  /// number of at least 1.
  template <class Rep, class Period, class MaxRep = std::int64_t, class MaxPeriod = std::ratio<60>>
  static constexpr Backoff exponential(
      std::chrono::duration<Rep, Period> base, double multiplier = 2.0,
      std::chrono::duration<MaxRep, MaxPeriod> max = std::chrono::minutes{5}) {
    return Backoff{detail::to_duration(base), multiplier, detail::to_duration(max)};
  }

  /// The delay after so many failures in a row; zero after none.
  constexpr Duration delay_after(std::uint64_t failures) const noexcept {
    if (failures == 0) return Duration::zero();
    const auto most = static_cast<double>(max_.count());
    auto delay = static_cast<double>(base_.count());
    for (std::uint64_t i = 1; i < failures && delay > 0 && delay < most && multiplier_ > 1.0; ++i)
      delay *= multiplier_;
    // Not `>`: the longest duration may round up to a number that no longer fits.
    return delay >= most ? max_ : Duration{static_cast<Duration::rep>(delay)};
  }

  friend constexpr bool operator==(const Backoff&, const Backoff&) = default;

 private:
  constexpr Backoff(Duration base, double multiplier, Duration max)
      : base_{base}, multiplier_{multiplier}, max_{max} {
    if (base < Duration::zero() || max < Duration::zero()) {
      throw Error{Errc::Configuration, "Backoff: the delay must not be negative"};
    }
    if (!(multiplier >= 1.0)) {  // nor for what is not a number
      throw Error{Errc::Configuration, "Backoff: the multiplier must be at least 1"};
    }
  }

  Duration base_{};
  double multiplier_ = 1.0;
  Duration max_{};
};

}  // namespace cano
