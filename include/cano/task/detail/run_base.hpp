// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/limit/detail/attempt_gate.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/retry_decision.hpp>
#include <cano/task/detail/run_limits.hpp>
#include <cano/task/detail/run_part.hpp>
#include <cano/task/detail/run_reporter.hpp>
#include <cano/task/detail/state_info.hpp>
#include <cano/task/detail/stop_request.hpp>
#include <cano/task/detail/undo_log.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

class RunDriverBase;

/// The part of a run that does not depend on the types of state and store: the visit to a state
/// with its attempts and limits. It does no I/O. This is the only retry loop of the library.
class RunBase {
 public:
  RunBase(const RunInfo& info, std::string& run_id, Clock clock, steady_time now,
          const ObserverList& observers, CancellationScope& scope, const StopRequest& stop)
      : scope_{&scope},
        stop_{stop.flag},
        stop_request_{&stop},
        reporter_{info, run_id, clock, observers},
        started_{now} {}
  RunBase(const RunBase&) = delete;
  RunBase& operator=(const RunBase&) = delete;

  /// Makes it a part of another run, such as a branch of a split, whose task waits for it: the id,
  /// the limits and the observers are those of that run too.
  void part_of(RunBase& whole, RunPart part) noexcept {
    whole_ = &whole;
    part_ = part;
  }
  std::string_view run_id() const {
    return whole_ != nullptr ? whole_->run_id() : reporter_.run_id();
  }
  std::size_t instance_id() const noexcept {
    return whole_ != nullptr ? whole_->instance_id() : reporter_.instance_id();
  }
  /// The branch that it is; empty where it is none.
  std::string branch() const {
    if (part_.kind == RunPart::Kind::Item) return "item " + std::to_string(part_.index);
    if (part_.kind == RunPart::Kind::Branch) return visit_.state->name;
    return whole_ != nullptr ? whole_->branch() : std::string{};
  }

  /// Whether somebody hears what is logged.
  bool is_heard() const noexcept {
    return is_observed() || (whole_ != nullptr && whole_->is_heard());
  }
  /// From any thread, while an attempt is under way.
  void log(Level level, std::string_view message, std::span<const Field> fields) const {
    if (is_observed()) return reporter_.log(visit_, level, message, fields);
    if (whole_ == nullptr) return;
    if (!is_branch()) return whole_->log(level, message, fields);
    std::vector<Field> all{fields.begin(), fields.end()};
    all.emplace_back("branch", branch());
    whole_->log(level, message, all);
  }

  /// Who carries out what the run decides; null in tests.
  RunDriverBase* driver() const noexcept { return driver_; }
  void set_driver(RunDriverBase& driver) noexcept { driver_ = &driver; }

  const Visit& visit() const noexcept { return visit_; }
  RunReporter& reporter() noexcept { return reporter_; }
  const RunReporter& reporter() const noexcept { return reporter_; }
  bool is_observed() const noexcept { return reporter_.observers() != nullptr; }

  CancellationScope& scope() const noexcept { return *scope_; }
  steady_time now() const noexcept { return reporter_.clock().now(); }
  steady_time started() const noexcept { return started_; }

  std::stop_token attempt_stop_token() const {
    return scope_->token(is_uninterruptible_ ? std::stop_token{} : stop_request_->token);
  }

  std::optional<Duration> remaining() const {
    steady_time deadline = nearest_limit().deadline;
    const RunBase* outer = part_.kind == RunPart::Kind::Undo ? nullptr : whole_;
    for (; outer != nullptr; outer = outer->whole_)
      deadline = std::min(deadline, outer->nearest_limit().deadline);
    if (deadline == steady_time::max()) return std::nullopt;
    return saturating_between(now(), deadline);
  }

  /// The limit that passes first, of those in force now.
  RunLimits::Nearest nearest_limit() const noexcept {
    return limits_ ? limits_->nearest() : RunLimits::Nearest{};
  }
  /// Whether there has been any limit.
  bool is_limited() const noexcept { return limits_ != nullptr; }
  void limit_run(Duration timeout) { limits().limit_run(started_, timeout); }

  // ---- a visit to a state

  // The fast path into a state: no limits, nobody observes.
  void enter_fast(const StateInfo& state) noexcept { visit_.state = &state; }

