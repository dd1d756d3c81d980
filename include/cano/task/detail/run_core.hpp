// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ratio>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/observer.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/task/detail/run_stop.hpp>
#include <cano/task/task_config.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

class RunAccess;

/// What the engine knows of a state whatever its type: made once, when it is added.
struct StateInfo {
  std::string name;
  TaskConfig config;
  std::size_t max_attempts;
  bool has_limits;  // they need the clock at every visit; a state without any takes a shorter way

  StateInfo(std::string state_name, TaskConfig task_config)
      : name{std::move(state_name)},
        config{std::move(task_config)},
        max_attempts{config.retry().max_attempts()},
        has_limits{config.attempt_timeout() || config.timeout() || config.retry().max_elapsed()} {}
};

/// The part of a run that does not depend on the types of state and store: the visit to a state
/// with its attempts, limits and events. It performs no I/O; it is told what happened and answers
/// what to do next. This is the only retry loop of the library.
class RunCore {
 public:
  /// What follows a failed attempt.
  enum class Verdict : std::uint8_t { RetryNow, RetryAfterPause, GiveUp };

  RunCore(RunInfo info, Clock clock, steady_time now, const ObserverList& observers)
      : info_{info},
        clock_{clock},
        observers_{observers.empty() ? nullptr : &observers},
        started_{now} {}

  // ---- what TaskContext shows

  std::size_t attempt() const noexcept { return attempt_; }
  const StateInfo* state_info() const noexcept { return state_; }
  const RunInfo& info() const noexcept { return info_; }
  RunScope* scope() const noexcept { return scope_; }
  std::stop_token attempt_stop_token() const {
    return scope_ != nullptr ? scope_->attempt_stop_token(stop_->token()) : stop_->token();
  }

  std::optional<Duration> remaining() const {
    const steady_time deadline = nearest_limit().first;
    if (deadline == steady_time::max()) return std::nullopt;
    return saturating_between(clock_.now(), deadline);
  }

  const ObserverList* observers() const noexcept { return observers_; }

  /// A `Result` that holds an error: the failure of the attempt, without a throw.
  void fail(const Error& error) { set_failure(returned_failure(error)); }

  // ---- set-up

  // A limit of the visit under way holds from here on.
  void attach(RunScope& scope) {
    scope_ = &scope;
    arm_nearest_limit();
  }
  void watch(const RunStop& stop) noexcept { stop_ = &stop; }
  void limit_run(Duration timeout) {
    run_deadline_ = saturating_add(started_, timeout);
    run_timeout_ = timeout;
  }

  // ---- a visit to a state

  // The short way into a state: no limits, nobody watching.
  void enter_quickly(const StateInfo& state) noexcept { state_ = &state; }

  // The rest of the way in, for every other state.
  void enter() {
    state_deadline_ = steady_time::max();
    if (state_->has_limits || observers_) entered_ = report_time();
    if (const auto limit = state_->config.timeout()) {
      state_deadline_ = saturating_add(entered_, *limit);
    }
    if (observers_) {
      notify(&Observer::on_state_entered, StateEntered{info_, state_->name, entered_});
    }
  }

  /// Others run, or time is waited for: what is reported next happens later.
  void time_passes() noexcept { reported_.reset(); }

  void begin_attempt() {
    attempt_deadline_ = steady_time::max();
    const auto limit = state_->config.attempt_timeout();
    if (limit || observers_) attempt_started_ = report_time();
    if (limit) attempt_deadline_ = saturating_add(attempt_started_, *limit);
    arm_nearest_limit();
    if (observers_) {
      notify(&Observer::on_attempt_started,
             AttemptStarted{info_, state_->name, attempt_, state_->max_attempts, attempt_started_});
    }
    time_passes();
  }

  /// The attempt is over. A limit that passed meanwhile makes it a failure whatever it gave.
  void end_attempt() {
    const Interrupt limit = passed_limit();
    if (limit != Interrupt::None) set_failure(timeout_failure(limit));
    out_of_time_ = limit == Interrupt::StateTimeout || limit == Interrupt::RunTimeout;
    attempt_deadline_ = steady_time::max();
  }

  /// The visit is over, and its limits with it.
  void leave() {
    attempt_ = 1;
    if (!state_->has_limits) return;
    state_deadline_ = steady_time::max();
    arm_nearest_limit();
  }

  /// The caller cancelled the run through its coroutine.
  void cancelled_by_caller() noexcept { cancelled_by_caller_ = true; }

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

  void report_success(std::string_view next_state) {
    const steady_time now = report_time();
    notify(&Observer::on_attempt_succeeded,
           AttemptSucceeded{info_, state_->name, attempt_, next_state, now - attempt_started_,
                            now - entered_, now});
  }

