// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include <cano/error.hpp>

namespace cano {

/// What becomes of an occurrence of a job while runs of the same job are under way.
///
///     ScheduleOptions options{.overlap = Overlap::QueueAll(10)};
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Overlap {
 public:
  /// Which of the policies.
  enum class Kind {
    Skip,           ///< `Overlap::Skip`.
    QueueOne,       ///< `Overlap::QueueOne`.
    QueueAll,       ///< `Overlap::QueueAll(max)`.
    CancelRunning,  ///< `Overlap::CancelRunning`.
    Allow,          ///< `Overlap::Allow(max)`.
  };

  static const Overlap Skip;           ///< It does not run. The policy unless told otherwise.
  static const Overlap QueueOne;       ///< It waits; all that become due meanwhile are one run.
  static const Overlap CancelRunning;  ///< The run under way is cancelled and joined, then it runs.

  // NOLINTBEGIN(readability-identifier-naming): they are named as the constants above.

  /// It waits; at most `max` do, and one more is skipped.
  ///
  /// **Errors.** `Error(Configuration)` for 0.
  static constexpr Overlap QueueAll(std::size_t max) {
    return Overlap{Kind::QueueAll, checked(max, "Overlap::QueueAll")};
  }

  /// It runs at the same time; at most `max` runs do, and one more is skipped.
  ///
  /// **Errors.** `Error(Configuration)` for 0.
  static constexpr Overlap Allow(std::size_t max) {
    return Overlap{Kind::Allow, checked(max, "Overlap::Allow")};
  }

  // NOLINTEND(readability-identifier-naming)

  /// Which policy it is.
  constexpr Kind kind() const noexcept { return kind_; }

  /// The bound of `QueueAll` and `Allow`; 1 for the others.
  constexpr std::size_t max() const noexcept { return max_; }

  /// Whether both are the same policy with the same bound.
  friend constexpr bool operator==(const Overlap&, const Overlap&) = default;

 private:
  explicit constexpr Overlap(Kind kind, std::size_t max = 1) noexcept : kind_{kind}, max_{max} {}

  static constexpr std::size_t checked(std::size_t max, const char* policy) {
    if (max == 0) {
      throw Error{Errc::Configuration,
                  std::string{policy} + ": the number must be at least 1, not 0"};
    }
    return max;
  }

  Kind kind_;
  std::size_t max_;
};

inline constexpr Overlap Overlap::Skip{Kind::Skip};
inline constexpr Overlap Overlap::QueueOne{Kind::QueueOne};
inline constexpr Overlap Overlap::CancelRunning{Kind::CancelRunning};

}  // namespace cano
