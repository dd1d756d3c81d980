// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include <cano/detail/exception_text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>

namespace cano {

/// What became of an occurrence of a scheduled job: how its run ended, or why it did not run.
struct JobOutcome {
  std::string id;                     ///< The job's.
  std::uint64_t run = 0;              ///< Number of the job's run, from 1; 0 when it did not run.
  system_time nominal{};              ///< When it was due; for a trigger, when that came.
  bool triggered = false;             ///< By hand, not by the schedule.
  std::optional<SkipReason> skipped;  ///< Why it did not run; nothing when it did.
  std::uint64_t count = 1;            ///< How many were skipped in a row; the last is given.
  std::uint64_t missed = 0;           ///< How many earlier occurrences the run stood for as well.
  Outcome outcome = Outcome::Cancelled;  ///< How the run ended.
  std::exception_ptr error;              ///< What it threw; null when nothing.
  system_time started{};                 ///< When it began.
  Duration lateness{};                   ///< How much later than due it began.
  Duration elapsed{};                    ///< How long it took.

  /// Whether it ran and came to a good end.
  bool is_success() const noexcept { return !skipped && outcome == Outcome::Success; }
  /// Whether it ran and failed.
  bool is_failed() const noexcept { return !skipped && outcome == Outcome::Failed; }
  /// Whether it ran and was cancelled.
  bool is_cancelled() const noexcept { return !skipped && outcome == Outcome::Cancelled; }
  /// Whether it did not run.
  bool is_skipped() const noexcept { return skipped.has_value(); }

  /// What the exception says; empty without one.
  std::string error_message() const { return detail::exception_text(error); }
};

}  // namespace cano
