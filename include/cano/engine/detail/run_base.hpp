// SPDX-License-Identifier: MIT
#pragma once

// engine/: one run, whatever its types: attempts, limits, cancellation, reports.

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/retry_decision.hpp>
#include <cano/engine/detail/retry_rules.hpp>
#include <cano/engine/detail/run_failures.hpp>
#include <cano/engine/detail/run_identity.hpp>
#include <cano/engine/detail/run_limits.hpp>
#include <cano/engine/detail/run_reporter.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/error.hpp>
#include <cano/limit/detail/attempt_gate.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

class RunDriverBase;

/// The part of a run that does not depend on the types of state and store: the visit to a state
/// with its attempts and limits. It does no I/O. This is the only retry loop of the library.
class RunBase : public RunIdentity {
 public:
  RunBase(const RunInfo& info, std::string& run_id, Clock clock, steady_time now,
          const ObserverList& observers, CancellationScope& scope, const StopRequest& stop)
      : RunIdentity{info, run_id, clock, observers},
        scope_{&scope},
        stop_{stop.flag},
        stop_request_{&stop},
        started_{now} {}

  /// The driver that carries out what the run decides; null in tests.
  RunDriverBase* driver() const noexcept { return driver_; }
  void set_driver(RunDriverBase& driver) noexcept { driver_ = &driver; }

  CancellationScope& scope() const noexcept { return *scope_; }
  steady_time started() const noexcept { return started_; }

  std::stop_token attempt_stop_token() const {
    return scope_->token(is_uninterruptible_ ? std::stop_token{} : stop_request_->token);
  }

  void limit_run(Duration timeout) { limits().limit_run(started_, timeout); }

  // ---- a visit to a state

  // The fast path into a state: no limits, no observers.
  void enter_fast(const StateInfo& state) noexcept { visit_.state = &state; }

  // The rest of the way in, for every other state.
  void enter() {
    const StateInfo& state = *visit_.state;
    if (state.is_limited) {
      visit_.entered = reporter_.time();
      limits().limit_visit(visit_.entered, state.rules.timeout);
    }
    if (is_observed()) {
      visit_.entered = reporter_.time();
      reporter_.state_entered(visit_);
    }
  }

  void begin_attempt() {
    const StateInfo& state = *visit_.state;
    if (state.is_limited) {
      limits().limit_attempt(reporter_.time(), state.rules.attempt_timeout);
      is_uninterruptible_ = state.rules.is_uninterruptible;
      if (is_uninterruptible_) scope_->forget_token();
    }
    if (is_observed()) {
      visit_.attempt_started = reporter_.time();
      reporter_.attempt_started(visit_);
    }
    reporter_.forget_time();
  }

  /// What the attempt has to pass before it begins; null where that is nothing.
  const AttemptGate* gate() const noexcept { return visit_.state->rules.gate.get(); }
  /// It has passed the gate. `attempt_ended` gives back what it holds of it.
  void set_pass(std::unique_ptr<AttemptPass>&& pass) noexcept { pass_ = std::move(pass); }
  /// The attempt does not begin.
  void drop_pass() noexcept { pass_.reset(); }

  /// The attempt is over. A limit that passed meanwhile makes it a failure whatever it gave, but
  /// where it must not be interrupted.
  void end_attempt() {
    if (limits_ == nullptr) return;
    limit_passed_ = StopReason::None;
    if (std::exchange(is_uninterruptible_, false)) {
      scope_->forget_token();
      if (std::exchange(is_stop_deferred_, false)) scope_->cancel(StopReason::Stop);
    } else {
      limit_passed_ = passed_limit(Duration{1});  // what ends at its limit is in time
      if (timed_out()) {
        has_late_work_ = has_late_work_ || !has_failed();
        set_failure(cut_off(*this, limit_passed_, failure_, last_failure_));
      }
    }
    limits_->lift_from_attempt();
    if (pass_) give_back_pass();
  }

