// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <cano/duration.hpp>

namespace cano {

/// The counters of a batch, while it runs or at its end; then they add up to `total_workflows`.
struct ConcurrentStatus {
  std::size_t total_workflows = 0;  ///< Instances in the batch.
  std::size_t completed = 0;        ///< Reached an exit state.
  std::size_t failed = 0;           ///< Ended with an error.
  std::size_t cancelled = 0;        ///< Stopped before their end, or never started.
  Duration elapsed{};               ///< Since the batch began.

  /// Whether every instance has finished.
  bool is_complete() const noexcept { return completed + failed + cancelled >= total_workflows; }

  /// Instances that have not finished, started or not.
  std::size_t running() const noexcept {
    return is_complete() ? 0 : total_workflows - completed - failed - cancelled;
  }

  bool operator==(const ConcurrentStatus&) const = default;
};

}  // namespace cano