  // The rest of the way in, for every other state.
  void enter() {
    const StateInfo& state = *visit_.state;
    if (state.takes_long_way) {
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
    if (state.takes_long_way) {
      limits().limit_attempt(reporter_.time(), state.config.attempt_timeout());
      is_uninterruptible_ = state.config.is_uninterruptible();
      if (is_uninterruptible_) scope_->forget_token();
    }
    if (is_observed()) {
      visit_.attempt_started = reporter_.time();
      reporter_.attempt_started(visit_);
    }
    reporter_.forget_time();
  }

  /// What the attempt has to pass before it begins; null where that is nothing.
  const AttemptGate* gate() const noexcept { return visit_.state->config.gate(); }
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
      if (limit_passed_ != StopReason::None) set_failure(cut_off(limit_passed_));
    }
    limits_->lift_from_attempt();
    if (pass_) give_back_pass();
  }

  /// Whether what asks the work to end early has to wait until the attempt has ended.
  bool defers(StopReason reason) {
    if (!is_uninterruptible_) return false;
    const bool is_stop = reason == StopReason::Stop;
    if (is_stop && std::exchange(is_stop_deferred_, true)) return true;
    if (is_observed()) {
      reporter_.log(visit_, Level::Info,
                    is_stop ? "The stop waits until the attempt has ended: it is uninterruptible"
                            : "The limit waits until the attempt has ended: it is uninterruptible",
                    {});
    }
    return true;
  }

  /// The visit is over, and its limits with it.
  void leave() {
    visit_.attempt = 1;
    last_failure_ = {};
    led_here_ = {};
    if (!visit_.state->takes_long_way) return;
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
  /// What has led to the visit over a failure edge; none otherwise.
  const Failure& led_here() const noexcept {
    const bool is_own = whole_ == nullptr || part_.kind == RunPart::Kind::Undo;
    return is_own ? led_here_ : whole_->led_here();
  }
  void set_led_here(const Failure& failure) noexcept { led_here_ = failure; }
  void forget_what_led_here() noexcept { led_here_ = {}; }

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
      set_failure(out_of_time(limit));
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

  // ---- what can be undone

  /// Whether it has done anything that can be undone.
  bool has_undo_log() const noexcept { return undo_log_ != nullptr; }
  /// What is kept of it, where there is any.
  UndoLog& undo_log() const noexcept { return *undo_log_; }
  /// Where it is kept: by the run itself, for all its parts.
  UndoList& undo_list() {
    if (whole_ != nullptr) return whole_->undo_list();
    if (!undo_log_) undo_log_ = std::make_unique<UndoList>();
    return static_cast<UndoList&>(*undo_log_);
  }

  /// The visit has succeeded, and can be undone.
  void push_undo(const std::shared_ptr<const UndoTask>& task, UndoTarget&& target) {
    undo_list().push({task, std::move(target), undo_name(), state_index()});
  }
  /// What another run has done that is part of this visit, with what it worked on.
  void adopt_undo(std::vector<UndoEntry> entries, const std::shared_ptr<const void>& store) {
    for (UndoEntry& entry : entries) {
      using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
      entry.target.kept = std::make_shared<Both>(std::move(entry.target.kept), store);
      entry.name = undo_name() + '/' + entry.name;
      entry.index = state_index();
      undo_list().push(std::move(entry));
    }
  }
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
    if (stop_was_requested()) return cancelled_failure({});
    const StopReason limit = passed_limit();
    if (limit != StopReason::RunTimeout && limit != StopReason::StateTimeout) return {};
    limit_passed_ = limit;
    const std::size_t attempt = visit_.attempt;
    return failure_after(
        Errc::Timeout,
        limit_text(limit, " passed ") + (attempt == 1 ? ", before " + attempt_text(attempt)
                                                      : " after " + attempt_text(attempt - 1)),
        last_failure_);
  }

  /// What becomes of a run that has failed: a failure after a stop was requested is a cancellation,
  /// whatever it says, and nothing else is one.
  Outcome final_outcome() {
    if (!stop_was_requested()) return Outcome::Failed;
    set_failure(cancelled_failure(telling(failure_)));
    return Outcome::Cancelled;
  }

 private:
  RunLimits& limits() {
    if (!limits_) limits_ = std::make_unique<RunLimits>();
    return *limits_;
  }

  // The limit that has passed at that time.
  StopReason limit_at(steady_time time) const {
    const RunLimits::Nearest limit = nearest_limit();
    return limit.reason != StopReason::None && time >= limit.deadline ? limit.reason
                                                                      : StopReason::None;
  }
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

  bool is_branch() const noexcept {
    return part_.kind == RunPart::Kind::Branch || part_.kind == RunPart::Kind::Item;
  }

  // "Check", "Check/fraud", "Quote/item 3".
  std::string undo_name() const {
    if (whole_ == nullptr) return visit_.state->name;
    return is_branch() ? whole_->undo_name() + '/' + branch() : whole_->undo_name();
  }
  std::size_t state_index() const noexcept {
    return whole_ != nullptr ? whole_->state_index() : visit_.state->index;
  }

  // "state Charge", "branch fraud", "item 3", "the undo of Charge".
  std::string where() const {
    if (part_.kind == RunPart::Kind::Undo) return "the undo of " + visit_.state->name;
    if (!is_branch()) return "state " + visit_.state->name;
    std::string name = branch();
    const bool says_so = part_.kind == RunPart::Kind::Item || name.starts_with("branch ");
    return says_so ? name : "branch " + std::move(name);
  }

  // "The timeout of 250 ms passed in state A".
  std::string limit_text(StopReason limit, const char* verb) const {
    return "The " + limits_->describe(limit) + verb + "in " + where();
  }
  std::string attempt_text(std::size_t attempt) const {
    return detail::attempt_text(attempt, visit_.state->max_attempts);
  }

  // The attempt under way was cut off; what it threw of its own says more than the failure before.
  Failure cut_off(StopReason limit) const {
    Failure last = telling(failure_);
    if (!last && limit != StopReason::AttemptTimeout) last = last_failure_;
    return failure_after(Errc::Timeout,
                         limit_text(limit, " passed ") + ", " + attempt_text(visit_.attempt), last);
  }

  // There would be another attempt, but not in time.
  Failure out_of_time(StopReason limit) const {
    const bool has_passed = limit_at(now()) != StopReason::None;
    std::string text = limit_text(limit, has_passed ? " passed " : " would pass ");
    if (!has_passed) text += " in the pause of " + duration_text(pause_);
    return failure_after(Errc::Timeout, text + " after " + attempt_text(visit_.attempt), failure_);
  }

  Failure cancelled_failure(const Failure& last) const {
    return failure_after(Errc::Cancelled,
                         "Run " + std::string{run_id()} + " was cancelled in " + where(), last);
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
    call_catching([&] { pass->failed(failure_.kind(), failure_.as_exception()); },
                  [&](Failure&& thrown) { set_failure(std::move(thrown)); });
  }

  bool timed_out() const noexcept { return limit_passed_ != StopReason::None; }

  // Whether the policy allows another attempt, after `pause_`.
  bool plan_retry() {
    if (timed_out() && limit_passed_ != StopReason::AttemptTimeout) return false;
    if (visit_.attempt >= visit_.state->max_attempts || stop_was_requested()) return false;
    const RetryPolicy& policy = visit_.state->config.retry();
    RetryQuestion question{.attempt = visit_.attempt};
    if (visit_.attempt != 1) question.last_pause = pause_;
    if (policy.max_elapsed()) question.elapsed = now() - visit_.entered;
    std::optional<Duration> pause;
    // A function of the user's that throws ends the run, with its own exception.
    call_catching([&] { pause = pause_after(failure_, policy, question); },
                  [&](Failure&& thrown) { set_failure(std::move(thrown)); });
    if (pause) pause_ = *pause;
    return pause.has_value();
  }

  CancellationScope* scope_;
  const std::atomic<bool>* stop_;
  std::size_t checkpoint_ = 0;
  Failure failure_;
  const StopRequest* stop_request_;
  RunDriverBase* driver_ = nullptr;
  RunBase* whole_ = nullptr;  // of which it is a part
  RunPart part_;
  RunReporter reporter_;
  Visit visit_;
  std::size_t failed_attempts_ = 0;
  StopReason limit_passed_ =
      StopReason::None;              // during the last attempt, or it has ended the visit
  bool is_uninterruptible_ = false;  // the attempt under way
  bool is_stop_deferred_ = false;
  Duration pause_{};
  steady_time started_;
  Failure last_failure_;               // of the attempt before, in this visit
  Failure led_here_;                   // see `led_here`
  std::unique_ptr<UndoLog> undo_log_;  // null when nothing has been done that can be undone
  std::unique_ptr<RunLimits> limits_;  // null when nothing has been limited yet
  std::unique_ptr<AttemptPass> pass_;  // of the attempt under way, where it has a gate
};

}  // namespace cano::detail
