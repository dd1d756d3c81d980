// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cano/duration.hpp>

namespace cano {

/// What was under way when a scheduler was stopped, and what became of it.
struct ShutdownReport {
  std::vector<std::string>
      completed;  ///< Ids of jobs, sorted, one for each run that came to its end.
  std::vector<std::string> cancelled;  ///< The same of runs that were cancelled.
  std::uint64_t dropped = 0;           ///< Occurrences that were queued.
  Duration elapsed{};                  ///< From the call to the end of the last run.

  /// Whether nothing was cancelled or dropped.
  bool is_clean() const noexcept { return cancelled.empty() && dropped == 0; }
};

}  // namespace cano
