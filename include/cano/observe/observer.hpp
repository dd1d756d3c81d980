// SPDX-License-Identifier: MIT
#pragma once

// observe/: events of runs, batches and schedules, and observers that take them.

#include <cano/observe/event.hpp>

namespace cano {

/// Sees what runs, batches and schedules do: override the hooks you want, the others do nothing.
///
/// Attach it with `Workflow::with_observer`. A run, or a batch, that is started inside a run of
/// that workflow is seen too, unless its own workflow has observers. Hooks run inline, on the
/// thread of the run, so keep them short. An exception that leaves a hook never fails a run: the
/// observer is switched off, and `Workflow::observer_failures` says so.
///
/// **Threads.** Distinct objects: safe. Shared objects: hooks of one observer are called by all
/// runs it is attached to, at the same time; an observer guards its own data.
/// **Lifetime.** An event and what it views live until the hook returns.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// A run begins.
  virtual void on_run_started(const RunStarted&) {}
  /// A run has ended.
  virtual void on_run_finished(const RunFinished&) {}
  /// A run has come to a state.
  virtual void on_state_entered(const StateEntered&) {}
  /// A task is about to be called.
  virtual void on_attempt_started(const AttemptStarted&) {}
  /// A task has named the next state.
  virtual void on_attempt_succeeded(const AttemptSucceeded&) {}
  /// An attempt has failed.
  virtual void on_attempt_failed(const AttemptFailed&) {}
  /// An attempt was cut short because its run was asked to stop.
  virtual void on_attempt_cancelled(const AttemptCancelled&) {}
  /// A run waits before the next attempt.
  virtual void on_retry_pause(const RetryPause&) {}
  /// A run goes on in a state that no task has named.
  virtual void on_edge_taken(const EdgeTaken&) {}
  /// Whether it gets an event for every wait of a run. Asked once, when it is attached: an observer
  /// that does not ask costs nothing there.
  virtual bool wants_waits() const noexcept { return false; }
  /// A run has begun to wait.
  virtual void on_waiting(const RunWaiting&) {}
  /// A run that waited goes on.
  virtual void on_resumed(const RunResumed&) {}
  /// A phase of a Node is about to be called.
  virtual void on_phase_started(const PhaseStarted&) {}
  /// A phase of a Node has ended.
  virtual void on_phase_finished(const PhaseFinished&) {}
  /// A branch of a `split`, or an item of an `each`, begins.
  virtual void on_branch_started(const BranchStarted&) {}
  /// A branch or an item has ended.
  virtual void on_branch_finished(const BranchFinished&) {}
  /// A task says something.
  virtual void on_log(const LogRecord&) {}
  /// A batch begins.
  virtual void on_batch_started(const BatchStarted&) {}
  /// A batch has ended.
  virtual void on_batch_finished(const BatchFinished&) {}
  /// A circuit breaker has changed its state. Told to the observers of the breaker, see
  /// `CircuitBreaker::add_observer`, in the order of the changes.
  virtual void on_circuit_changed(const CircuitChanged&) {}
  /// A job is due.
  virtual void on_occurrence_due(const OccurrenceDue&) {}
  /// A job that is due has to wait for another run to end.
  virtual void on_occurrence_queued(const OccurrenceQueued&) {}
  /// A job begins to run.
  virtual void on_occurrence_started(const OccurrenceStarted&) {}
  /// A run of a job has ended.
  virtual void on_occurrence_finished(const OccurrenceFinished&) {}
  /// A job that was due does not run.
  virtual void on_occurrence_skipped(const OccurrenceSkipped&) {}
};

}  // namespace cano