  bool has_failed() const noexcept { return failure_ != nullptr; }
  void set_failure(Failure failure) {
    failure_ = std::make_unique<Failure>(std::move(failure));
    stop_over_next();
  }
  const Failure* failure() const noexcept { return failure_.get(); }

  /// Judges the failure that is set. Unless the run gives up, the failure is forgotten.
  Verdict judge() {
    ++failed_attempts_;
    const std::optional<std::chrono::milliseconds> delay = delay_before_retry();
    if (observers_) report_failed_attempt(delay.has_value());
    if (!delay) return Verdict::GiveUp;
    failure_.reset();
    pause_ = *delay;
    ++attempt_;
    arm_nearest_limit();  // that of the attempt is over; the pause ends with the other two
    const bool pauses = *delay > std::chrono::milliseconds::zero();
    if (pauses && observers_) {
      notify(&Observer::on_retry_pause,
             RetryPause{info_, state_->name, attempt_ - 1, pause_, report_time()});
    }
    time_passes();
    return pauses ? Verdict::RetryAfterPause : Verdict::RetryNow;
  }

  Duration pause() const noexcept { return pause_; }
  std::size_t failed_attempts() const noexcept { return failed_attempts_; }

  // ---- interruptions

  /// The failure that ends the run before its next step, if there is a reason.
  std::optional<Failure> interruption() {
    if (stop_was_asked()) return cancelled_failure();
    const Interrupt limit = passed_limit();
    if (limit == Interrupt::RunTimeout || limit == Interrupt::StateTimeout) {
      return timeout_failure(limit);
    }
    return std::nullopt;
  }

  /// The failure that stays is the run's. What an operation says that was aborted because the run
  /// was asked to stop becomes `Error(Cancelled)`.
  Outcome settle_failure() {
    if (failure_->kind == FailureKind::Aborted && stop_was_asked())
      set_failure(cancelled_failure());
    return failure_->kind == FailureKind::Cancelled ? Outcome::Cancelled : Outcome::Failed;
  }

 private:
  Failure cancelled_failure() const {
    const Error error{Errc::Cancelled, "Run " + std::string{info_.run_id} +
                                           " was cancelled in state " + std::string{state_name()}};
    return returned_failure(error);
  }

  bool stop_was_asked() const noexcept {
    return cancelled_by_caller_ || stop_->requested() || stop_->token().stop_requested() ||
           (scope_ != nullptr && scope_->interrupted() == Interrupt::Stop);
  }

 public:
  std::string_view state_name() const noexcept {
    return state_ ? std::string_view{state_->name} : std::string_view{};
  }

  // ---- the run's beginning and end

  void report_start(std::string_view state) const {
    notify(&Observer::on_run_started, RunStarted{info_, state, started_});
  }
  void report_finish(Outcome outcome, std::string_view state, std::size_t transitions) {
    const std::string error = failure_ ? failure_->text() : std::string{};
    const steady_time now = report_time();
    notify(&Observer::on_run_finished,
           RunFinished{info_, outcome, state, error, transitions, transitions + failed_attempts_,
                       now - started_, now});
  }
  steady_time now() const noexcept { return clock_.now(); }
  Duration elapsed(steady_time now) const noexcept { return now - started_; }

  // ---- what tasks report

  void report_log(Level level, std::string_view message, std::span<const Field> fields) const {
    notify(&Observer::on_log,
           LogRecord{info_, state_name(), attempt_, level, message, fields, clock_.now()});
  }
  /// Returns when that is: with the attempt, or when the phase before has ended.
  steady_time report_phase_start(Phase phase) {
    const steady_time now = phase == Phase::Prep ? attempt_started_ : report_time();
    notify(&Observer::on_phase_started, PhaseStarted{info_, state_name(), attempt_, phase, now});
    time_passes();
    return now;
  }
  void report_phase_end(Phase phase, bool failed, steady_time began) {
    const steady_time now = report_time();
    notify(&Observer::on_phase_finished,
           PhaseFinished{info_, state_name(), attempt_, phase, failed, now - began, now});
  }

 private:
  template <class Event>
  void notify(void (Observer::*hook)(const Event&), const Event& event) const noexcept {
    observers_->notify(hook, event);
  }

  // One for all that is reported in one breath: most of what an event costs is to read the clock.
  steady_time report_time() {
    if (!reported_) reported_ = clock_.now();
    return *reported_;
  }

