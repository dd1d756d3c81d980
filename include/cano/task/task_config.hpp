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
  TaskConfig with_fixed_retry(std::size_t retries, Duration delay) const {
    return with_retry(RetryPolicy::fixed(retries, delay));
  }
  /// @overload
  template <class Rep, class Period>
  TaskConfig with_fixed_retry(std::size_t retries, std::chrono::duration<Rep, Period> delay) const {
    return with_retry(RetryPolicy::fixed(retries, delay));
  }
  /// Retries with growing delays, see `RetryPolicy::exponential`.
  TaskConfig with_exponential_retry(std::size_t max_retries) const {
    return with_retry(RetryPolicy::exponential(max_retries));
  }

  /// Limits each attempt. One that takes longer is cancelled, joined and counts as failed with
  /// `Error(Timeout)`, which the retry policy may retry. A result that is there when the limit
  /// comes counts. A plain function cannot be interrupted; its attempt fails when it returns late.
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
  /// `Error(Timeout)`, in which the last failure is nested. A pause that cannot end before the
  /// limit is not waited for.
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

  /// Work that must not be cut short, such as a commit: cancellation and limits wait until the
  /// attempt under way has ended, and what it gave counts, also when that was late. A success leads
  /// on, and the run ends before its next task; after a failure there is no other attempt.
  /// Observers see a log line when something begins to wait so. The stop token of the attempt is
  /// not requested meanwhile.
  ///
  /// Only the destruction of the execution context ends such an attempt early.
  TaskConfig uninterruptible() const {
    TaskConfig changed = *this;
    changed.is_uninterruptible_ = true;
    return changed;
  }

  /// Whether and when a failed attempt is tried again.
  const RetryPolicy& retry() const noexcept { return retry_; }
  /// The limit of each attempt, if there is one.
  std::optional<Duration> attempt_timeout() const noexcept { return attempt_timeout_; }
  /// The limit of all attempts and pauses, if there is one.
  std::optional<Duration> timeout() const noexcept { return timeout_; }
  /// Whether cancellation and limits wait until an attempt has ended.
  bool is_uninterruptible() const noexcept { return is_uninterruptible_; }

 private:
  static Duration positive(Duration limit, const char* what) {
    if (limit > Duration::zero()) return limit;
    throw Error{Errc::Configuration, std::string{"The "} + what + " must be positive, not " +
                                         std::to_string(limit.count()) + " ns"};
  }

  RetryPolicy retry_ = RetryPolicy::exponential(3);
  std::optional<Duration> attempt_timeout_;
  std::optional<Duration> timeout_;
  bool is_uninterruptible_ = false;
};

}  // namespace cano
