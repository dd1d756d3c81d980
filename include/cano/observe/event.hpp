// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/span.hpp>

namespace cano {

/// How a run, an instance or a scheduled occurrence ended.
enum class Outcome { Success, Failed, Cancelled };

/// "success", "failed" or "cancelled".
constexpr std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Success:
      return "success";
    case Outcome::Failed:
      return "failed";
    case Outcome::Cancelled:
      break;
  }
  return "cancelled";
}

/// The three parts of a Node's attempt.
enum class Phase { Prep, Exec, Post };

/// "prep", "exec" or "post".
constexpr std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::Prep:
      return "prep";
    case Phase::Exec:
      return "exec";
    case Phase::Post:
      break;
  }
  return "post";
}

// Events are views: what they point to lives until the hook they are handed to returns.

/// Which run an event belongs to.
struct RunInfo {
  std::string_view run_id;      ///< `RunOptions::run_id`, or one made by the library.
  std::size_t instance_id = 0;  ///< Index in its batch; 0 for a run of its own.
  bool in_batch = false;        ///< Whether the run is one instance of a batch.
  const Span* span = nullptr;   ///< From `with_tracing_span`; null without one.
};

struct RunStarted {
  const RunInfo& run;
  std::string_view state;
  steady_time at;
};

struct RunFinished {
  const RunInfo& run;
  Outcome outcome;
  std::string_view state;  ///< The final state; for other outcomes the one it stopped in.
  std::string_view error;  ///< Empty on success.
  std::size_t transitions;
  std::size_t attempts;
  Duration elapsed;
  steady_time at;
};

struct StateEntered {
  const RunInfo& run;
  std::string_view state;
  steady_time at;
};

struct AttemptStarted {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;  ///< From 1.
  std::size_t max_attempts;
  steady_time at;
};

struct AttemptSucceeded {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;
  std::string_view next_state;
  Duration elapsed;
  steady_time at;
};

struct AttemptFailed {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;
  std::size_t max_attempts;
  std::string_view error;
  bool timed_out;  ///< A limit of the library ended it.
  bool will_retry;
  Duration elapsed;
  steady_time at;
};

struct RetryPause {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;  ///< The attempt that failed.
  Duration delay;
  steady_time at;
};

struct PhaseStarted {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;
  Phase phase;
  steady_time at;
};

struct PhaseFinished {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;
  Phase phase;
  bool failed;
  Duration elapsed;
  steady_time at;
};

/// What a task said with `TaskContext::log`.
struct LogRecord {
  const RunInfo& run;
  std::string_view state;
  std::size_t attempt;
  Level level;
  std::string_view message;
  std::span<const Field> fields;
  steady_time at;
};

struct BatchStarted {
  const RunInfo& run;
  std::size_t instances;
  std::string_view wait_strategy;
  steady_time at;
};

struct BatchFinished {
  const RunInfo& run;
  std::size_t total;
  std::size_t completed;
  std::size_t failed;
  std::size_t cancelled;
  Duration elapsed;
  steady_time at;
};

/// What became of an occurrence of a schedule that did not start a run.
enum class SkipReason { Overlap, Coalesced, Misfire, Paused, Shutdown };

/// "overlap", "coalesced", "misfire", "paused" or "shutdown".
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
    case SkipReason::Shutdown:
      break;
  }
  return "shutdown";
}

/// A moment at which a scheduled job is to run.
struct OccurrenceDue {
  std::string_view job;
  std::optional<system_time> nominal;  ///< Empty for a manual trigger.
  system_time at;
};

struct OccurrenceStarted {
  std::string_view job;
  std::uint64_t run;  ///< Number of the job's run, from 1.
  std::optional<system_time> nominal;
  Duration lateness;
  system_time at;
};

struct OccurrenceFinished {
  std::string_view job;
  std::uint64_t run;
  Outcome outcome;
  std::string_view error;
  Duration elapsed;
  system_time at;
};

struct OccurrenceSkipped {
  std::string_view job;
  std::optional<system_time> nominal;
  SkipReason reason;
  system_time at;
};

}  // namespace cano
