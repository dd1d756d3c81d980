// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <cano/detail/failure_kind.hpp>
#include <cano/detail/random_bits.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/retry_rules.hpp>

namespace cano::detail {

/// The facts for a decision on a retry: attempt `attempt` (from 1) of a visit has failed.
struct RetryQuestion {
  std::size_t attempt = 1;
  std::optional<Duration> last_pause{};  // before that attempt
  Duration elapsed{};                    // since the visit began
};

/// The pause before the next attempt, as the policy and the failure say; none when there is no
/// other attempt. Throws what functions of the user's throw.
inline std::optional<Duration> pause_after(const Failure& failure, const RetryRules& rules,
                                           const RetryQuestion& question) {
  const auto delay =
      rules.delay_after(question.attempt - 1, question.last_pause, RandomBits::of_thread());
  if (!delay) return std::nullopt;
  const bool is_worth_it =
      rules.predicate ? rules.predicate(failure.as_exception()) : is_retryable(failure.kind());
  if (!is_worth_it) return std::nullopt;
  std::optional<Duration> named;
  if (rules.delay_from) named = rules.delay_from(failure.as_exception());
  if (!named) named = failure.retry_after();
  const Duration pause = named ? rules.capped(*named) : *delay;
  if (rules.max_elapsed && saturating_add(question.elapsed, pause) > *rules.max_elapsed) {
    return std::nullopt;
  }
  return pause;
}

/// "attempt 4 of 11".
inline std::string attempt_text(std::size_t attempt, std::size_t max_attempts) {
  return "attempt " + std::to_string(attempt) + " of " + count_text(max_attempts);
}

/// A failure that says more than that something was cancelled; none otherwise.
inline Failure telling(const Failure& failure) {
  return says_cancelled(failure.kind()) ? Failure{} : failure;
}

}  // namespace cano::detail
