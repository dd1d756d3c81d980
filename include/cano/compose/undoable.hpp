// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>

namespace cano {

namespace detail {

template <class Run> inline constexpr bool says_where_it_leads = false;
template <NamesItsTargets Run>
inline constexpr bool says_where_it_leads<Run> = Run::declares_targets;

/// A task of two parts: what does it, and what undoes it.
template <class Run, class Undo> class UndoableTask {
 public:
  using undo_type = Undo;

  // A parameter that holds a function must not be named as a member: g++ warns of a shadow.
  UndoableTask(Run does, Undo undoes, TaskConfig config_of_undo)
      : run_{std::move(does)}, undo_{std::move(undoes)}, undo_config_{std::move(config_of_undo)} {}

  TaskConfig config() const
    requires Configured<Run>
  {
    return run_.config();
  }
  TaskConfig undo_config() const { return undo_config_; }

  template <class... Args>
    requires std::is_invocable_v<RunMember, const Run&, Args...>
  decltype(auto) run(Args&&... args) const {
    return run_.run(std::forward<Args>(args)...);
  }
  template <class... Args>
    requires std::is_invocable_v<const Run&, Args...>
  decltype(auto) operator()(Args&&... args) const {
    return std::invoke(run_, std::forward<Args>(args)...);
  }
  template <class... Args>
    requires std::is_invocable_v<PrepMember, const Run&, Args...>
  decltype(auto) prep(Args&&... args) const {
    return run_.prep(std::forward<Args>(args)...);
  }
  template <class... Args>
    requires std::is_invocable_v<ExecMember, const Run&, Args...>
  decltype(auto) exec(Args&&... args) const {
    return run_.exec(std::forward<Args>(args)...);
  }
  template <class... Args>
    requires std::is_invocable_v<PostMember, const Run&, Args...>
  decltype(auto) post(Args&&... args) const {
    return run_.post(std::forward<Args>(args)...);
  }

  // ---- where what does it is a composite, and the task that it is in a workflow

  template <class State, class Store>
    requires Composite<Run, State, Store>
  auto bind() const {
    return with_undo(run_.template bind<State, Store>());
  }
  template <class State, class Store>
    requires ConfiguredComposite<Run, State, Store>
  auto bind_with(const State& state, const TaskConfig& config) const {
    return with_undo(run_.template bind_with<State, Store>(state, config));
  }
  static constexpr bool declares_targets = says_where_it_leads<Run>;
  auto targets() const
    requires NamesItsTargets<Run>
  {
    return run_.targets();
  }
  TaskParts parts() const
    requires HasParts<Run>
  {
    return run_.parts();
  }
  void set_default_config(const TaskConfig& config)
    requires HasParts<Run>
  {
    run_.set_default_config(config);
  }

  template <class... Args>
    requires std::is_invocable_v<const Undo&, Args...>
  decltype(auto) undo(Args&&... args) const {
    return std::invoke(undo_, std::forward<Args>(args)...);
  }

 private:
  // One that did not compile has said why.
  template <class Bound> auto with_undo(Bound bound) const {
    return UndoableTask<Bound, Undo>{std::move(bound), undo_, undo_config_};
  }

  Run run_;
  Undo undo_;
  TaskConfig undo_config_;
};

}  // namespace detail

/// A task of two callables, the second of which undoes what the first has done.
///
///     .add(State::Charge, undoable(charge, [](Order& order) -> Async<void> {
///       co_await refund(order.receipt);
///     }))
///
/// `run` is what a task is, or a branch of a `split`, or the work on an item of an `each`: a
/// callable, an object with `run`, or a Node; as a task also a composite, whose branches may have
/// undos of their own: they are undone after it. `undo` takes the same, returns nothing, or a
/// `Result<void>`, plain or in an `Async` or `asio::awaitable`, and may take a `TaskContext&` last.
/// It is called when `run` has succeeded and the run fails later, is cancelled, times out, or ends
/// in a failure state, see `Workflow::add_failure_state`. A type of your own has a member `undo`
/// instead.
///
/// `undo_config`: its retries and limits, by default three retries.
///
/// **Cancellation.** None: what asks the run to stop does not reach `undo`.
template <class Run, class Undo>
detail::UndoableTask<std::decay_t<Run>, std::decay_t<Undo>> undoable(Run&& run, Undo&& undo,
                                                                     TaskConfig undo_config = {}) {
  return {std::forward<Run>(run), std::forward<Undo>(undo), std::move(undo_config)};
}

}  // namespace cano
