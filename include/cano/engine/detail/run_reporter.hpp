// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/edge_kind.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_id.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>
#include <cano/time/clock.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// A stay of a run in one state, with its attempts.
struct Visit {
  const StateInfo* state = nullptr;
  std::size_t attempt = 1;
  steady_time entered{};
  steady_time attempt_started{};
};

/// Reports to the observers of a run what happens in it, and when.
class RunReporter {
 public:
  /// `info` and `observers` may be those that the run inherits, see run_context.hpp.
  RunReporter(const RunInfo& info, std::string& run_id, Clock clock, const ObserverList& observers)
      : info_{info},
        run_id_{run_id},
        clock_{clock},
        observers_{observers.empty() ? nullptr : &observers},
        words_{observers.empty() ? nullptr : new std::uintptr_t[observers.size()]{}} {}

  std::size_t instance_id() const noexcept { return info_.instance_id; }
  /// Made when it is asked for: few runs without a name and observers need one.
  std::string_view run_id() const {
    if (run_id_.empty()) run_id_ = make_run_id();
    return run_id_;
  }
  const Clock& clock() const noexcept { return clock_; }
  const ObserverList* observers() const noexcept { return observers_; }
  const Span* span() const noexcept { return info_.span; }

  const RunInfo& info() const noexcept { return info_; }
  /// An undo reports to the observers of the run that it undoes.
  void swap_words(RunReporter& other) noexcept { words_.swap(other.words_); }

  /// One for all that happens in one breath: most of what an event costs is to read the clocks.
  steady_time time() {
    if (!time_) time_ = clock_.now();
    return *time_;
  }
  /// Others run, or time is waited for: what is reported next happens later.
  void forget_time() noexcept {
    time_.reset();
    wall_time_.reset();
  }

  // ---- Each of the following only where there are observers.

  /// Of an undo only the attempts are reported: neither this nor its end.
  void run_started(std::string_view state, steady_time at) {
    if (info_.undo) return;
    notify(&Observer::on_run_started, RunStarted{info_, state, at, wall_time()});
  }
  void run_finished(Outcome outcome, std::string_view state, std::string_view error,
                    std::size_t transitions, std::size_t attempts, steady_time started) {
    if (info_.undo) return;
    const steady_time now = time();
    notify(&Observer::on_run_finished, RunFinished{info_, outcome, state, error, transitions,
                                                   attempts, now - started, now, wall_time()});
  }

  void state_entered(const Visit& visit) {
    notify(&Observer::on_state_entered,
           StateEntered{info_, visit.state->name, visit.entered, visit.state->index, wall_time()});
  }
  void attempt_started(const Visit& visit) {
    notify(&Observer::on_attempt_started,
           AttemptStarted{info_, visit.state->name, visit.attempt, visit.state->max_attempts,
                          visit.attempt_started, visit.state->index, wall_time()});
  }
  void attempt_succeeded(const Visit& visit, std::string_view next_state) {
    const steady_time now = time();
    notify(&Observer::on_attempt_succeeded,
           AttemptSucceeded{info_, visit.state->name, visit.attempt, next_state,
                            now - visit.attempt_started, now - visit.entered, now,
                            visit.state->index, wall_time()});
  }
  void attempt_cancelled(const Visit& visit) {
    const steady_time now = time();
    notify(&Observer::on_attempt_cancelled,
           AttemptCancelled{info_, visit.state->name, visit.attempt, now - visit.attempt_started,
                            now - visit.entered, now, visit.state->index, wall_time()});
  }
  void attempt_failed(const Visit& visit, const Failure& failure, bool timed_out, bool will_retry) {
    const steady_time now = time();
    notify(&Observer::on_attempt_failed,
           AttemptFailed{info_, visit.state->name, visit.attempt, visit.state->max_attempts,
                         failure.message(), timed_out, will_retry, now - visit.attempt_started,
                         now - visit.entered, now, visit.state->index, wall_time()});
  }
  void retry_pause(const Visit& visit, Duration pause) {
    const steady_time now = time();
    notify(&Observer::on_retry_pause, RetryPause{info_, visit.state->name, visit.attempt, pause,
                                                 now, visit.state->index, wall_time()});
  }