  /// Whether what asks the work to end early has to wait until the attempt has ended.
  bool defers(StopReason reason) {
    if (!is_uninterruptible_) return false;
    const bool is_stop = reason == StopReason::Stop;
    if (is_stop && std::exchange(is_stop_deferred_, true)) return true;
    if (is_observed()) reporter_.deferred(visit_, is_stop);
    return true;
  }

  /// Whether an attempt of the visit did its work, but too late: what it did can be undone.
  bool has_late_work() const noexcept { return has_late_work_; }

  /// The visit is over, and its limits with it.
  void leave() {
    visit_.attempt = 1;
    has_late_work_ = false;
    last_failure_ = {};
    led_here_ = {};
    if (!visit_.state->is_limited) return;
    limits().lift_from_visit();
  }

  /// The state has given up; the run goes on elsewhere, and the failure is none of its any more.
  void leave_failed() {
    Failure failure = take_failure();
    if (scope_->is_cancelled()) scope_->reset();  // by a limit of the visit
    limit_passed_ = StopReason::None;
    leave();
    led_here_ = std::move(failure);
    checkpoint_next();
  }
  /// Whether the run may go on elsewhere: it has not been ended as a whole.
  bool may_leave_failed() const noexcept {
    return limit_passed_ != StopReason::RunTimeout && !stop_was_requested();
  }

  // ---- checkpoints: the transitions at which a run on the fast path looks what else is due

  /// Whether the transition just made is one. A failed attempt and a cancellation make it so, which
  /// saves every hop that succeeds the questions for them.
  bool is_checkpoint(std::size_t transitions) const noexcept {
    if (transitions >= checkpoint_) [[unlikely]]
      return true;
    return stop_->load(std::memory_order_acquire);
  }
  void checkpoint_at(std::size_t transitions) noexcept { checkpoint_ = transitions; }
  void checkpoint_next() noexcept { checkpoint_ = 0; }

  // ---- failures

  bool has_failed() const noexcept { return static_cast<bool>(failure_); }
  void set_failure(Failure&& failure) noexcept {
    failure_ = std::move(failure);
    checkpoint_next();
  }
  /// Calls `work()`; what it throws is the failure.
  template <class Work> void catch_failure(Work&& work) {
    call_catching(work, [&](Failure&& thrown) { set_failure(std::move(thrown)); });
  }
  /// A `Result` that holds an error: the failure of the attempt, without a throw.
  void fail(Error&& error) { set_failure(Failure{std::move(error)}); }
  const Failure& failure() const noexcept { return failure_; }
  Failure&& take_failure() noexcept { return std::move(failure_); }

  /// Decides on the failure that is set. True: another attempt follows after `pause()`, and the
  /// failure is none of the run's any more.
  bool decide_retry() {
    ++failed_attempts_;
    const bool retries = plan_retry();
    const StopReason limit =
        retries && limits_ ? limit_at(saturating_add(now(), pause_)) : StopReason::None;
    const bool goes_on = retries && limit == StopReason::None;
    if (is_observed()) report_attempt(goes_on);
    if (retries && !goes_on) {
      set_failure(out_of_time(*this, limit, pause_, failure_));
      limit_passed_ = limit;
    }
    if (!goes_on) return false;
    last_failure_ = std::move(failure_);
    if (scope_->reason() == StopReason::AttemptTimeout) scope_->reset();
    if (pause_ > Duration::zero() && is_observed()) reporter_.retry_pause(visit_, pause_);
    ++visit_.attempt;
    reporter_.forget_time();
    return true;
  }

  Duration pause() const noexcept { return pause_; }
  std::size_t failed_attempts() const noexcept { return failed_attempts_; }

  /// What it is undone for; none where it came to a failure state by itself.
  const Failure& why_undone() const noexcept { return failure_ ? failure_ : led_here_; }

  // ---- interruptions

