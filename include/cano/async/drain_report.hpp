// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>

#include <cano/duration.hpp>

namespace cano {

/// What became of the tasks of a `TaskGroup`: of all that have ended since the group was made or
/// since its last report, so that each task is in exactly one.
struct DrainReport {
  /// Ended without an exception, also when they had been cancelled.
  std::size_t finished = 0;
  /// Threw, without having been cancelled.
  std::size_t failed = 0;
  /// Threw after they had been cancelled, were not started any more, or were destroyed with their
  /// context.
  std::size_t cancelled = 0;
  /// How long the drain took.
  Duration elapsed{};
  /// What the first task threw that failed and whose failure was not reported yet, or null.
  std::exception_ptr first_failure;

  /// All that have ended.
  std::size_t total() const noexcept { return finished + failed + cancelled; }
};

}  // namespace cano
