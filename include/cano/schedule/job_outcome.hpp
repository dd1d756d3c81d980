// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include <cano/detail/exception_text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano {

/// An occurrence of a scheduled job with its end: how its run ended, or why it did not run.
///
/// One that did not run has no number in `run`, and no `lateness`. There is nothing left to `stop`.
struct JobOutcome : Occurrence {
  std::optional<SkipReason> skipped{};   ///< Why it did not run; nothing when it did.
  std::uint64_t count = 1;               ///< How many were skipped in a row; the last is given.
  Outcome outcome = Outcome::Cancelled;  ///< How the run ended.
  std::exception_ptr error{};            ///< What it threw; null when nothing.
  system_time started{};                 ///< When it began: the same as `actual`.
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