  std::pair<steady_time, Interrupt> nearest_limit() const noexcept {
    std::pair nearest{run_deadline_, Interrupt::RunTimeout};
    if (state_deadline_ < nearest.first) nearest = {state_deadline_, Interrupt::StateTimeout};
    if (attempt_deadline_ < nearest.first) nearest = {attempt_deadline_, Interrupt::AttemptTimeout};
    return nearest;
  }

  void arm_nearest_limit() {
    if (scope_ == nullptr) return;
    const auto [deadline, reason] = nearest_limit();
    scope_->arm(deadline, reason);
  }

  // A limit that interrupted the attempt; or, where a plain task kept the thread busy so that no
  // timer could fire, the clock's word.
  Interrupt passed_limit() const {
    const auto [deadline, reason] = nearest_limit();
    if (deadline == steady_time::max()) return Interrupt::None;
    if (scope_ != nullptr && scope_->interrupted() != Interrupt::None) {
      const Interrupt interrupted = scope_->interrupted();
      return interrupted == Interrupt::Stop ? Interrupt::None : interrupted;
    }
    return clock_.now() >= deadline ? reason : Interrupt::None;
  }

  Failure timeout_failure(Interrupt limit) const {
    const auto limit_text = [](std::string_view what, std::optional<Duration> value) {
      const auto ms = std::chrono::duration<double, std::milli>(value.value_or(Duration::zero()));
      std::string number = std::to_string(ms.count());
      number.erase(number.find_last_not_of('0') + 1);
      if (number.back() == '.') number.pop_back();
      return std::string{what} + " of " + number + " ms";
    };
    std::string text = "The ";
    if (limit == Interrupt::AttemptTimeout) {
      text += limit_text("attempt timeout", state_->config.attempt_timeout());
    } else if (limit == Interrupt::StateTimeout) {
      text += limit_text("timeout", state_->config.timeout());
    } else {
      text += limit_text("total timeout", run_timeout_);
    }
    text += " passed in state " + std::string{state_name()} + ", attempt " +
            std::to_string(attempt_) + " of " + std::to_string(state_->max_attempts);
    Failure failure = returned_failure(Error{Errc::Timeout, std::move(text)});
    failure.timed_out = true;
    return failure;
  }

  std::optional<std::chrono::milliseconds> delay_before_retry() {
    const RetryPolicy& policy = state_->config.retry();
    const bool over = out_of_time_ || cancelled_by_caller_;
    if (over || attempt_ >= state_->max_attempts) return std::nullopt;
    if (!is_worth_a_retry(policy)) return std::nullopt;
    const auto delay = policy.delay_for_attempt(attempt_ - 1, previous_delay());
    if (delay && policy.max_elapsed() &&
        saturating_add(clock_.now() - entered_, *delay) > *policy.max_elapsed()) {
      return std::nullopt;
    }
    return delay;
  }

  bool is_worth_a_retry(const RetryPolicy& policy) {
    if (!policy.predicate()) return failure_->kind == FailureKind::Retryable;
    bool worth_it = false;
    // A predicate that throws ends the run, with its own exception.
    call_catching([&] { worth_it = policy.predicate()(failure_->as_exception()); },
                  [&](Failure thrown) { set_failure(std::move(thrown)); });
    return worth_it;
  }

  std::optional<std::chrono::milliseconds> previous_delay() const noexcept {
    if (attempt_ == 1) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(pause_);
  }

  void report_failed_attempt(bool will_retry) {
    const std::string text = failure_->text();
    const steady_time now = report_time();
    notify(&Observer::on_attempt_failed,
           AttemptFailed{info_, state_->name, attempt_, state_->max_attempts, text,
                         failure_->timed_out, will_retry, now - attempt_started_, now - entered_,
                         now});
  }

  RunInfo info_;
  Clock clock_;
  const ObserverList* observers_;  // null when nobody watches
  const RunStop* stop_ = &RunStop::never();
  RunScope* scope_ = nullptr;  // null when nothing can interrupt
  const StateInfo* state_ = nullptr;
  std::size_t next_stop_ = 0;
  std::size_t attempt_ = 1;
  std::size_t failed_attempts_ = 0;
  bool out_of_time_ = false;  // the state's or the run's: no retry can follow
  bool cancelled_by_caller_ = false;
  std::unique_ptr<Failure> failure_;  // few runs have one, and it is large
  Duration pause_{};
  std::optional<Duration> run_timeout_;
  steady_time started_;
  steady_time entered_{};
  std::optional<steady_time> reported_;  // the last time, unless time has passed since
  steady_time attempt_started_{};
  steady_time run_deadline_ = steady_time::max();
  steady_time state_deadline_ = steady_time::max();
  steady_time attempt_deadline_ = steady_time::max();
};

}  // namespace cano::detail
