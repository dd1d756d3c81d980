// SPDX-License-Identifier: MIT
#pragma once

// compose/: tasks made of tasks: branches, items, polls, steps, streams, workflows.

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/split_task.hpp>
#include <cano/compose/join.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>

namespace cano {

/// A branch of a `split` with a name, for results, errors and observers, and its own retries and
/// limits.
///
///     split(check_stock, branch("fraud", check_fraud, TaskConfig::minimal()))
template <class Work>
detail::BranchOf<std::decay_t<Work>> branch(std::string name, Work&& work,
                                            std::optional<TaskConfig> config = {}) {
  return {std::move(name), std::forward<Work>(work), std::move(config)};
}

/// Several kinds of work at once, then one decision. A task: `workflow.add(state, split(...))`.
///
///     .add(State::Check, split(check_stock, branch("fraud", check_fraud), Address{})
///                            .join(Join::all(), [](Order& order, std::span<BranchResult<int>> r) {
///                              ...
///                              return State::Ship;
///                            }))
///
/// A branch is a callable or an object with `run`, over `Store&` or `const Store&` and, if it wants
/// it, a `TaskContext&` last; or a Node, whose `post` gives the value. It returns its value, plain
/// or in a `Result`, an `Async` or an `asio::awaitable`. Each is run with retries and limits of its
/// own: those of `branch`, or of its member `config()`, or else the default config of the workflow.
///
/// Observers see when a branch starts and ends, see `BranchStarted`, and `graph()` shows what
/// the state is composed of.
///
/// Branches share the run's executor, one at a time, so they use the store without locks; with `on`
/// they work on the shards of a `Runtime`.
///
/// A branch with a member `undo`, see `undoable`, is undone over `Store&` on the run's executor
/// when it has succeeded and the run does not end well.
///
/// **Errors.** What a branch throws is in its `BranchResult`. A join that does not hold throws
/// `Error(JoinFailed)`, nesting the first failure. `add` without `.join(...)` does not compile.
/// **Cancellation.** Cancels all branches; they have ended before the run does.
template <class Place, class... Works> class Split {
  static_assert(sizeof...(Works) > 0, "cano: a split needs at least one branch");

 public:
  /// What `split` makes.
  explicit Split(detail::BranchOf<Works>... branches) : branches_{std::move(branches)...} {}
  /// What `on` makes.
  Split(std::tuple<detail::BranchOf<Works>...> branches, detail::CompositeOptions<Place> options)
      : branches_{std::move(branches)}, options_{options} {}

  /// At most so many branches at the same time; the others wait in a queue. At least 1.
  Split& with_max_in_flight(std::size_t count) & {
    options_.max_in_flight = detail::checked_in_flight(count);
    return *this;
  }
  /// @overload
  Split&& with_max_in_flight(std::size_t count) && { return std::move(with_max_in_flight(count)); }

  /// The same with the branches called on the shards of `runtime`, which must outlive every run;
  /// and the context of a run must not be destroyed before the run has ended. Then they may only
  /// read the store: they take a `const Store&`. Of a Node only `exec` is called there.
  [[nodiscard]] Split<detail::OnShards, Works...> on(Runtime& runtime) && {
    return {std::move(branches_), {options_.max_in_flight, {&runtime}}};
  }
  /// @overload
  [[nodiscard]] Split<detail::OnShards, Works...> on(Runtime& runtime) const& {
    return Split{*this}.on(runtime);
  }

  /// When the branches are enough, and where the run goes on then: a state, or a function that
  /// names it. The function takes the store and
  ///
  /// - `std::span<BranchResult<T>>`, one for each branch, in their order; or
  /// - `std::vector<T>`, the values of those that succeeded, in the order of the branches; or
  /// - one `BranchResult<T>&` each, where their types differ;
  ///
  /// and, if it wants it, a `TaskContext&` last. It returns what a task returns.
  ///
  /// **Errors.** `Error(Configuration)` for a join that so many branches cannot satisfy.
  template <class F> auto join(Join join, F&& next) && {
    static_cast<void>(join.rule(sizeof...(Works)));
    return detail::JoinedSplit<std::decay_t<F>, Place, Works...>{std::move(branches_), options_,
                                                                 join, std::forward<F>(next)};
  }
  /// @overload
  template <class F> auto join(Join join, F&& next) const& {
    return Split{*this}.join(join, std::forward<F>(next));
  }

  /// Says at compile time what is missing.
  template <class State, class Store> auto bind() const {
    static_assert(detail::never_joined<State>,
                  "cano: a split is no task before .join(Join::all(), ...) says when its branches "
                  "are enough and where the run goes on");
  }

 private:
  std::tuple<detail::BranchOf<Works>...> branches_;
  detail::CompositeOptions<Place> options_;
};

/// Makes a `Split` of callables, tasks, Nodes and `branch(...)`es.
template <class... Branches> auto split(Branches&&... branches) {
  return detail::make_split<Split, detail::OnRun>(
      detail::as_branch(std::forward<Branches>(branches))...);
}

}  // namespace cano
