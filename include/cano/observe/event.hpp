// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/edge_kind.hpp>
#include <cano/observe/circuit_event.hpp>  // IWYU pragma: export
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/schedule_event.hpp>  // IWYU pragma: export
#include <cano/observe/span.hpp>
#include <cano/outcome.hpp>  // IWYU pragma: export
#include <cano/wait_kind.hpp>

namespace cano {

/// The three parts of a Node's attempt.
enum class Phase {
  Prep,  ///< Loads from the store.
  Exec,  ///< Works, without the store.
  Post,  ///< Saves, and names the next state.
};

/// "prep", "exec" or "post".
constexpr std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::Prep:
      return "prep";
    case Phase::Exec:
      return "exec";
    case Phase::Post:
      break;
  }
  return "post";
}

// Events are views: what they point to lives until the hook they are handed to returns.
//
// Each says when it happened by both clocks: durations and slices go by the steady one, also when
// the wall clock is put back or the machine sleeps, and people read the wall clock. Under
// `VirtualTime` both are its own.

/// The index of a state that the workflow does not have.
inline constexpr std::size_t unknown_state = static_cast<std::size_t>(-1);

/// Which run an event belongs to.
struct RunInfo {
  std::string_view run_id;      ///< `RunOptions::run_id`, or one made by the library.
  std::size_t instance_id = 0;  ///< Index in its batch; 0 for a run of its own.
  bool in_batch = false;        ///< Whether the run is one instance of a batch.
  const Span* span = nullptr;   ///< From `with_tracing_span`, or the parent's; null without one.

  /// The id of the run, or of the run of a scheduled job, in which this one was started; empty when
  /// it was started from outside, or when it is that run itself.
  std::string_view parent_id{};
  /// Whether the observers are the parent's, since its workflow has none of its own.
  bool inherits_observers = false;
  /// Whether the event belongs to the undo of a state, when all else in the run has ended.
  bool undo = false;

  /// A word of this run's for the observer that is called, 0 when the run begins: what it puts
  /// there it finds there again, and need not look the run up. Null for the events of a batch.
  mutable std::uintptr_t* word = nullptr;
};

/// A run begins.
struct RunStarted {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Where it starts.
  steady_time at;
  system_time wall_at{};  ///< The same, by the wall clock.
};

/// A run has ended, however; after this nothing more comes from it.
///
/// One that is destroyed with its execution context is cancelled, and what was under way in it ends
/// with it: of the attempt and its phase nothing more is reported.
struct RunFinished {
  const RunInfo& run;       ///< Which run.
  Outcome outcome;          ///< How it ended.
  std::string_view state;   ///< The final state; for other outcomes the one it stopped in.
  std::string_view error;   ///< Why, for other outcomes than success.
  std::size_t transitions;  ///< How often the run went from a state to the next.
  std::size_t attempts;     ///< How many there were, in all states.
  Duration elapsed;         ///< Since the run began.
  steady_time at;
  system_time wall_at{};  ///< The same, by the wall clock.
};

