// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cano/async/detail/on_demand.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/attempt_rules.hpp>
#include <cano/error.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/detail/attempt_gate.hpp>
#include <cano/limit/limit.hpp>
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
    changed.rules_.retry = std::move(policy).rules();
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
    changed.rules_.attempt_timeout = positive(limit, "attempt timeout");
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
    changed.rules_.timeout = positive(limit, "timeout");
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
    changed.rules_.is_uninterruptible = true;
    return changed;
  }

  /// Takes room in a limit for each attempt. The attempt begins, and the clock of its timeout, when
  /// there is; it is given back when the attempt has ended, also for the pause before another one.
  /// May be repeated: with several, limits on what is under way are taken first, in an order that
  /// is the same for all tasks, so that no two tasks wait for each other; then limits on rates.
  ///
  ///     TaskConfig{}.with_limit(connections).with_limit(requests, {.cost = 2, .max_wait = 1s})
  ///
  /// What waits longer than `max_wait` is a failed attempt, with `Error(RateLimited)`.
  ///
  /// **Errors.** `Error(Configuration)` when the limit is null or never has room for the cost.
  template <class = detail::OnDemand>
  TaskConfig with_limit(std::shared_ptr<Limit> limit, LimitUse use = {}) const {
    return with_gate([&](detail::LimitGate& gate) { gate.add(std::move(limit), use); });
  }

  /// Asks a circuit breaker before each attempt, and tells it how the attempt has ended. One that
  /// is refused is a failed attempt, with `Error(CircuitOpen)`: the pause before another one is
  /// until the breaker lets calls through again. A timeout of the attempt or the state counts as a
  /// failure; an attempt that is cancelled, or cut by the total timeout of the run, counts neither
  /// way. May be repeated.
  ///
  /// **Errors.** `Error(Configuration)` when the breaker is null.
  template <class = detail::OnDemand>
  TaskConfig with_circuit_breaker(std::shared_ptr<CircuitBreaker> breaker) const {
    return with_gate([&](detail::LimitGate& gate) { gate.add(std::move(breaker)); });
  }

  /// Whether and when a failed attempt is tried again.
  RetryPolicy retry() const { return RetryPolicy{rules_.retry}; }
  /// The limit of each attempt, if there is one.
  std::optional<Duration> attempt_timeout() const noexcept { return rules_.attempt_timeout; }
  /// The limit of all attempts and pauses, if there is one.
  std::optional<Duration> timeout() const noexcept { return rules_.timeout; }
  /// Whether cancellation and limits wait until an attempt has ended.
  bool is_uninterruptible() const noexcept { return rules_.is_uninterruptible; }

  /// For the library: what the engine reads.
  const detail::AttemptRules& rules() const noexcept { return rules_; }
  /// For the library: the part for each attempt, without the limit of the visit.
  TaskConfig of_attempts() const {
    TaskConfig attempts = *this;
    attempts.rules_.timeout.reset();
    return attempts;
  }
  /// For the library: the rest, the limit of the visit alone.
  TaskConfig of_visit() const {
    TaskConfig visit = minimal();
    visit.rules_.timeout = rules_.timeout;
    return visit;
  }

 private:
  template <class Add> TaskConfig with_gate(Add&& add) const {
    auto gate = detail::LimitGate::copy_of(rules_.gate.get());
    add(*gate);
    TaskConfig changed = *this;
    changed.rules_.gate = std::move(gate);
    return changed;
  }

  static Duration positive(Duration limit, const char* what) {
    if (limit > Duration::zero()) return limit;
    throw Error{Errc::Configuration, std::string{"The "} + what + " must be positive, not " +
                                         std::to_string(limit.count()) + " ns"};
  }

  detail::AttemptRules rules_;  // its gate is shared: copies of a config change their own
};

}  // namespace cano
