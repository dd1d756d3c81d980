// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/retry_decision.hpp>
#include <cano/engine/detail/run_identity.hpp>
#include <cano/error.hpp>

// The failures that the engine itself makes of a run. `last` is what failed before, if anything.
namespace cano::detail {

/// "The timeout of 250 ms passed in state A".
inline std::string limit_text(const RunIdentity& run, StopReason limit, const char* verb) {
  return "The " + run.describe_limit(limit) + verb + "in " + run.where();
}
inline std::string attempt_text(const RunIdentity& run, std::size_t attempt) {
  return attempt_text(attempt, run.visit().state->max_attempts);
}

inline Failure cancelled_run(const RunIdentity& run, const Failure& last) {
  return failure_after(Errc::Cancelled,
                       "Run " + std::string{run.run_id()} + " was cancelled in " + run.where(),
                       last);
}

/// A limit has passed while no attempt was under way.
inline Failure timed_out_between_attempts(const RunIdentity& run, StopReason limit,
                                          const Failure& last) {
  const std::size_t attempt = run.visit().attempt;
  const std::string when = attempt == 1 ? ", before " + attempt_text(run, attempt)
                                        : " after " + attempt_text(run, attempt - 1);
  return failure_after(Errc::Timeout, limit_text(run, limit, " passed ") + when, last);
}

/// The attempt under way was cut off; what it threw of its own says more than the failure before.
inline Failure cut_off(const RunIdentity& run, StopReason limit, const Failure& failure,
                       const Failure& last) {
  Failure why = telling(failure);
  if (!why && limit != StopReason::AttemptTimeout) why = last;
  return failure_after(
      Errc::Timeout,
      limit_text(run, limit, " passed ") + ", " + attempt_text(run, run.visit().attempt), why);
}

/// There would be another attempt, but not in time.
inline Failure out_of_time(const RunIdentity& run, StopReason limit, Duration pause,
                           const Failure& last) {
  const bool has_passed = run.limit_at(run.now()) != StopReason::None;
  std::string text = limit_text(run, limit, has_passed ? " passed " : " would pass ");
  if (!has_passed) text += " in the pause of " + duration_text(pause);
  return failure_after(Errc::Timeout, text + " after " + attempt_text(run, run.visit().attempt),
                       last);
}

}  // namespace cano::detail
