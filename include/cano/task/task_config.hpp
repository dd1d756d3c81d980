// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/task/retry_policy.hpp>

namespace cano {

/// How the engine runs the task of a state: retries and limits.
///
/// A task gives its own with a member `TaskConfig config() const`; `Workflow::add` takes another
/// one to override it. Either is read once, when the task is added. The default is
/// `RetryPolicy::exponential(3)` and no limits.
///
///     auto config = TaskConfig::minimal().with_attempt_timeout(2s);
///
/// **Errors.** A limit that is not positive throws `Error(Configuration)`; one that overflows
/// (292 years) never passes.
class TaskConfig {
 public:
  /// Exponential back-off with 3 retries, no limits.
  TaskConfig() = default;

  /// One attempt, no limits.
  static TaskConfig minimal() { return TaskConfig{}.with_retry(RetryPolicy::none()); }

  /// Retries as the policy says.
  TaskConfig with_retry(RetryPolicy policy) const {
    TaskConfig changed = *this;
    changed.retry_ = std::move(policy);
    return changed;
  }
  /// Retries with the same delay each time, see `RetryPolicy::fixed`.
  TaskConfig with_fixed_retry(std::size_t retries, std::chrono::milliseconds delay) const {
    return with_retry(RetryPolicy::fixed(retries, delay));
  }
  /// Retries with growing delays, see `RetryPolicy::exponential`.
  TaskConfig with_exponential_retry(std::size_t max_retries) const {
    return with_retry(RetryPolicy::exponential(max_retries));
  }

  /// Limits each attempt. One that takes longer is cancelled, joined and counts as failed with
  /// `Error(Timeout)`, which the retry policy may retry. A plain function cannot be interrupted;
  /// its attempt fails when it returns late.
  TaskConfig with_attempt_timeout(Duration limit) const {
    TaskConfig changed = *this;
    changed.attempt_timeout_ = positive(limit, "attempt timeout");
    return changed;
  }

  /// @overload
  template <class Rep, class Period>
  TaskConfig with_attempt_timeout(std::chrono::duration<Rep, Period> limit) const {
    return with_attempt_timeout(detail::to_duration(limit));
  }

  /// Limits all attempts and pauses of one visit to the state. When it passes, the run ends with
  /// `Error(Timeout)`.
  TaskConfig with_timeout(Duration limit) const {
    TaskConfig changed = *this;
    changed.timeout_ = positive(limit, "timeout");
    return changed;
  }
  /// @overload
  template <class Rep, class Period>
  TaskConfig with_timeout(std::chrono::duration<Rep, Period> limit) const {
    return with_timeout(detail::to_duration(limit));
  }

  /// For the library: what of a config is for each attempt, and what for the visit as a whole.
  static TaskConfig of_attempts(const TaskConfig& config) {
    TaskConfig attempts = config;
    attempts.timeout_.reset();
    return attempts;
  }
  /// @overload
  static TaskConfig of_visit(const TaskConfig& config) {
    TaskConfig visit = minimal();
    visit.timeout_ = config.timeout_;
    return visit;
  }

  /// Whether and when a failed attempt is tried again.
  const RetryPolicy& retry() const noexcept { return retry_; }
  /// The limit of each attempt, if there is one.
  std::optional<Duration> attempt_timeout() const noexcept { return attempt_timeout_; }
  /// The limit of all attempts and pauses, if there is one.
  std::optional<Duration> timeout() const noexcept { return timeout_; }

 private:
  static Duration positive(Duration limit, const char* what) {
    if (limit > Duration::zero()) return limit;
    throw Error{Errc::Configuration, std::string{"The "} + what + " must be positive, not " +
                                         std::to_string(limit.count()) + " ns"};
  }

  RetryPolicy retry_ = RetryPolicy::exponential(3);
  std::optional<Duration> attempt_timeout_;
  std::optional<Duration> timeout_;
};

}  // namespace cano
