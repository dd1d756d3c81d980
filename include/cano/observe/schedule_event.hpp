// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/observe/skip_reason.hpp>  // IWYU pragma: export
#include <cano/outcome.hpp>              // IWYU pragma: export

namespace cano {

/// A moment at which a scheduled job is to run.
///
/// Each is reported as due once, and then once as started or as skipped.
struct OccurrenceDue {
  std::string_view job;
  std::optional<system_time> nominal;  ///< Empty for a manual trigger.
  system_time at;
  std::uint64_t count = 1;  ///< How many at once, when some were missed: the last is given.
  steady_time steady_at{};  ///< `at` by the steady clock.
};

/// An occurrence waits until a run of the job under way has ended.
struct OccurrenceQueued {
  std::string_view job;
  std::optional<system_time> nominal;  ///< When it was due; empty for a manual trigger.
  system_time at;
  steady_time steady_at{};  ///< `at` by the steady clock.
};

/// A job begins to run.
struct OccurrenceStarted {
  std::string_view job;
  std::uint64_t run;                   ///< Number of the job's run, from 1.
  std::optional<system_time> nominal;  ///< When it was due; empty for a manual trigger.
  Duration lateness;                   ///< From then until now.
  system_time at;
  std::uint64_t missed = 0;  ///< How many earlier occurrences it counts for as well.
  steady_time steady_at{};   ///< `at` by the steady clock.
  /// The run's id, such as "nightly#7": that of the workflow's run or batch that it is, and the
  /// parent id of those that it starts.
  std::string_view run_id{};
};

/// A run of a job has ended.
struct OccurrenceFinished {
  std::string_view job;
  std::uint64_t run;       ///< Number of the job's run, from 1.
  Outcome outcome;         ///< How it ended.
  std::string_view error;  ///< Why, for other outcomes than success.
  Duration elapsed;        ///< Since it began.
  system_time at;
  steady_time steady_at{};    ///< `at` by the steady clock.
  std::string_view run_id{};  ///< As in `OccurrenceStarted`.
};

/// An occurrence has come to nothing.
struct OccurrenceSkipped {
  std::string_view job;
  std::optional<system_time> nominal;  ///< When it was due; empty for a manual trigger.
  SkipReason reason;
  system_time at;
  std::uint64_t count = 1;  ///< How many at once: the last is given.
  steady_time steady_at{};  ///< `at` by the steady clock.
};

}  // namespace cano
