// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_core.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/task/detail/run_stop.hpp>
#include <cano/task/detail/task_handle.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/hop_budget.hpp>
#include <cano/workflow/detail/local_count.hpp>
#include <cano/workflow/detail/step.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano::detail {

/// One run of a workflow as a state machine without I/O: plain tasks run inside `advance`, which
/// returns when something has to be awaited. A coroutine drives it, see drive.hpp; a batch runs the
/// plain part of an instance before it makes a coroutine at all.
template <StateLike State, class Store> class RunMachine {
 public:
  using DefinitionType = Definition<State, Store>;

  /// `run_id` outlives the run, and is made when somebody asks for it while it is empty. `now` is
  /// what the clock says, which a lane need not ask for each of its instances.
  RunMachine(const DefinitionType& definition, Store& store, const RunInfo& info,
             std::string& run_id, Clock clock, steady_time now)
      : definition_{&definition},
        store_{&store},
        core_{info, run_id, clock, now, definition.observers},
        state_{definition.start},
        budget_{definition.max_transitions} {
    if (!core_.is_observed()) {
      core_.stop_over_at(budget_.next_stop());
      return;
    }
    careful_ = true;
    core_.reporter().run_started(name(), now);
  }
  RunMachine(const RunMachine&) = delete;
  RunMachine& operator=(const RunMachine&) = delete;
  ~RunMachine() {
    if (core_.is_observed() && !is_over_) report_lost();
  }

  /// From here on `scope` can interrupt the run, and `stop` ends it; both outlive it.
  void attach(RunScope& scope) { core_.attach(scope); }
  void watch(const RunStop& stop) noexcept { core_.watch(stop); }
  void limit(Duration timeout) noexcept {
    core_.limit_run(timeout);
    careful_ = true;
    core_.stop_over_next();
  }

  /// Runs until something has to be awaited.
  Step advance() {
    if (const auto step = resume()) return *step;
    for (;;) {
      const Slot& slot = definition_->table.find(state_);
      if (!core_.stops_over(transitions_)) [[likely]] {
        if (slot.start != nullptr) {
          core_.enter_quickly(*slot.entry);
          at_ = At::QuickAttempt;
          return Step::Attempt;
        }
        if (slot.call != nullptr) {
          hop_while_plain();
          if (core_.has_failed()) [[unlikely]]
            return after_failure();
          continue;
        }
      }
      if (const auto step = stop_over(slot)) return *step;
    }
  }

  // ---- what the driver does between two calls of `advance`

  TaskContext context() noexcept { return TaskContext{core_}; }
  asio::awaitable<State> start_attempt(TaskContext& context) const {
    return entry().task.start(entry().task.object, *store_, context);
  }
  void attempt_returned(State next) { state_ = std::move(next); }
  void attempt_threw(Failure&& failure) { core_.set_failure(std::move(failure)); }
  Duration pause() const noexcept { return core_.pause(); }

  /// Whether `hop_to_attempt` may be tried.
  bool is_on_short_way() const noexcept { return at_ == At::QuickAttempt; }

  /// The short way from an attempt that returned to the next one. False: nothing is done, and
  /// `advance` has to look what is due.
  [[gnu::always_inline]] bool hop_to_attempt() {
    if (core_.stops_over(transitions_ + 1)) return false;
    const Slot& slot = definition_->table.find(state_);
    if (slot.start == nullptr) return false;
    ++transitions_;
    core_.enter_quickly(*slot.entry);
    return true;
  }

  /// The driver's own coroutine was cancelled: whatever comes now, the run is over.
  void cancelled_by_caller() noexcept { core_.cancelled_by_caller(); }

  /// Makes the next hop look for interruptions.
  void stop_over_next() noexcept { core_.stop_over_next(); }

  const RunCore& core() const noexcept { return core_; }

  /// How it ended. Call it once, after `Step::Finished`.
  WorkflowResult<State> take_result() { return take_result(core_.now()); }
  WorkflowResult<State> take_result(steady_time now) {
    return WorkflowResult<State>{outcome_,     std::move(state_), core_.take_failure(),
                                 transitions_, attempts(),        now - core_.started()};
  }

  /// The final state, or the exception of the run. Call it once, after `Step::Finished`.
  State take_state_or_throw() {
    if (outcome_ == Outcome::Success) return std::move(state_);
    core_.failure().raise();
  }

 private:
  using Slot = typename DefinitionType::Slot;
  using Entry = typename DefinitionType::Entry;

  // Where `advance` goes on.
  enum class At : std::uint8_t { Arrival, QuickAttempt, AwaitedAttempt, Retry };

  std::optional<Step> resume() {
    switch (std::exchange(at_, At::Arrival)) {
      case At::Arrival:
        core_.reporter().time_passes();
        return std::nullopt;
      case At::QuickAttempt:
        if (core_.has_failed()) [[unlikely]]
          return after_failure();
        ++transitions_;
        return std::nullopt;
      case At::AwaitedAttempt:
        return finish_attempt();
      case At::Retry:
        break;
    }
    if (auto reason = core_.interruption()) return fail(std::move(reason));
    return attempt();
  }

  // The short way: plain tasks without limits, up to the transition at which something else is due.
  void hop_while_plain() {
    call_catching([&] { hop(); }, [&](Failure&& thrown) { core_.set_failure(std::move(thrown)); });
  }

  // What a hop needs lies in locals, for which the processor has registers.
  void hop() {
    TaskContext context{core_};
    Store& store = *store_;
    const auto table = definition_->table.reader();
    State state = std::move(state_);
    LocalCount transitions{transitions_};
    do {
      const Slot& slot = table.find(state);
      if (slot.call == nullptr) [[unlikely]]
        break;
      core_.enter_quickly(*slot.entry);
      state = slot.call(slot.task, store, context);
      ++transitions.now;
    } while (!core_.stops_over(transitions.now));
    state_ = std::move(state);
    if (core_.has_failed()) --transitions.now;
  }

  // The checks between two hops, and every state that is not just a plain call.
  std::optional<Step> stop_over(const Slot& slot) {
    const Entry* const entry = slot.entry;
    if (entry == nullptr) return fail(Errc::Workflow, "No task registered for state: " + name());
    if (entry->is_exit) return finish(Outcome::Success);
    core_.enter_quickly(*entry);
    if (budget_.others_are_due(transitions_)) return Step::Turn;
    if (budget_.is_spent(transitions_, entry->name)) return fail(Errc::Workflow, budget_.text());
    if (auto reason = core_.interruption()) return fail(std::move(reason));
    if (!careful_ && (slot.call != nullptr || slot.start != nullptr)) {
      core_.stop_over_at(budget_.next_stop());
      if (!core_.stops_over(transitions_)) return std::nullopt;
    }
    core_.enter();
    return attempt();
  }

  std::optional<Step> attempt() {
    core_.begin_attempt();
    if (entry().task.call == nullptr) {
      at_ = At::AwaitedAttempt;
      return Step::Attempt;
    }
    call_plain();
    return finish_attempt();
  }

  std::optional<Step> finish_attempt() {
    core_.end_attempt();
    if (core_.has_failed()) return after_failure();
    if (core_.is_observed()) report_success();
    core_.leave();
    ++transitions_;
    return std::nullopt;
  }

  void report_success() {
    const Entry* const next = definition_->table.find(state_).entry;
    const std::string unknown = next == nullptr ? name() : std::string{};
    core_.reporter().attempt_succeeded(core_.visit(), next == nullptr ? unknown : next->name);
  }

  void call_plain() {
    TaskContext context{core_};
    const TaskHandle& task = definition_->table.find(state_).task;
    call_catching([&] { state_ = entry().task.call(task, *store_, context); },
                  [&](Failure&& thrown) { core_.set_failure(std::move(thrown)); });
  }

  Step after_failure() {
    state_ = entry().state;  // whatever the attempt gave
    switch (core_.judge()) {
      case RunCore::Verdict::RetryAfterPause:
        at_ = At::Retry;
        return Step::Pause;
      case RunCore::Verdict::RetryNow:
        at_ = At::Retry;
        return Step::Turn;
      case RunCore::Verdict::GiveUp:
        break;
    }
    return finish(core_.settle_failure());
  }

  Step fail(Errc code, std::string message) {
    return fail(Failure{Error{code, std::move(message)}});
  }
  Step fail(Failure&& failure) {
    core_.set_failure(std::move(failure));
    return finish(core_.settle_failure());
  }

  Step finish(Outcome outcome) {
    outcome_ = outcome;
    is_over_ = true;
    if (core_.is_observed()) report_finish(core_.failure().message());
    return Step::Finished;
  }

  void report_lost() noexcept {
    try {
      outcome_ = Outcome::Cancelled;
      core_.reporter().time_passes();
      report_finish("The run was destroyed with its execution context");
    } catch (...) {  // nobody to tell
    }
  }

  void report_finish(const std::string& error) {
    core_.reporter().run_finished(outcome_, name(), error, transitions_, attempts(),
                                  core_.started());
  }

  // Each led to a transition or failed.
  std::size_t attempts() const noexcept { return transitions_ + core_.failed_attempts(); }

  // Of the visit under way.
  const Entry& entry() const noexcept { return static_cast<const Entry&>(*core_.visit().state); }

  std::string name() const { return definition_->name_of(state_); }

  const DefinitionType* definition_;
  Store* store_;
  RunCore core_;
  State state_;
  std::size_t transitions_ = 0;
  HopBudget budget_;
  At at_ = At::Arrival;
  bool careful_ = false;  // every hop stops over: somebody watches, or the run's time is limited
  bool is_over_ = false;
  Outcome outcome_ = Outcome::Failed;
};

}  // namespace cano::detail
