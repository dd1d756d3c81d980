// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include <cano/edge_kind.hpp>
#include <cano/observe/detail/event_head.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/wait_kind.hpp>

// The description of each event of a run, a branch or a batch, see describe.hpp.
namespace cano::detail {

// ---- runs

inline EventHead head_of(const RunStarted& e) {
  return {"run_started", Level::Info, workflow_target, "Run started", &e.run, e.state};
}
inline std::vector<Field> fields_of(const RunStarted&) { return {}; }

inline EventHead head_of(const RunFinished& e) {
  const std::string_view message = e.outcome == Outcome::Success  ? "Run succeeded"
                                   : e.outcome == Outcome::Failed ? "Run failed"
                                                                  : "Run was cancelled";
  return {"run_finished", level_of(e.outcome), workflow_target, message, &e.run, e.state};
}
inline std::vector<Field> fields_of(const RunFinished& e) {
  std::vector<Field> fields{text_field("outcome", to_string(e.outcome))};
  if (!e.error.empty()) fields.push_back(text_field("error", e.error));
  fields.emplace_back("transitions", e.transitions);
  fields.emplace_back("attempts", e.attempts);
  fields.push_back(elapsed_field(e.elapsed));
  return fields;
}

// Of an undo the events are those of the task that it is.
inline std::vector<Field> with_undo(const RunInfo& run, std::vector<Field> fields) {
  if (run.undo) fields.insert(fields.begin(), Field{"undo", true});
  return fields;
}

inline EventHead head_of(const StateEntered& e) {
  return {"state_entered", Level::Debug, workflow_target, e.run.undo ? "Undoing" : "State entered",
          &e.run,          e.state};
}
inline std::vector<Field> fields_of(const StateEntered& e) { return with_undo(e.run, {}); }

// ---- attempts

inline EventHead head_of(const AttemptStarted& e) {
  return {"attempt_started", Level::Debug, task_target, "Attempt started", &e.run,
          e.state,           e.attempt};
}
inline std::vector<Field> fields_of(const AttemptStarted& e) {
  return with_undo(e.run, {attempts_field(e.max_attempts)});
}

inline EventHead head_of(const AttemptSucceeded& e) {
  return {"attempt_succeeded",
          e.run.undo ? Level::Info : Level::Debug,
          task_target,
          e.run.undo ? "Undone" : "Attempt succeeded",
          &e.run,
          e.state,
          e.attempt};
}
inline std::vector<Field> fields_of(const AttemptSucceeded& e) {
  if (e.run.undo) return with_undo(e.run, {elapsed_field(e.elapsed)});
  return {text_field("next_state", e.next_state), elapsed_field(e.elapsed)};
}

inline EventHead head_of(const AttemptCancelled& e) {
  return {"attempt_cancelled",
          Level::Info,
          task_target,
          "Attempt was cancelled",
          &e.run,
          e.state,
          e.attempt};
}
inline std::vector<Field> fields_of(const AttemptCancelled& e) {
  return {text_field("outcome", to_string(Outcome::Cancelled)), elapsed_field(e.elapsed)};
}

inline EventHead head_of(const AttemptFailed& e) {
  const std::string_view message =
      e.run.undo     ? e.will_retry ? "Undo failed, will retry" : "Undo failed, giving up"
      : e.will_retry ? "Attempt failed, will retry"
                     : "Attempt failed, giving up";
  return {"attempt_failed", e.will_retry ? Level::Warn : Level::Error,
          task_target,      message,
          &e.run,           e.state,
          e.attempt};
}
inline std::vector<Field> fields_of(const AttemptFailed& e) {
  return with_undo(e.run, {text_field("error", e.error), attempts_field(e.max_attempts),
                           Field{"timed_out", e.timed_out}, Field{"will_retry", e.will_retry},
                           elapsed_field(e.elapsed)});
}

inline EventHead head_of(const RetryPause& e) {
  return {"retry_pause", Level::Debug, task_target, "Waiting before the next attempt",
          &e.run,        e.state,      e.attempt};
}
inline std::vector<Field> fields_of(const RetryPause& e) {
  return with_undo(e.run, {{"delay_ms", milliseconds_of(e.delay)}});
}

inline EventHead head_of(const EdgeTaken& e) {
  return {"edge_taken",
          Level::Warn,
          workflow_target,
          e.kind == EdgeKind::Limit ? "Too many transitions, going on elsewhere"
                                    : "State has given up, going on elsewhere",
          &e.run,
          e.state};
}
inline std::vector<Field> fields_of(const EdgeTaken& e) {
  std::vector<Field> fields{text_field("kind", to_string(e.kind)),
                            text_field("next_state", e.next_state)};
  if (!e.error.empty()) fields.push_back(text_field("error", e.error));
  return fields;
}

inline EventHead head_of(const RunWaiting& e) {
  return {"waiting", Level::Trace, task_target, "Waiting", &e.run, e.state, e.attempt};
}
inline std::vector<Field> fields_of(const RunWaiting& e) {
  return {text_field("kind", to_string(e.kind))};
}

inline EventHead head_of(const RunResumed& e) {
  return {"resumed", Level::Trace, task_target, "Resumed", &e.run, e.state, e.attempt};
}
inline std::vector<Field> fields_of(const RunResumed&) { return {}; }

inline EventHead head_of(const PhaseStarted& e) {
  return {"phase_started", Level::Trace, task_target, "Phase started", &e.run, e.state, e.attempt};
}
inline std::vector<Field> fields_of(const PhaseStarted& e) {
  return {text_field("phase", to_string(e.phase))};
}

inline EventHead head_of(const PhaseFinished& e) {
  const std::string_view message = e.cancelled ? "Phase was cancelled"
                                   : e.failed  ? "Phase failed"
                                               : "Phase finished";
  return {"phase_finished", e.failed ? Level::Warn : Level::Debug,
          task_target,      message,
          &e.run,           e.state,
          e.attempt};
}
inline std::vector<Field> fields_of(const PhaseFinished& e) {
  std::vector<Field> fields{text_field("phase", to_string(e.phase)), Field{"failed", e.failed}};
  if (e.cancelled) fields.emplace_back("cancelled", true);
  fields.push_back(elapsed_field(e.elapsed));
  return fields;
}

// ---- branches

inline EventHead head_of(const BranchStarted& e) {
  return {"branch_started", Level::Debug, compose_target, "Branch started",
          &e.run,           e.state,      e.attempt};
}
inline std::vector<Field> fields_of(const BranchStarted& e) {
  return {text_field("branch", e.branch), Field{"index", e.index}};
}

// One that fails, or is not wanted any more, may be what its join is for.
inline EventHead head_of(const BranchFinished& e) {
  const std::string_view message = e.outcome == Outcome::Success  ? "Branch succeeded"
                                   : e.outcome == Outcome::Failed ? "Branch failed"
                                                                  : "Branch was cancelled";
  const Level level = e.outcome == Outcome::Failed ? Level::Warn : Level::Debug;
  return {"branch_finished", level, compose_target, message, &e.run, e.state, e.attempt};
}
inline std::vector<Field> fields_of(const BranchFinished& e) {
  std::vector<Field> fields{text_field("branch", e.branch), Field{"index", e.index},
                            text_field("outcome", to_string(e.outcome))};
  if (!e.error.empty()) fields.push_back(text_field("error", e.error));
  fields.emplace_back("attempts", e.attempts);
  fields.push_back(elapsed_field(e.elapsed));
  return fields;
}

inline EventHead head_of(const LogRecord& e) {
  return {"log", e.level, app_target, e.message, &e.run, e.state, e.attempt};
}
inline std::vector<Field> fields_of(const LogRecord& e) {
  return {e.fields.begin(), e.fields.end()};
}

// ---- batches

inline EventHead head_of(const BatchStarted& e) {
  return {"batch_started", Level::Info, concurrent_target, "Batch started", &e.run};
}
inline std::vector<Field> fields_of(const BatchStarted& e) {
  return {Field{"instances", e.instances}, text_field("wait_strategy", e.wait_strategy)};
}

inline EventHead head_of(const BatchFinished& e) {
  return {"batch_finished", Level::Info, concurrent_target, "Batch finished", &e.run};
}
inline std::vector<Field> fields_of(const BatchFinished& e) {
  return {Field{"total", e.total}, Field{"completed", e.completed}, Field{"failed", e.failed},
          Field{"cancelled", e.cancelled}, elapsed_field(e.elapsed)};
}

}  // namespace cano::detail
