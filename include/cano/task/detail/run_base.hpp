// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
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
#include <cano/config.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_limits.hpp>
#include <cano/task/detail/run_part.hpp>
#include <cano/task/detail/run_reporter.hpp>
#include <cano/task/detail/state_info.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// The flag of runs that nobody can stop from another thread.
CANO_VISIBLE inline const std::atomic<bool> never_stopped{false};

/// How a run is stopped from other threads: a flag that it reads at every hop, since to ask a stop
/// token takes a function call, and the token behind it.
struct StopRequest {
  const std::atomic<bool>* flag = &never_stopped;
  std::stop_token token{};
};

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
    if (part_.kind == RunPart::Kind::Same) return whole_->log(level, message, fields);
    std::vector<Field> all{fields.begin(), fields.end()};
    all.emplace_back("branch", branch());
    whole_->log(level, message, all);
  }

  /// Who carries out what the run decides; null in tests.
  RunDriverBase* driver() const noexcept { return driver_; }
  void set_driver(RunDriverBase& driver) noexcept { driver_ = &driver; }

  const Visit& visit() const noexcept { return visit_; }
  RunReporter& reporter() noexcept { return reporter_; }
  bool is_observed() const noexcept { return reporter_.observers() != nullptr; }

  CancellationScope& scope() const noexcept { return *scope_; }
  steady_time now() const noexcept { return reporter_.clock().now(); }
  steady_time started() const noexcept { return started_; }

  std::stop_token attempt_stop_token() const { return scope_->token(stop_request_->token); }

  std::optional<Duration> remaining() const {
    steady_time deadline = nearest_limit().deadline;
    for (const RunBase* outer = whole_; outer != nullptr; outer = outer->whole_)
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
    if (is_observed()) {
      visit_.attempt_started = reporter_.time();
      reporter_.attempt_started(visit_);
    }
    reporter_.forget_time();
  }

  /// The attempt is over. A limit that passed meanwhile makes it a failure whatever it gave.
  void end_attempt() {
    if (limits_ == nullptr) return;
    limit_passed_ = passed_limit();
    if (limit_passed_ != StopReason::None) set_failure(timeout_failure(limit_passed_));
    limits_->lift_from_attempt();
  }

  /// The visit is over, and its limits with it.
  void leave() {
    visit_.attempt = 1;
    if (!visit_.state->has_limits) return;
    limits().lift_from_visit();
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
  /// A `Result` that holds an error: the failure of the attempt, without a throw.
  void fail(Error&& error) { set_failure(Failure{std::move(error)}); }
  const Failure& failure() const noexcept { return failure_; }
  Failure&& take_failure() noexcept { return std::move(failure_); }

  /// Decides on the failure that is set. True: another attempt follows after `pause()`, and the
  /// failure is forgotten.
  bool decide_retry() {
    ++failed_attempts_;
    const bool retries = plan_retry();
    if (is_observed()) reporter_.attempt_failed(visit_, failure_, timed_out(), retries);
    if (!retries) return false;
    failure_ = {};
    if (scope_->reason() == StopReason::AttemptTimeout) scope_->reset();
    if (pause_ > Duration::zero() && is_observed()) reporter_.retry_pause(visit_, pause_);
    ++visit_.attempt;
    reporter_.forget_time();
    return true;
  }

  Duration pause() const noexcept { return pause_; }
  std::size_t failed_attempts() const noexcept { return failed_attempts_; }

  // ---- interruptions

  /// The failure that ends the run before its next step; none when there is no reason.
  Failure interruption() const {
    if (stop_was_requested()) return cancelled_failure();
    const StopReason limit = passed_limit();
    if (limit == StopReason::RunTimeout || limit == StopReason::StateTimeout) {
      return timeout_failure(limit);
    }
    return {};
  }

  /// The failure that stays is the run's. What an operation says that was aborted because the run
  /// was asked to stop becomes `Error(Cancelled)`.
  Outcome final_outcome() {
    if (stop_was_requested() && failure_.kind() == FailureKind::Aborted) {
      set_failure(cancelled_failure());
    }
    return failure_.kind() == FailureKind::Cancelled ? Outcome::Cancelled : Outcome::Failed;
  }

 private:
  RunLimits& limits() {
    if (!limits_) limits_ = std::make_unique<RunLimits>();
    return *limits_;
  }

  // A limit that cancelled the attempt; or, where a plain task kept the thread busy so that no
  // timer could fire, what the clock says.
  StopReason passed_limit() const {
    const RunLimits::Nearest limit = nearest_limit();
    if (limit.reason == StopReason::None) return StopReason::None;
    if (scope_->is_cancelled()) {
      return scope_->reason() == StopReason::Stop ? StopReason::None : scope_->reason();
    }
    return now() >= limit.deadline ? limit.reason : StopReason::None;
  }

  // "state Charge", "branch fraud", "item 3".
  std::string where() const {
    if (part_.kind == RunPart::Kind::Same) return "state " + visit_.state->name;
    std::string name = branch();
    const bool says_so = part_.kind == RunPart::Kind::Item || name.starts_with("branch ");
    return says_so ? name : "branch " + std::move(name);
  }

  Failure timeout_failure(StopReason limit) const {
    Error error{Errc::Timeout, std::string{"The "} + limits_->describe(limit) + " passed in " +
                                   where() + ", attempt " + std::to_string(visit_.attempt) +
                                   " of " + std::to_string(visit_.state->max_attempts)};
    return Failure{std::move(error)};
  }

  Failure cancelled_failure() const {
    return Failure{
        Error{Errc::Cancelled, "Run " + std::string{run_id()} + " was cancelled in " + where()}};
  }

  // The token may know of a request that is still on its way to the flag: another of its listeners
  // has aborted what the run awaits.
  bool stop_was_requested() const noexcept {
    return scope_->reason() == StopReason::Stop || stop_->load(std::memory_order_acquire) ||
           stop_request_->token.stop_requested();
  }

  bool timed_out() const noexcept { return limit_passed_ != StopReason::None; }

  // Whether there is another attempt, after `pause_`.
  bool plan_retry() {
    const RetryPolicy& policy = visit_.state->config.retry();
    if (timed_out() && limit_passed_ != StopReason::AttemptTimeout) return false;
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
  StopReason limit_passed_ = StopReason::None;  // during the last attempt
  Duration pause_{};
  steady_time started_;
  std::unique_ptr<RunLimits> limits_;  // null when nothing has been limited yet
};

}  // namespace cano::detail
