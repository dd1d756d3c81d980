// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <cano/detail/failure_kind.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_limits.hpp>
#include <cano/task/detail/run_reporter.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/task/detail/run_stop.hpp>
#include <cano/task/detail/state_info.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// The part of a run that does not depend on the types of state and store: the visit to a state
/// with its attempts and limits. It performs no I/O; it is told what happened and answers what to
/// do next. This is the only retry loop of the library.
class RunCore {
 public:
  /// What follows a failed attempt.
  enum class Verdict : std::uint8_t { RetryNow, RetryAfterPause, GiveUp };

  RunCore(const RunInfo& info, std::string& run_id, Clock clock, steady_time now,
          const ObserverList& observers)
      : reporter_{info, run_id, clock, observers}, started_{now} {}

  const Visit& visit() const noexcept { return visit_; }
  RunReporter& reporter() noexcept { return reporter_; }
  bool is_observed() const noexcept { return reporter_.observers() != nullptr; }

  RunScope* scope() const noexcept { return scope_; }
  steady_time now() const noexcept { return reporter_.clock().now(); }
  steady_time started() const noexcept { return started_; }

  std::stop_token attempt_stop_token() const {
    return scope_ != nullptr ? scope_->attempt_stop_token(stop_->token()) : stop_->token();
  }

  std::optional<Duration> remaining() const {
    const RunLimits::Nearest limit = nearest_limit();
    if (limit.reason == Interrupt::None) return std::nullopt;
    return saturating_between(now(), limit.deadline);
  }

  // ---- set-up

  // A limit of the visit under way holds from here on.
  void attach(RunScope& scope) {
    scope_ = &scope;
    arm_nearest_limit();
  }
  void watch(const RunStop& stop) noexcept { stop_ = &stop; }
  void limit_run(Duration timeout) { limits().limit_run(started_, timeout); }

  // ---- a visit to a state

  // The short way into a state: no limits, nobody watching.
  void enter_quickly(const StateInfo& state) noexcept { visit_.state = &state; }

  // The rest of the way in, for every other state.
  void enter() {
    const StateInfo& state = *visit_.state;
    if (state.has_limits) {
      visit_.entered = reporter_.time();
      limits().limit_visit(visit_.entered, state.config.timeout());
    }
    if (is_observed()) {
      visit_.entered = reporter_.time();
      reporter_.state_entered(visit_);
    }
  }

  void begin_attempt() {
    const StateInfo& state = *visit_.state;
    if (state.has_limits) {
      limits().limit_attempt(reporter_.time(), state.config.attempt_timeout());
    }
    arm_nearest_limit();
    if (is_observed()) {
      visit_.attempt_started = reporter_.time();
      reporter_.attempt_started(visit_);
    }
    reporter_.time_passes();
  }

  /// The attempt is over. A limit that passed meanwhile makes it a failure whatever it gave.
  void end_attempt() {
    if (limits_ == nullptr) return;
    limit_passed_ = passed_limit();
    if (limit_passed_ != Interrupt::None) set_failure(timeout_failure(limit_passed_));
    limits_->lift_from_attempt();
  }

  /// The visit is over, and its limits with it.
  void leave() {
    visit_.attempt = 1;
    if (!visit_.state->has_limits) return;
    limits().lift_from_visit();
    arm_nearest_limit();
  }

  // ---- the transition at which a run on the short way looks what else is due

  /// Whether the transition just made is one of them. A failed attempt and an interruption make it
  /// so, which saves every hop that goes well the questions for them.
  bool stops_over(std::size_t transitions) const noexcept {
    if (transitions >= next_stop_) [[unlikely]]
      return true;
    return stop_->requested();
  }
  void stop_over_at(std::size_t transitions) noexcept { next_stop_ = transitions; }
  void stop_over_next() noexcept { next_stop_ = 0; }

  // ---- failures

  bool has_failed() const noexcept { return static_cast<bool>(failure_); }
  void set_failure(Failure&& failure) noexcept {
    failure_ = std::move(failure);
    stop_over_next();
  }
  /// A `Result` that holds an error: the failure of the attempt, without a throw.
  void fail(Error&& error) { set_failure(Failure{std::move(error)}); }
  const Failure& failure() const noexcept { return failure_; }
  Failure&& take_failure() noexcept { return std::move(failure_); }

  /// Judges the failure that is set. Unless the run gives up, the failure is forgotten.
  Verdict judge() {
    ++failed_attempts_;
    const bool retries = plan_retry();
    if (is_observed()) reporter_.attempt_failed(visit_, failure_, timed_out(), retries);
    if (!retries) return Verdict::GiveUp;
    failure_ = {};
    arm_nearest_limit();  // that of the attempt is over; the pause ends with the other two
    const bool pauses = pause_ > Duration::zero();
    if (pauses && is_observed()) reporter_.retry_pause(visit_, pause_);
    ++visit_.attempt;
    reporter_.time_passes();
    return pauses ? Verdict::RetryAfterPause : Verdict::RetryNow;
  }

  Duration pause() const noexcept { return pause_; }
  std::size_t failed_attempts() const noexcept { return failed_attempts_; }

