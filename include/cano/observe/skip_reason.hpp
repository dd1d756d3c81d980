// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace cano {

/// What became of an occurrence of a schedule that did not start a run.
enum class SkipReason {
  Overlap,    ///< The job was still running, and may not run twice at once.
  Coalesced,  ///< A later one counts for it too.
  Misfire,    ///< Its time had passed by too much.
  Paused,     ///< The job was paused.
  Shutdown,   ///< It was queued when the scheduler stopped or the job was removed.
  Backoff,    ///< The job had failed, and `ScheduleOptions::backoff` was not over.
  Tripped,    ///< The job had failed `ScheduleOptions::trip_after` times, and was not reset.
  Unhealthy,  ///< `ScheduleOptions::health` said no.
};

/// The reason in lower case: "overlap", "backoff".
constexpr std::string_view to_string(SkipReason reason) noexcept {
  switch (reason) {
    case SkipReason::Overlap:
      return "overlap";
    case SkipReason::Coalesced:
      return "coalesced";
    case SkipReason::Misfire:
      return "misfire";
    case SkipReason::Paused:
      return "paused";
    case SkipReason::Backoff:
      return "backoff";
    case SkipReason::Tripped:
      return "tripped";
    case SkipReason::Unhealthy:
      return "unhealthy";
    case SkipReason::Shutdown:
      break;
  }
  return "shutdown";
}

}  // namespace cano
