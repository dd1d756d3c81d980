// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/detail/duration_text.hpp>
#include <cano/detail/input_range.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>
#include <cano/observe/span.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/node.hpp>
#include <cano/task/task.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/explain_task.hpp>
#include <cano/workflow/detail/inspect.hpp>
#include <cano/workflow/detail/shared_definition.hpp>
#include <cano/workflow/detail/undo_task.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/problem.hpp>

namespace cano::detail {

/// The library's own way from a workflow to its definition.
struct WorkflowAccess {
  /// For a run, which keeps it alive.
  template <class Workflow> static auto definition(const Workflow& workflow) {
    return workflow.definition();
  }
};

/// The calls that describe a workflow; `Workflow` and `ConcurrentWorkflow` share them. Each returns
/// the object itself: as an lvalue, or as an rvalue when it was a temporary.
///
/// **Errors.** A call that throws leaves the workflow as it was.
template <class Derived, StateLike State, class Store> class Registration {
 public:
  /// The type that names the states.
  using state_type = State;
  /// The type of what the tasks share.
  using store_type = Store;

  /// Gives `state` its work: a Task, a Node or a callable. `config` overrides the task's own; a
  /// task that has none gets the default one of the workflow, see `with_default_config`.
  ///
  /// Unless that says otherwise, what fails is tried again three times, after 100, 200 and 400 ms:
  /// everything but cancellation and what another attempt cannot mend, see `RetryPolicy`. Give work
  /// that must not be done twice `TaskConfig::minimal()`.
  ///
  /// **Errors.** `Error(Configuration)` when the state has a task or is an exit.
  template <class T> Derived& add(State state, T&& task, std::optional<TaskConfig> config = {}) & {
    using Decayed = std::decay_t<T>;
    if constexpr (Composite<Decayed, State, Store>) {
      if (!config) config = TaskConfig::minimal();
      return add(std::move(state), task.template bind<State, Store>(), std::move(config));
    } else if constexpr (ConfiguredComposite<Decayed, State, Store>) {
      const TaskConfig given = config.value_or(TaskConfig::minimal());
      auto bound = task.template bind_with<State, Store>(state, given.of_attempts());
      return add(std::move(state), std::move(bound), given.of_visit());
    } else if constexpr (Task<Decayed, State, Store> || Node<Decayed, State, Store>) {
      static_assert(!copies_store<Decayed, Store>(),
                    "cano: a task takes the store as Store&: what it writes to a copy is lost");
      if (!config) config = own_config(task);
      auto bound = bind_task<State, Store>(std::forward<T>(task));
      auto undo = undo_task<Decayed, Store>(bound.kept, bound.object);
      shared_.changed().add_task(std::move(state), std::move(config), std::move(bound),
                                 std::move(undo));
    } else {
      explain_why_no_task<Decayed, State, Store>();
    }
    return self();
  }
  /// @overload
  template <class T>
  Derived&& add(State state, T&& task, std::optional<TaskConfig> config = {}) && {
    return std::move(add(std::move(state), std::forward<T>(task), std::move(config)));
  }

  /// A run that comes to `state` ends there, with success. Adding an exit twice changes nothing.
  ///
  /// **Errors.** `Error(Configuration)` when the state has a task.
  Derived& add_exit_state(State state) & {
    shared_.changed().add(std::make_shared<Entry>(std::move(state)));
    return self();
  }
  /// @overload
  Derived&& add_exit_state(State state) && { return std::move(add_exit_state(std::move(state))); }

  /// Adds several, all or none of them.
  Derived& add_exit_states(std::initializer_list<State> states) & { return add_all(states); }
  /// @overload
  Derived&& add_exit_states(std::initializer_list<State> states) && {
    return std::move(add_all(states));
  }
  /// @overload
  template <InputRange Range>
    requires std::convertible_to<RangeReference<Range>, State>
  Derived& add_exit_states(Range&& states) & {
    return add_all(states);
  }
  /// @overload
  template <InputRange Range>
    requires std::convertible_to<RangeReference<Range>, State>
  Derived&& add_exit_states(Range&& states) && {
    return std::move(add_all(states));
  }

  /// An exit state in which what the run has done is undone, as after a failure: each task with a
  /// member `undo` that has succeeded, the last first. The run ends there with success, unless an
  /// undo fails. Adding it twice changes nothing.
  ///
  /// **Errors.** `Error(Configuration)` when the state has a task, or is an exit without undoing.
  Derived& add_failure_state(State state) & {
    auto entry = std::make_shared<Entry>(std::move(state));
    entry->undoes = true;
    shared_.changed().add(std::move(entry));
    return self();
  }
  /// @overload
  Derived&& add_failure_state(State state) && {
    return std::move(add_failure_state(std::move(state)));
  }

  /// When `from` has given up, the run goes on in `to` instead of failing: its retries are used up,
  /// its timeout has passed, or its failure is none that is tried again. In `to`
  /// `TaskContext::failure()` has the exception. May be called before or after `add`.
  ///
  /// A run that is cancelled, or ended by its total timeout, does not go on. Going over the edge is
  /// a transition, so `with_max_transitions` ends a loop over such edges.
  ///
  ///     .on_failure(State::Charge, State::Refund)
  ///
  /// **Errors.** `Error(Configuration)` for a second edge from one state, one to the state itself,
  /// and one from an exit state. A state that is unknown is a `Problem`.
  Derived& on_failure(State from, State to) & {
    shared_.changed().add_failure_edge(std::move(from), std::move(to));
    return self();
  }
  /// @overload
  Derived&& on_failure(State from, State to) && {
    return std::move(on_failure(std::move(from), std::move(to)));
  }

  /// Changes where runs start.
  Derived& start_at(State state) & {
    shared_.changed().start = std::move(state);
    return self();
  }
  /// @overload
  Derived&& start_at(State state) && { return std::move(start_at(std::move(state))); }

  /// The config of all tasks that have none, whether they are added before or after this call:
  /// neither with a member `config()` nor with `add`. Also of branches of a `split` and of items of
  /// an `each` that have none; those as a whole are not retried.
  Derived& with_default_config(TaskConfig config) & {
    shared_.changed().set_default_config(std::move(config));
    return self();
  }
  /// @overload
  Derived&& with_default_config(TaskConfig config) && {
    return std::move(with_default_config(std::move(config)));
  }

  /// Limits each run as a whole: tasks, retries and pauses. When it passes, what is under way is
  /// cancelled and joined, and the run ends with `Error(Timeout)`.
  ///
  /// **Errors.** `Error(Configuration)` when it is not positive.
  Derived& with_total_timeout(Duration limit) & {
    if (limit <= Duration::zero()) {
      throw Error{Errc::Configuration, "with_total_timeout: the timeout must be positive, not " +
                                           detail::duration_text(limit)};
    }
    shared_.changed().total_timeout = limit;
    return self();
  }
  /// @overload
  Derived&& with_total_timeout(Duration limit) && { return std::move(with_total_timeout(limit)); }
  /// @overload
  template <class Rep, class Period>
  Derived& with_total_timeout(std::chrono::duration<Rep, Period> limit) & {
    return with_total_timeout(to_duration(limit));
  }
  /// @overload
  template <class Rep, class Period>
  Derived&& with_total_timeout(std::chrono::duration<Rep, Period> limit) && {
    return std::move(with_total_timeout(to_duration(limit)));
  }

  /// Ends a run that has not come to an exit after so many transitions, with an `Error(Workflow)`
  /// that lists the last states.
  Derived& with_max_transitions(std::size_t limit) & {
    DefinitionType& definition = shared_.changed();
    definition.max_transitions = limit;
    definition.limit_target.reset();
    return self();
  }
  /// @overload
  Derived&& with_max_transitions(std::size_t limit) && {
    return std::move(with_max_transitions(limit));
  }
  /// The same, but the run goes on in `then` instead of failing: ends there, if that is an exit
  /// state, and has another `limit` transitions otherwise, after which it fails.
  ///
  ///     .with_max_transitions(20, State::Escalate)
  Derived& with_max_transitions(std::size_t limit, State then) & {
    DefinitionType& definition = shared_.changed();
    definition.limit_target = std::move(then);
    definition.max_transitions = limit;
    return self();
  }
  /// @overload
  Derived&& with_max_transitions(std::size_t limit, State then) && {
    return std::move(with_max_transitions(limit, std::move(then)));
  }

  /// Adds an observer; there may be several. One that throws is switched off, see
  /// `observer_failures()`; that never fails a run.
  ///
  /// **Errors.** `Error(Configuration)` for a null pointer.
  Derived& with_observer(std::shared_ptr<Observer> observer) & {
    shared_.changed().observers.add(std::move(observer));
    return self();
  }
  /// @overload
  Derived&& with_observer(std::shared_ptr<Observer> observer) && {
    return std::move(with_observer(std::move(observer)));
  }

  /// The observers that threw and were switched off, in this workflow, in a copy of it or in one of
  /// their runs; empty when all see everything.
  std::vector<ObserverFailure> observer_failures() const { return shared_->observers.failures(); }

  /// What can be seen to be wrong before anything runs; empty when nothing is. Tasks that declare
  /// their targets with `Next<...>` can be checked; others may go anywhere.
  std::vector<Problem> validate() const { return problems_of(graph()); }

  /// The states and the declared arrows between them.
  Graph graph() const { return graph_of(*shared_); }

  /// All events of the runs carry `span`.
  Derived& with_tracing_span(Span span) & {
    shared_.changed().span = std::make_shared<const Span>(std::move(span));
    return self();
  }
  /// @overload
  Derived&& with_tracing_span(Span span) && {
    return std::move(with_tracing_span(std::move(span)));
  }

 protected:
  using DefinitionType = Definition<State, Store>;
  using Entry = typename DefinitionType::Entry;

  explicit Registration(State start) : shared_{std::move(start)} {}

  // The definition of another kind of workflow.
  template <class Other>
  explicit Registration(const Registration<Other, State, Store>& other)
      : shared_{*other.definition()} {}

  Registration(const Registration& other) = default;
  Registration& operator=(const Registration& other) = default;
  ~Registration() = default;

  template <class, StateLike, class> friend class Registration;
  friend struct WorkflowAccess;

  /// For a run, which keeps it alive.
  std::shared_ptr<const DefinitionType> definition() const noexcept { return shared_.pointer(); }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }

  // All or none: they are added to a copy that takes the place of the old definition at the end.
  template <class Range> Derived& add_all(Range&& states) {
    Derived extended{self()};
    for (auto&& state : states)
      extended.add_exit_state(state);
    return self() = extended;
  }

  SharedDefinition<State, Store> shared_;
};

}  // namespace cano::detail
