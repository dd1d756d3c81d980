// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <cano/error.hpp>

namespace cano {

/// What becomes of occurrences that were missed: the machine was asleep, its clock was put forward,
/// or the executor was busy.
///
///     ScheduleOptions options{.misfire = Misfire::FireAll(24)};
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Misfire {
 public:
  /// Which of the policies.
  enum class Kind {
    FireOnce,  ///< `Misfire::FireOnce`.
    Skip,      ///< `Misfire::Skip`.
    FireAll,   ///< `Misfire::FireAll(max)`.
  };

  /// The last of them runs, at once, and knows how many it counts for. The policy unless told
  /// otherwise.
  static const Misfire FireOnce;

  /// None of them runs, but for the last if it is not later than `ScheduleOptions::misfire_grace`.
  static const Misfire Skip;

  // NOLINTBEGIN(readability-identifier-naming): it is named as the constants above.

  /// The last `max` of them run, at most 10,000; one after the other, unless `Overlap::Allow` lets
  /// them run at once.
  ///
  /// **Errors.** `Error(Configuration)` for 0.
  static constexpr Misfire FireAll(std::size_t max) {
    if (max == 0) {
      throw Error{Errc::Configuration, "Misfire::FireAll: the number must be at least 1, not 0"};
    }
    return Misfire{Kind::FireAll, max};
  }

  // NOLINTEND(readability-identifier-naming)

  /// Which policy it is.
  constexpr Kind kind() const noexcept { return kind_; }

  /// How many may run: the bound of `FireAll`, 1 for the others.
  constexpr std::size_t max() const noexcept { return max_; }

  /// Whether both are the same policy with the same bound.
  friend constexpr bool operator==(const Misfire&, const Misfire&) = default;

 private:
  explicit constexpr Misfire(Kind kind, std::size_t max = 1) noexcept : kind_{kind}, max_{max} {}

  Kind kind_;
  std::size_t max_;
};

inline constexpr Misfire Misfire::FireOnce{Kind::FireOnce};
inline constexpr Misfire Misfire::Skip{Kind::Skip};

}  // namespace cano
