// SPDX-License-Identifier: MIT
#pragma once

// workflow/: states, the tasks of each, and runs from state to state.

#include <concepts>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/workflow/detail/explain_store.hpp>
#include <cano/workflow/detail/orchestrate.hpp>
#include <cano/workflow/detail/registration.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano {

/// Drives a store from state to state: each state's task does its work and names the next one,
/// until an exit state is reached.
///
///     auto workflow = Workflow<State>{State::Start}
///                         .add(State::Start, Greet{})
///                         .add_exit_state(State::Done);
///     MemoryStore store;
///     State final_state = run(workflow, store);
///
/// Copying is cheap: tasks are shared and const. A run keeps what it needs, so the workflow may be
/// changed or destroyed while one goes on.
///
/// **Errors.** A run ends with the exception of the task that gave up, unchanged, or with an
/// `Error`: `Workflow` (a state without a task, too many transitions), `Timeout`, `Cancelled`;
/// `CompensationFailed` when what it had done could not all be undone.
/// **Cancellation.** By `RunOptions::stop`, from any thread, or Asio's slot; it takes effect at the
/// next await or transition, during a retry pause at once. The run ends only after the task that
/// was cancelled has; one that ignores cancellation delays it. A run that was asked to stop and
/// does not come to an exit is cancelled, whatever its task threw, which is nested in the
/// `Error(Cancelled)`. A run that was not asked to stop has failed, also when what it awaited was
/// cancelled. What tasks with a member `undo` have done is undone before the run ends.
/// **Threads.** Distinct objects: safe. Shared objects: safe to run, any number of times at once.
template <StateLike State, class Store = MemoryStore>
class Workflow : public detail::Registration<Workflow<State, Store>, State, Store> {
  using Base = detail::Registration<Workflow<State, Store>, State, Store>;

 public:
  /// The options of one run.
  using options_type = RunOptions;

  /// A workflow without tasks whose runs begin in `start`.
  explicit Workflow(State start) : Base{std::move(start)} {}

  /// Runs to an exit state and returns it; throws what ended the run otherwise.
  ///
  /// **Lifetime.** `store` must live until the `Async` has finished or is destroyed.
  Async<State> orchestrate(Store& store) const {
    return detail::orchestrate<detail::StateOrThrow>(this->definition(), store, RunOptions{});
  }
  /// @overload
  Async<State> orchestrate(Store& store, RunOptions options) const {
    return detail::orchestrate<detail::StateOrThrow>(this->definition(), store, std::move(options));
  }

  /// Does not compile: a temporary is no store.
  auto orchestrate(const Store&&, RunOptions = {}) const {
    detail::explain_why_no_temporary<Store>();
  }

  /// The same, but a failure or a cancellation is a result, with where and after what it came.
  Async<WorkflowResult<State>> try_orchestrate(Store& store) const {
    return detail::orchestrate<detail::AsResult>(this->definition(), store, RunOptions{});
  }
  /// @overload
  Async<WorkflowResult<State>> try_orchestrate(Store& store, RunOptions options) const {
    return detail::orchestrate<detail::AsResult>(this->definition(), store, std::move(options));
  }

  /// Does not compile: a temporary is no store.
  auto try_orchestrate(const Store&&, RunOptions = {}) const {
    detail::explain_why_no_temporary<Store>();
  }

  /// `orchestrate` for any completion token, of the signature `void(std::exception_ptr, State)`:
  /// a callback, `asio::use_future`, `asio::deferred`, ...
  ///
  /// **Cancellation.** Also by the slot bound to the token.
  /// **Lifetime.** `store` must live until the operation has completed.
  template <class Executor, class CompletionToken>
    requires std::convertible_to<Executor, asio::any_io_executor>
  auto async_orchestrate(const Executor& executor, Store& store, RunOptions options,
                         CompletionToken&& token) const {
    auto work = orchestrate(store, std::move(options));
    return detail::start(detail::AsyncAccess::coroutine(work), asio::any_io_executor{executor},
                         std::forward<CompletionToken>(token));
  }
  /// @overload
  template <class Executor, class CompletionToken>
    requires std::convertible_to<Executor, asio::any_io_executor>
  auto async_orchestrate(const Executor& executor, Store& store, CompletionToken&& token) const {
    return async_orchestrate(executor, store, RunOptions{}, std::forward<CompletionToken>(token));
  }
  /// Does not compile: a temporary is no store.
  template <class Executor, class... Rest>
    requires std::convertible_to<Executor, asio::any_io_executor>
  auto async_orchestrate(const Executor&, const Store&&, Rest&&...) const {
    detail::explain_why_no_temporary<Store>();
  }
};

}  // namespace cano
