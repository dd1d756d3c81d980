// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <cano/detail/failure_kind.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/retry_policy.hpp>

namespace cano::detail {

/// What a policy is asked after attempt `attempt` (from 1) of a visit has failed.
struct RetryQuestion {
  std::size_t attempt = 1;
  std::optional<Duration> last_pause{};  // before that attempt
  Duration elapsed{};                    // since the visit began
};

/// The pause before the next attempt, as the policy and the failure say; none when there is no
/// other attempt. Throws what functions of the user's throw.
inline std::optional<Duration> pause_after(const Failure& failure, const RetryPolicy& policy,
                                           const RetryQuestion& question) {
  const auto delay = policy.delay_for_attempt(question.attempt - 1, question.last_pause);
  if (!delay) return std::nullopt;
  const bool is_worth_it = policy.predicate() ? policy.predicate()(failure.as_exception())
                                              : is_retryable(failure.kind());
  if (!is_worth_it) return std::nullopt;
  std::optional<Duration> named;
  if (policy.delay_from()) named = policy.delay_from()(failure.as_exception());
  if (!named) named = failure.retry_after();
  const Duration pause = named ? policy.capped(*named) : *delay;
  if (policy.max_elapsed() && saturating_add(question.elapsed, pause) > *policy.max_elapsed()) {
    return std::nullopt;
  }
  return pause;
}

/// "attempt 4 of 11".
inline std::string attempt_text(std::size_t attempt, std::size_t max_attempts) {
  return "attempt " + std::to_string(attempt) + " of " + count_text(max_attempts);
}

/// A failure that tells more than that something was cancelled; none otherwise.
inline Failure telling(const Failure& failure) {
  return says_cancelled(failure.kind()) ? Failure{} : failure;
}

}  // namespace cano::detail