  void edge_taken(std::string_view state, std::size_t index, std::string_view next, EdgeKind kind,
                  std::string_view error) {
    const steady_time now = time();
    notify(&Observer::on_edge_taken,
           EdgeTaken{info_, state, next, kind, error, now, index, wall_time()});
  }

  /// Returns when that is: with the attempt, or when the phase before has ended.
  steady_time phase_started(const Visit& visit, Phase phase) {
    const steady_time now = phase == Phase::Prep ? visit.attempt_started : time();
    notify(&Observer::on_phase_started, PhaseStarted{info_, visit.state->name, visit.attempt, phase,
                                                     now, visit.state->index, wall_time()});
    forget_time();
    return now;
  }
  void phase_finished(const Visit& visit, Phase phase, bool failed, bool cancelled,
                      steady_time began) {
    const steady_time now = time();
    notify(&Observer::on_phase_finished,
           PhaseFinished{info_, visit.state->name, visit.attempt, phase, failed, now - began, now,
                         visit.state->index, wall_time(), cancelled});
  }

  /// A branch of the task of that state, or an item.
  void branch_started(const Visit& visit, std::string_view branch, const RunPart& part,
                      steady_time at) const {
    notify(
        &Observer::on_branch_started,
        BranchStarted{info_, visit.state->name, visit.attempt, branch, part.index,
                      part.kind == RunPart::Kind::Item, at, visit.state->index, clock_.wall_now()});
  }
  void branch_finished(const Visit& visit, std::string_view branch, const RunPart& part,
                       Outcome outcome, std::string_view error, std::size_t attempts,
                       Duration elapsed, steady_time at) const {
    notify(&Observer::on_branch_finished,
           BranchFinished{info_, visit.state->name, visit.attempt, branch, part.index,
                          part.kind == RunPart::Kind::Item, outcome, error, attempts, elapsed, at,
                          visit.state->index, clock_.wall_now()});
  }

  bool wants_waits() const noexcept { return observers_->wants_waits(); }
  void waiting(const Visit& visit, const Wait& wait, steady_time since) const {
    observers_->notify_of_waits(
        &Observer::on_waiting,
        RunWaiting{info_, visit.state->name, visit.attempt, wait.kind, wait.until, since,
                   visit.state->index, clock_.wall_now()},
        words_.get());
  }
  void resumed(const Visit& visit, steady_time at) const {
    observers_->notify_of_waits(&Observer::on_resumed,
                                RunResumed{info_, visit.state->name, visit.attempt, at,
                                           visit.state->index, clock_.wall_now()},
                                words_.get());
  }

  void log(const Visit& visit, Level level, std::string_view message,
           std::span<const Field> fields) const {
    // Of its own: the word in it is set for each observer, and other threads may log too.
    const RunInfo info{.run_id = info_.run_id,
                       .instance_id = info_.instance_id,
                       .in_batch = info_.in_batch,
                       .span = info_.span,
                       .parent_id = info_.parent_id,
                       .inherits_observers = info_.inherits_observers,
                       .undo = info_.undo};
    notify(&Observer::on_log,
           LogRecord{info, visit.state->name, visit.attempt, level, message, fields, clock_.now(),
                     visit.state->index, clock_.wall_now()});
  }

  /// What asks the attempt to end, a stop or a limit, has to wait.
  void deferred(const Visit& visit, bool is_stop) const {
    log(visit, Level::Info,
        is_stop ? "The stop waits until the attempt has ended: it is uninterruptible"
                : "The limit waits until the attempt has ended: it is uninterruptible",
        {});
  }

 private:
  system_time wall_time() {
    if (!wall_time_) wall_time_ = clock_.wall_now();
    return *wall_time_;
  }

  template <class Event>
  void notify(void (Observer::*hook)(const Event&), const Event& event) const noexcept {
    observers_->notify(hook, event, words_.get());
  }

  RunInfo info_;
  std::string& run_id_;
  Clock clock_;
  const ObserverList* observers_;            // null without observers
  std::unique_ptr<std::uintptr_t[]> words_;  // one for each of them
  std::optional<steady_time> time_;          // the last time, unless time has passed since
  std::optional<system_time> wall_time_;     // the same, by the wall clock
};

}  // namespace cano::detail
