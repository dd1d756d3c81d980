// SPDX-License-Identifier: MIT
#pragma once

#include <cano/observe/event.hpp>

namespace cano {

/// Sees what runs, batches and schedules do: override the hooks you want, the others do nothing.
///
/// Attach it with `Workflow::with_observer`. Hooks run inline, on the thread of the run, so keep
/// them short. An exception that leaves a hook never fails a run: the observer is switched off.
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

  virtual void on_run_started(const RunStarted&) {}
  virtual void on_run_finished(const RunFinished&) {}
  virtual void on_state_entered(const StateEntered&) {}
  virtual void on_attempt_started(const AttemptStarted&) {}
  virtual void on_attempt_succeeded(const AttemptSucceeded&) {}
  virtual void on_attempt_failed(const AttemptFailed&) {}
  virtual void on_retry_pause(const RetryPause&) {}
  virtual void on_phase_started(const PhaseStarted&) {}
  virtual void on_phase_finished(const PhaseFinished&) {}
  virtual void on_log(const LogRecord&) {}
  virtual void on_batch_started(const BatchStarted&) {}
  virtual void on_batch_finished(const BatchFinished&) {}
  virtual void on_occurrence_due(const OccurrenceDue&) {}
  virtual void on_occurrence_started(const OccurrenceStarted&) {}
  virtual void on_occurrence_finished(const OccurrenceFinished&) {}
  virtual void on_occurrence_skipped(const OccurrenceSkipped&) {}
};

}  // namespace cano
