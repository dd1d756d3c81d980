// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/each_task.hpp>
#include <cano/compose/join.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>

namespace cano {

/// One kind of work over many items, then one decision. A task: `workflow.add(state, each(...))`.
///
///     .add(State::Quote, each([](const Order& order) { return order.suppliers; },
///                             [](const Supplier& supplier) -> Async<Quote> { ... },
///                             TaskConfig{}.with_fixed_retry(2, 100ms))  // of each item
///                            .with_max_in_flight(8)
///                            .join(Join::quorum(3).within(200ms), choose))
///
/// The first function gives the items: any range. One that is returned by value is moved into the
/// run, a reference is copied. The work takes a `const Item&`, or the store and a `const Item&`,
/// and, if it wants it, a `TaskContext&` last; it returns its value, plain or in a `Result`, an
/// `Async` or an `asio::awaitable`. An item is retried as the config given says, or the member
/// `config()` of the work, or else the default config of the workflow.
///
/// Items share the run's executor, one at a time, so they need no locks; with `on` they are worked
/// on on the shards of a `Runtime`. Of many that never wait some are done at a time, so that others
/// on the executor have their turn.
///
/// Work with a member `undo(const Item&)` or `undo(Store&, const Item&)`, see `undoable`, is undone
/// with a copy of the item when it has succeeded and the run does not end well.
///
/// **Errors.** What the work on an item throws is in its `BranchResult`; what the first function or
/// the join's throws ends the attempt. A join that does not hold throws `Error(JoinFailed)`,
/// nesting the first failure. `add` without `.join(...)` does not compile.
/// **Cancellation.** Cancels the items under way; they have ended before the run does.
template <class Items, class Work, class Place = detail::OnRun> class Each {
 public:
  /// What `each` makes.
  Each(Items items, Work work, std::optional<TaskConfig> config)
      : items_{std::move(items)}, work_{"item", std::move(work), std::move(config)} {}
  /// What `on` makes.
  Each(Items items, detail::BranchOf<Work> work, detail::CompositeOptions<Place> options)
      : items_{std::move(items)}, work_{std::move(work)}, options_{options} {}

  /// At most so many items at the same time; without it all. At least 1.
  Each& with_max_in_flight(std::size_t count) & {
    options_.max_in_flight = detail::checked_in_flight(count);
    return *this;
  }
  /// @overload
  Each&& with_max_in_flight(std::size_t count) && { return std::move(with_max_in_flight(count)); }

  /// The same with the items worked on on the shards of `runtime`, which must outlive every run;
  /// and the context of a run must not be destroyed before the run has ended. Then the work may
  /// only read the store: it takes a `const Store&`, or none.
  [[nodiscard]] Each<Items, Work, detail::OnShards> on(Runtime& runtime) && {
    return {std::move(items_), std::move(work_), {options_.max_in_flight, {&runtime}}};
  }
  /// @overload
  [[nodiscard]] Each<Items, Work, detail::OnShards> on(Runtime& runtime) const& {
    return Each{*this}.on(runtime);
  }

  /// When the items are enough, and where the run goes on then: a state, or a function that names
  /// it. The function takes the store and `std::span<BranchResult<T>>`, or `std::vector<T>` of the
  /// values of those that succeeded, in the order of the items; and, if it wants it, a
  /// `TaskContext&` last. It returns what a task returns.
  template <class F> auto join(Join join, F&& next) && {
    return detail::JoinedEach<Items, Work, std::decay_t<F>, Place>{
        std::move(items_), std::move(work_), options_, join, std::forward<F>(next)};
  }
  /// @overload
  template <class F> auto join(Join join, F&& next) const& {
    return Each{*this}.join(join, std::forward<F>(next));
  }

  /// Says at compile time what is missing.
  template <class State, class Store> auto bind() const {
    static_assert(detail::never_joined<State>,
                  "cano: an each is no task before .join(Join::all(), ...) says when its items are "
                  "enough and where the run goes on");
  }

 private:
  Items items_;
  detail::BranchOf<Work> work_;
  detail::CompositeOptions<Place> options_;
};

/// Makes an `Each` of a function that gives the items and the work on one of them.
template <class Items, class Work>
Each<std::decay_t<Items>, std::decay_t<Work>> each(Items&& items, Work&& work,
                                                   std::optional<TaskConfig> config = {}) {
  return {std::forward<Items>(items), std::forward<Work>(work), std::move(config)};
}

}  // namespace cano