  // The token may know of a request that is still on its way to the flag: another of its listeners
  // has aborted what the run awaits.
  bool stop_was_requested() const noexcept {
    return scope_->reason() == StopReason::Stop || stop_->load(std::memory_order_acquire) ||
           stop_request_->token.stop_requested();
  }

  /// The failure that ends the run before its next step; none when there is no reason.
  Failure interruption() {
    if (stop_was_requested()) return cancelled_run(*this, {});
    const StopReason limit = passed_limit();
    if (limit != StopReason::RunTimeout && limit != StopReason::StateTimeout) return {};
    limit_passed_ = limit;
    return timed_out_between_attempts(*this, limit, last_failure_);
  }

  /// What becomes of a run that has failed: a failure after a stop was requested is a cancellation,
  /// whatever it says, and nothing else is one.
  Outcome final_outcome() {
    if (!stop_was_requested()) return Outcome::Failed;
    set_failure(cancelled_run(*this, telling(failure_)));
    return Outcome::Cancelled;
  }

 private:
  // The one that has cancelled the work; or, where a plain task kept the thread busy so that no
  // timer could fire, what the clock says.
  StopReason passed_limit(Duration tolerated = {}) const {
    const RunLimits::Nearest limit = nearest_limit();
    if (limit.reason == StopReason::None || scope_->reason() == StopReason::Stop) {
      return StopReason::None;
    }
    if (scope_->is_cancelled()) return scope_->reason();
    return now() - tolerated >= limit.deadline ? limit.reason : StopReason::None;
  }

  // How the attempt ended that gave no state. To be stopped is no failure.
  void report_attempt(bool will_retry) {
    if (!will_retry && stop_was_requested()) {
      reporter_.attempt_cancelled(visit_);
    } else {
      reporter_.attempt_failed(visit_, failure_, timed_out(), will_retry);
    }
  }

  // Cut short by what does not concern the task, it says nothing about the task.
  void give_back_pass() {
    const std::unique_ptr<AttemptPass> pass = std::move(pass_);
    if (!failure_) return pass->succeeded();
    const bool is_cut =
        scope_->reason() == StopReason::Stop || limit_passed_ == StopReason::RunTimeout;
    if (is_cut || !pass->wants_failure()) return;
    catch_failure([&] { pass->failed(failure_.kind(), failure_.as_exception()); });
  }

  bool timed_out() const noexcept { return limit_passed_ != StopReason::None; }

  bool plan_retry() {
    if (timed_out() && limit_passed_ != StopReason::AttemptTimeout) return false;
    if (visit_.attempt >= visit_.state->max_attempts || stop_was_requested()) return false;
    const RetryRules& rules = visit_.state->rules.retry;
    RetryQuestion question{.attempt = visit_.attempt};
    if (visit_.attempt != 1) question.last_pause = pause_;
    if (rules.max_elapsed) question.elapsed = now() - visit_.entered;
    std::optional<Duration> pause;
    // A function of the user's that throws ends the run, with its own exception.
    catch_failure([&] { pause = pause_after(failure_, rules, question); });
    if (pause) pause_ = *pause;
    return pause.has_value();
  }

  CancellationScope* scope_;
  const std::atomic<bool>* stop_;
  std::size_t checkpoint_ = 0;
  Failure failure_;
  const StopRequest* stop_request_;
  RunDriverBase* driver_ = nullptr;
  std::size_t failed_attempts_ = 0;
  StopReason limit_passed_ = StopReason::None;  // in the last attempt, or it has ended the visit
  bool is_uninterruptible_ = false;             // the attempt under way
  bool is_stop_deferred_ = false;
  bool has_late_work_ = false;
  Duration pause_{};
  steady_time started_;
  Failure last_failure_;               // of the attempt before, in this visit
  std::unique_ptr<AttemptPass> pass_;  // of the attempt under way, where it has a gate
};

}  // namespace cano::detail
