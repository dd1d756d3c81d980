// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/duration.hpp>
#include <cano/edge_kind.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/task_handle.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/hop_budget.hpp>
#include <cano/workflow/detail/plain_hops.hpp>
#include <cano/workflow/detail/run_event.hpp>
#include <cano/workflow/detail/run_reports.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano::detail {

/// One run of a workflow as a state machine without I/O. Plain tasks run inside `resume`, which
/// returns when something may have to wait. See run_driver.hpp for what carries out its actions.
template <StateLike State, class Store> class Run : public RunBase {
 public:
  using DefinitionType = Definition<State, Store>;

  /// `run_id` and `stop` outlive the run; the id is made when it is asked for while it is empty.
  /// `now` is the time by the clock. `observers`: those that it inherits, or null.
  Run(const DefinitionType& definition, Store& store, const RunInfo& info, std::string& run_id,
      Clock clock, steady_time now, CancellationScope& scope, const StopRequest& stop,
      const ObserverList* observers = nullptr)
      : RunBase{info,  run_id, clock, now, observers == nullptr ? definition.observers : *observers,
                scope, stop},
        definition_{&definition},
        store_{&store},
        state_{definition.start},
        budget_{definition.max_transitions} {
    if (is_observed()) {
      reporter().run_started(name(), now);
    } else {
      checkpoint_at(budget_.next_stop());
    }
  }
  ~Run() {
    if (is_observed() && !is_over_) report_lost();
  }

  /// The whole run ends with a timeout after that long.
  void limit(Duration timeout) {
    limit_run(timeout);
    checkpoint_every_hop_ = true;
    checkpoint_next();
  }

  /// Goes on until something may have to wait, or to the end.
  Action resume(Event event) {
    Action action = take(event);
    while (action == Action::Hop) {
      const Transition& transition = definition_->table.find(state_);
      const bool is_fast = !is_checkpoint(transitions_);
      if (is_fast && transition.start != nullptr) {
        enter_fast(*transition.entry);
        is_fast_attempt_ = true;
        action = Action::Attempt;
      } else if (is_fast && transition.call != nullptr) {
        action = hop_while_plain();
      } else {
        action = checkpoint(transition);
      }
    }
    return action;
  }

  /// The coroutine of the attempt; none where a coroutine of Asio's works on it.
  Async<State> start_attempt() {
    return entry().task.start(entry().task.object, *store_, context_);
  }
  void attempt_returned(State&& next) { state_ = std::move(next); }

  /// The fast path from an attempt that has ended to the next one. False: nothing is done, and
  /// `resume` has to look what is due.
  [[gnu::always_inline]] bool hop_to_attempt() {
    if (!is_fast_attempt_ || is_checkpoint(transitions_ + 1)) return false;
    const Transition& transition = definition_->table.find(state_);
    if (transition.start == nullptr) return false;
    ++transitions_;
    enter_fast(*transition.entry);
    return true;
  }
  void attempt_threw(Failure&& failure) { set_failure(std::move(failure)); }

  /// How it ended. Call it once, after `Action::End`.
  WorkflowResult<State> take_result() { return take_result(now()); }
  WorkflowResult<State> take_result(steady_time now) {
    if (has_undo_log()) [[unlikely]]
      set_failure(undo_log().of_run(failure()));
    return WorkflowResult<State>{outcome_,     std::move(state_), take_failure(),
                                 transitions_, attempts(),        now - started()};
  }
  /// Each led to a transition or failed.
  std::size_t attempts() const noexcept { return transitions_ - detours_ + failed_attempts(); }
  Outcome outcome() const noexcept { return outcome_; }
  /// The final state, or the exception of the run. Call it once, after `Action::End`.
  State take_state_or_throw() {
    if (outcome_ == Outcome::Success) return std::move(state_);
    failure().raise();
  }

 private:
  using Transition = typename DefinitionType::Transition;
  using Entry = typename DefinitionType::Entry;

  Action take(Event event) {
    switch (event) {
      case Event::AttemptEnded:
        return attempt_ended();
      case Event::RetryDue:
        return is_interrupted() ? give_up() : attempt();
      case Event::GatePassed:
        return gate_passed();
      case Event::Undone:
        return undone();
      case Event::Started:
      case Event::Yielded:
        break;
    }
    reporter().forget_time();
    return Action::Hop;
  }

  Action attempt_ended() {
    if (std::exchange(is_fast_attempt_, false)) [[likely]] {
      if (has_failed()) [[unlikely]]
        return after_failure();
    } else {
      end_attempt();
      if (has_failed()) return after_failure();
      if (is_observed()) report_success(*this, *definition_, state_);
      keep_undo();
      leave();
    }
    ++transitions_;
    return Action::Hop;
  }

  void keep_undo() {
    if (entry().undo != nullptr) entry().undo->keep(*this, entry().undo, store_);
  }

  // The fast path: plain tasks without limits, up to the next checkpoint.
  Action hop_while_plain() {
    catch_failure([&] { make_plain_hops(*this, *definition_, *store_, state_, transitions_); });
    return has_failed() ? after_failure() : Action::Hop;
  }

  // What is due between two hops, and every state that is not just a call.
  Action checkpoint(const Transition& transition) {
    const Entry* const entry = transition.entry;
    if (entry == nullptr)
      return fail(failure_after(Errc::Workflow, definition_->no_task_text(state_), led_here()));
    if (entry->is_exit) return finish(Outcome::Success, entry->undoes);
    enter_fast(*entry);
    if (budget_.others_are_due(transitions_)) return Action::Yield;
    if (budget_.is_spent(transitions_, state_)) return too_many_transitions();
    if (is_interrupted()) return finish(final_outcome());
    const bool is_call = transition.call != nullptr || transition.start != nullptr;
    if (!checkpoint_every_hop_ && is_call && !led_here()) {
      checkpoint_at(budget_.next_stop());
      if (!is_checkpoint(transitions_)) return Action::Hop;
    }
    enter();
    return attempt();
  }

  Action attempt() { return gate() != nullptr ? Action::Gate : begin(); }

  Action gate_passed() {
    reporter().forget_time();
    if (!is_interrupted()) return begin();
    drop_pass();
    return give_up();
  }

  Action begin() {
    begin_attempt();
    if (has_failed()) return attempt_ended();  // it was refused
    if (entry().task.call == nullptr) return Action::Attempt;
    const TaskHandle& task = definition_->table.find(state_).task;
    catch_failure([&] { state_ = entry().task.call(task, *store_, context_); });
    return attempt_ended();
  }

  Action after_failure() {
    state_ = entry().state;  // whatever the attempt gave
    return decide_retry() ? Action::Pause : give_up();
  }

  bool is_interrupted() {
    Failure reason = interruption();
    if (!reason) return false;
    set_failure(std::move(reason));
    return true;
  }

  // No more attempts: over the failure edge, where there is one.
  Action give_up() {
    if (has_late_work()) keep_undo();
    const std::optional<State> next = definition_->failure_target(state_);
    if (!next || !may_leave_failed()) return finish(final_outcome());
    if (is_observed()) report_edge(*this, *definition_, *next, EdgeKind::Failure);
    leave_failed();
    return take_detour(*next);
  }

  // To a state that no task has named.
  Action take_detour(const State& next) {
    state_ = next;
    ++transitions_;
    ++detours_;
    return Action::Hop;
  }

  Action fail(Failure&& failure) {
    set_failure(std::move(failure));
    return finish(final_outcome());
  }

  Action too_many_transitions() {
    const auto& next = definition_->limit_target;
    if (!next || !budget_.renew(transitions_ + 1)) {
      return fail(budget_.failure([this](const State& s) { return definition_->name_of(s); }));
    }
    if (is_observed()) report_edge(*this, *definition_, *next, EdgeKind::Limit);
    forget_what_led_here();
    return take_detour(*next);
  }

  Action finish(Outcome outcome, bool undoes = true) {
    outcome_ = outcome;
    if (undoes && has_undo_log()) [[unlikely]]
      return Action::Undo;
    return end();
  }

  Action undone() {
    reporter().forget_time();
    if (Failure failed = undo_log().end(failure())) {
      if (outcome_ == Outcome::Success) outcome_ = Outcome::Failed;
      set_failure(std::move(failed));
    }
    return end();
  }

  Action end() {
    is_over_ = true;
    if (is_observed()) report_finish(failure().message());
    return Action::End;
  }

  void report_lost() noexcept {
    try {
      outcome_ = Outcome::Cancelled;
      reporter().forget_time();
      report_finish("The run was destroyed with its execution context");
    } catch (...) {  // destructor: cannot report
    }
  }

  void report_finish(const std::string& error) {
    reporter().run_finished(outcome_, name(), error, transitions_, attempts(), started());
  }

  const Entry& entry() const noexcept { return static_cast<const Entry&>(*visit().state); }
  std::string name() const { return definition_->name_of(state_); }

  const DefinitionType* definition_;
  Store* store_;
  State state_;
  std::size_t transitions_ = 0;
  std::size_t detours_ = 0;  // those of them that no task has named
  HopBudget<State> budget_;
  TaskContext context_{*this};  // of attempts that may wait
  bool is_fast_attempt_ = false;
  bool checkpoint_every_hop_ = is_observed();  // or its time is limited
  bool is_over_ = false;
  Outcome outcome_ = Outcome::Failed;
};

}  // namespace cano::detail
