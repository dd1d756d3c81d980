// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/outcome.hpp>

namespace cano {

/// How one run of a workflow ended: success, failure or cancellation, and where.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
template <class State> class WorkflowResult {
 public:
  /// An instance that never started: cancelled, in the default state.
  WorkflowResult() = default;

  /// What the engine makes; `failure` is none for a success.
  WorkflowResult(Outcome outcome, State state, detail::Failure&& failure, std::size_t transitions,
                 std::size_t attempts, Duration elapsed)
      : outcome_{outcome},
        state_{std::move(state)},
        failure_{std::move(failure)},
        transitions_{transitions},
        attempts_{attempts},
        elapsed_{elapsed} {}

  /// How it ended.
  Outcome outcome() const noexcept { return outcome_; }
  /// Whether an exit state was reached.
  bool is_success() const noexcept { return outcome_ == Outcome::Success; }
  /// Whether a task, a limit or the workflow itself ended it with an error.
  bool is_failed() const noexcept { return outcome_ == Outcome::Failed; }
  /// Whether it was asked to stop, or never started.
  bool is_cancelled() const noexcept { return outcome_ == Outcome::Cancelled; }

  /// The exit state that was reached; otherwise the state in which the run stopped.
  const State& state() const noexcept { return state_; }

  /// Of a run that made more transitions than `with_max_transitions` allows the last states, at
  /// most 8, oldest first, to see where it goes in circles. Of any other run `state()` alone: to
  /// keep more would cost every hop; `PathRecorder` shows the whole way.
  std::vector<State> last_states() const {
    if (const auto* const states = failure_.template last_states<State>()) return *states;
    return {state_};
  }

  /// The exception that `orchestrate` would have thrown; null on success.
  ///
  /// Made when asked for where a task returned an error: a caller that counts failures pays for
  /// none.
  std::exception_ptr error() const { return failure_.as_exception(); }

  /// What that exception says; empty on success.
  std::string error_message() const { return failure_.message(); }

  /// The states that it has completed and whose tasks have a member `undo`, in order, by name: once
  /// for each time. "Check/stock" is a branch of the state Check, "Quote/item 3" an item, and
  /// "Pay/Charge" a state of the workflow in the state Pay.
  const std::vector<std::string>& done() const noexcept { return undo_report().done; }
  /// Those of them that were undone since, in that order; none in a run that has succeeded, unless
  /// in a failure state.
  const std::vector<std::string>& undone() const noexcept { return undo_report().undone; }
  /// Those of them whose undo has failed.
  const std::vector<std::string>& failed_to_undo() const noexcept { return undo_report().failed; }

  /// How often the run went from a state to the next.
  std::size_t transitions() const noexcept { return transitions_; }

  /// How many attempts were made in all states together: transitions and failed attempts.
  std::size_t attempts() const noexcept { return attempts_; }

  /// The time from start to end, pauses included.
  Duration elapsed() const noexcept { return elapsed_; }

 private:
  const detail::UndoReport& undo_report() const noexcept {
    const detail::UndoReport* const report = failure_.undo_report();
    return report != nullptr ? *report : detail::nothing_to_undo;
  }

  Outcome outcome_ = Outcome::Cancelled;
  State state_{};
  detail::Failure failure_;
  std::size_t transitions_ = 0;
  std::size_t attempts_ = 0;
  Duration elapsed_{};
};

}  // namespace cano