/// A run has come to a state that has a task; an exit state only ends it.
struct StateEntered {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A task is about to be called.
struct AttemptStarted {
  const RunInfo& run;        ///< Which run.
  std::string_view state;    ///< Its state, by name.
  std::size_t attempt;       ///< From 1.
  std::size_t max_attempts;  ///< What the policy allows; `RetryPolicy::unlimited`.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A task has named the next state.
struct AttemptSucceeded {
  const RunInfo& run;           ///< Which run.
  std::string_view state;       ///< Its state, by name.
  std::size_t attempt;          ///< From 1.
  std::string_view next_state;  ///< Where the run goes.
  Duration elapsed;             ///< Since the attempt began.
  Duration state_elapsed;       ///< Since the state was entered: earlier attempts and pauses too.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A task was cut short because its run was asked to stop: that is no failure. The run ends with
/// it.
struct AttemptCancelled {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< From 1.
  Duration elapsed;        ///< Since the attempt began.
  Duration state_elapsed;  ///< Since the state was entered.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A task has thrown, returned an error, or was cut short by a limit.
struct AttemptFailed {
  const RunInfo& run;        ///< Which run.
  std::string_view state;    ///< Its state, by name.
  std::size_t attempt;       ///< From 1.
  std::size_t max_attempts;  ///< What the retry policy allows; `RetryPolicy::unlimited`.
  std::string_view error;    ///< What the exception says.
  bool timed_out;            ///< A limit of the library ended it.
  bool will_retry;           ///< Whether another attempt follows.
  Duration elapsed;          ///< Since the attempt began.
  Duration state_elapsed;    ///< Since the state was entered: earlier attempts and pauses too.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A run waits before the next attempt.
struct RetryPause {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< The attempt that failed.
  Duration delay;          ///< How long it waits.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A run goes on in a state that no task has named: over a failure edge, or that of its limit on
/// transitions. The failure itself was reported before.
struct EdgeTaken {
  const RunInfo& run;           ///< Which run.
  std::string_view state;       ///< The state that is left, by name.
  std::string_view next_state;  ///< Where the run goes.
  EdgeKind kind;                ///< Over which kind of edge.
  std::string_view error;       ///< Of a failure edge: what the exception says.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A run has begun to wait: for its task, or between two attempts. Told only to observers that ask
/// for it, see `Observer::wants_waits`.
struct RunWaiting {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< From 1.
  WaitKind kind;           ///< What for.
  steady_time until;       ///< When it ends at the latest; the end of time where that is not known.
  steady_time since;       ///< When it began.
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `since` by the wall clock.
};

/// It goes on.
struct RunResumed {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< From 1.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A phase of a Node is about to be called.
struct PhaseStarted {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< From 1.
  Phase phase;             ///< Which one.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A phase of a Node has returned or thrown, or was cut short.
struct PhaseFinished {
  const RunInfo& run;      ///< Which run.
  std::string_view state;  ///< Its state, by name.
  std::size_t attempt;     ///< From 1.
  Phase phase;             ///< Which one.
  bool failed;             ///< It threw, or returned an error that the next phase does not ask for.
  Duration elapsed;        ///< Since the phase began.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
  bool cancelled = false;                   ///< It was cut short because the run was asked to stop.
};

/// A branch of a `split`, or an item of an `each`, begins. The run is that of the state it is
/// part of; what is started in the branch has that run's id as its parent id.
struct BranchStarted {
  const RunInfo& run;       ///< Which run.
  std::string_view state;   ///< The state that it is part of, by name.
  std::size_t attempt;      ///< That of the state, from 1.
  std::string_view branch;  ///< As `BranchResult::name` has it.
  std::size_t index;        ///< Its place among the branches or items, from 0.
  bool is_item;             ///< Whether it is an item of an `each`.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A branch or an item has ended, before its state goes on. One that never started is not told of.
struct BranchFinished {
  const RunInfo& run;       ///< Which run.
  std::string_view state;   ///< The state that it is part of, by name.
  std::size_t attempt;      ///< That of the state, from 1.
  std::string_view branch;  ///< As `BranchResult::name` has it.
  std::size_t index;        ///< Its place among the branches or items, from 0.
  bool is_item;             ///< Whether it is an item of an `each`.
  Outcome outcome;          ///< How it ended.
  std::string_view error;   ///< Why, for other outcomes than success.
  std::size_t attempts;     ///< How many it made.
  Duration elapsed;         ///< Since it began, pauses included.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// What a task said with `TaskContext::log`.
struct LogRecord {
  const RunInfo& run;             ///< Which run.
  std::string_view state;         ///< Its state, by name.
  std::size_t attempt;            ///< From 1.
  Level level;                    ///< How much it matters.
  std::string_view message;       ///< The text.
  std::span<const Field> fields;  ///< What goes with it.
  steady_time at;
  std::size_t state_index = unknown_state;  ///< Of the state, among those of `Workflow::graph()`.
  system_time wall_at{};                    ///< `at` by the wall clock.
};

/// A batch begins.
struct BatchStarted {
  const RunInfo& run;              ///< The batch, as a run.
  std::size_t instances;           ///< How many there are.
  std::string_view wait_strategy;  ///< By name, as `to_string` gives it.
  steady_time at;
  system_time wall_at{};  ///< The same, by the wall clock.
};

/// A batch has ended; none of its instances is running.
struct BatchFinished {
  const RunInfo& run;     ///< The batch, as a run.
  std::size_t total;      ///< How many instances there were.
  std::size_t completed;  ///< Reached an exit state.
  std::size_t failed;     ///< Ended with an error.
  std::size_t cancelled;  ///< Stopped before their end.
  Duration elapsed;       ///< Since the batch began.
  steady_time at;
  system_time wall_at{};  ///< The same, by the wall clock.
};

}  // namespace cano
