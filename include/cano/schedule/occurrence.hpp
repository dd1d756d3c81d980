// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include <cano/duration.hpp>

namespace cano {

/// One time at which a job is due: by its schedule, or because it was triggered.
///
/// It grows on its way: the schedule sets `nominal`, the run sets the other fields, and with its
/// end the occurrence is part of a `JobOutcome`.
///
///     scheduler.every("poll", [](const Occurrence& now) -> Async<void> { ... }, 5s);
///
/// **Lifetime.** One that is taken by reference lives until the run has ended.
struct Occurrence {
  std::string id;          ///< The job's.
  system_time nominal;     ///< When the schedule names it; for a trigger, when that came.
  system_time actual;      ///< When it began.
  Duration lateness{};     ///< How much later than due it began. A spread is not late.
  std::uint64_t missed{};  ///< How many earlier occurrences it counts for as well.
  std::uint64_t run{};     ///< Number of the job's run, from 1.
  bool triggered = false;  ///< By hand, not by the schedule.
  std::stop_token stop{};  ///< Requested when the run is to end, for work that does not await.
};

}  // namespace cano