  // ---- interruptions

  /// The caller cancelled the run through its coroutine.
  void cancelled_by_caller() noexcept { cancelled_by_caller_ = true; }

  /// The failure that ends the run before its next step; none when there is no reason.
  Failure interruption() const {
    const bool can_be =
        limits_ != nullptr || scope_ != nullptr || cancelled_by_caller_ || stop_->requested();
    return can_be ? reason_to_stop() : Failure{};
  }

  /// The failure that stays is the run's. What an operation says that was aborted because the run
  /// was asked to stop becomes `Error(Cancelled)`.
  Outcome settle_failure() {
    if (failure_.kind() == FailureKind::Aborted && stop_was_asked()) {
      set_failure(cancelled_failure());
    }
    return failure_.kind() == FailureKind::Cancelled ? Outcome::Cancelled : Outcome::Failed;
  }

 private:
  RunLimits& limits() {
    if (!limits_) limits_ = std::make_unique<RunLimits>();
    return *limits_;
  }

  RunLimits::Nearest nearest_limit() const noexcept {
    return limits_ ? limits_->nearest() : RunLimits::Nearest{};
  }

  void arm_nearest_limit() {
    if (scope_ == nullptr || limits_ == nullptr) return;
    const RunLimits::Nearest limit = limits_->nearest();
    scope_->arm(limit.deadline, limit.reason);
  }

  Failure reason_to_stop() const {
    if (stop_was_asked()) return cancelled_failure();
    const Interrupt limit = passed_limit();
    if (limit == Interrupt::RunTimeout || limit == Interrupt::StateTimeout) {
      return timeout_failure(limit);
    }
    return {};
  }

  // A limit that interrupted the attempt; or, where a plain task kept the thread busy so that no
  // timer could fire, the clock's word.
  Interrupt passed_limit() const {
    const RunLimits::Nearest limit = nearest_limit();
    if (limit.reason == Interrupt::None) return Interrupt::None;
    if (scope_ != nullptr && scope_->interrupted() != Interrupt::None) {
      const Interrupt interrupted = scope_->interrupted();
      return interrupted == Interrupt::Stop ? Interrupt::None : interrupted;
    }
    return now() >= limit.deadline ? limit.reason : Interrupt::None;
  }

  Failure timeout_failure(Interrupt limit) const {
    Error error{Errc::Timeout, std::string{"The "} + limits_->describe(limit) +
                                   " passed in state " + visit_.state->name + ", attempt " +
                                   std::to_string(visit_.attempt) + " of " +
                                   std::to_string(visit_.state->max_attempts)};
    return Failure{std::move(error)};
  }

  Failure cancelled_failure() const {
    return Failure{Error{Errc::Cancelled, "Run " + std::string{reporter_.run_id()} +
                                              " was cancelled in state " + visit_.state->name}};
  }

  // The token may know of a request that is still on its way to the flag: another of its listeners
  // has aborted what the run awaits.
  bool stop_was_asked() const noexcept {
    return cancelled_by_caller_ || stop_->requested() || stop_->token().stop_requested() ||
           (scope_ != nullptr && scope_->interrupted() == Interrupt::Stop);
  }

  bool timed_out() const noexcept { return limit_passed_ != Interrupt::None; }

  // Whether there is another attempt, after `pause_`.
  bool plan_retry() {
    const RetryPolicy& policy = visit_.state->config.retry();
    const bool over = timed_out() && limit_passed_ != Interrupt::AttemptTimeout;
    if (over || cancelled_by_caller_) return false;
    if (visit_.attempt >= visit_.state->max_attempts) return false;
    if (!is_worth_a_retry(policy)) return false;
    const auto delay = policy.delay_for_attempt(visit_.attempt - 1, previous_delay());
    if (!delay) return false;
    if (policy.max_elapsed() &&
        saturating_add(now() - visit_.entered, *delay) > *policy.max_elapsed()) {
      return false;
    }
    pause_ = *delay;
    return true;
  }

  bool is_worth_a_retry(const RetryPolicy& policy) {
    if (!policy.predicate()) return failure_.kind() == FailureKind::Retryable;
    bool worth_it = false;
    // A predicate that throws ends the run, with its own exception.
    call_catching([&] { worth_it = policy.predicate()(failure_.as_exception()); },
                  [&](Failure&& thrown) { set_failure(std::move(thrown)); });
    return worth_it;
  }

  std::optional<std::chrono::milliseconds> previous_delay() const noexcept {
    if (visit_.attempt == 1) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(pause_);
  }

  RunReporter reporter_;
  const RunStop* stop_ = &RunStop::never();
  RunScope* scope_ = nullptr;  // null when nothing can interrupt
  Visit visit_;
  std::size_t next_stop_ = 0;
  std::size_t failed_attempts_ = 0;
  Interrupt limit_passed_ = Interrupt::None;  // during the last attempt
  bool cancelled_by_caller_ = false;
  Failure failure_;
  Duration pause_{};
  steady_time started_;
  std::unique_ptr<RunLimits> limits_;  // null when nothing has been limited yet
};

}  // namespace cano::detail
