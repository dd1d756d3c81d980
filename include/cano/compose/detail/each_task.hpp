// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/compose/branch_result.hpp>
#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_group.hpp>
#include <cano/compose/detail/branch_run.hpp>
#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/join_call.hpp>
#include <cano/compose/join.hpp>
#include <cano/detail/input_range.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/undo_task.hpp>

namespace cano::detail {

/// What items are kept in: a place for each, so not `std::vector<bool>`.
template <class Item>
using ItemList = std::conditional_t<std::same_as<Item, bool>, std::deque<Item>, std::vector<Item>>;

/// The items of an `each` under way.
template <class Slot, class Item> class EachGroup final : public BranchGroup {
 public:
  using Value = typename Slot::Value;
  using Store = typename Slot::StoreType;
  using DefinitionType = Definition<BranchState, Slot>;

  EachGroup(Environment& parent, const TaskContext& context, const Join& join,
            std::size_t max_in_flight, const DefinitionType& definition, Store& store,
            const ItemList<Item>& items, std::vector<BranchResult<Value>>& results)
      : BranchGroup{parent, context, join, items.size(), max_in_flight},
        definition_{&definition},
        store_{&store},
        items_{&items},
        results_{&results} {}

 private:
  BranchRunBase& prepare(std::size_t index) override {
    BranchRunBase* const unused = take_unused();
    BranchRun<Slot>& run =
        unused != nullptr ? static_cast<BranchRun<Slot>&>(*unused) : runs_.emplace_back(*this);
    BranchResult<Value>& result = (*results_)[index];
    run.prepare(*definition_, Slot{*store_, (*items_)[index], result.slot()}, result,
                RunPart{RunPart::Kind::Item, index});
    return run;
  }

  const DefinitionType* definition_;
  Store* store_;
  const ItemList<Item>* items_;
  std::vector<BranchResult<Value>>* results_;
  std::deque<BranchRun<Slot>> runs_;  // which cannot be moved
};

template <class Slot, class Item> struct OperandAwaiter<EachGroup<Slot, Item>&> {
  using type = BranchGroupAwaiter<EachGroup<Slot, Item>>;
};

/// Whether a range that is given up takes its items with it. A view does not: it has the same ones
/// as a constant.
template <class Range>
inline constexpr bool owns_its_items =
    std::same_as<RangeReference<Range>, RangeValue<Range>&> && InputRange<const Range> &&
    !std::same_as<RangeReference<Range>, RangeReference<const Range>>;

/// The items of a range that is taken over, or copied where the store keeps it.
template <class Range> auto items_of(Range&& range) {
  using Item = RangeValue<Range>;
  if constexpr (std::same_as<std::remove_cvref_t<Range>, ItemList<Item>>) {
    return ItemList<Item>(std::forward<Range>(range));
  } else {
    ItemList<Item> items;
    if constexpr (requires { items.reserve(std::size(range)); }) items.reserve(std::size(range));
    for (auto&& item : range) {
      if constexpr (!std::is_lvalue_reference_v<Range> && owns_its_items<Range>) {
        items.emplace_back(std::move(item));
      } else {
        items.emplace_back(std::forward<decltype(item)>(item));
      }
    }
    return items;
  }
}

/// An `each` as the task of a state.
template <class State, class Store, class Items, class Slot, class Item, class F> class EachTask {
 public:
  using Value = typename Slot::Value;
  using Results = std::vector<BranchResult<Value>>;
  using Returned = std::remove_cvref_t<decltype(call_join(
      std::declval<const F&>(), std::declval<TaskContext&>(), std::declval<Store&>(),
      std::declval<std::span<BranchResult<Value>>>()))>;

  EachTask(std::shared_ptr<const Definition<BranchState, Slot>> definition, Items items,
           std::size_t max_in_flight, Join join, F next)
      : definition_{std::move(definition)},
        items_{std::move(items)},
        max_in_flight_{max_in_flight},
        join_{join},
        next_{std::move(next)} {}

  Async<State> run(Store& store, TaskContext& context) const {
    const ItemList<Item> items = items_of(call(the_object_itself, context, items_, store));
    Results results;
    results.reserve(items.size());
    for (std::size_t index = 0; index < items.size(); ++index)
      results.emplace_back(index);
    Environment& environment = co_await ThisEnvironment{};
    EachGroup<Slot, Item> group{environment,  context, join_, max_in_flight_,
                                *definition_, store,   items, results};
    co_await group;
    environment.throw_if_aborted();
    if (!group.holds()) raise(results, group);
    const std::span<BranchResult<Value>> all{results};
    if constexpr (is_awaitable<Returned>) {
      auto work = call_join(next_, context, store, all);
      auto outcome = co_await std::move(work);
      co_return to_state<State>(std::move(outcome), context);
    } else {
      co_return to_state<State>(call_join(next_, context, store, all), context);
    }
  }

  static constexpr bool declares_targets = knows_targets<State, F, Returned>;
  std::vector<State> targets() const { return targets_of<State, Returned>(next_); }
  TaskParts parts() const { return {{part_of(definition_, true)}, join_.text()}; }
  void set_default_config(const TaskConfig& config) {
    detail::set_default_config(definition_, config);
  }

 private:
  [[noreturn]] void raise(const Results& results, const BranchGroup& group) const {
    JoinFailures failures;
    for (const BranchResult<Value>& result : results)
      failures.add(result);
    failures.raise(join_, group.rule(), group.timed_out());
  }

  std::shared_ptr<const Definition<BranchState, Slot>> definition_;
  Items items_;
  std::size_t max_in_flight_;
  Join join_;
  F next_;
};

/// How the work on an item is undone; null where it cannot be.
template <class Slot, class Item, class Work>
std::shared_ptr<const UndoTask> undo_of_item(const Work& work) {
  using Store = typename Slot::StoreType;
  using Undo = ItemUndo<Work, Store, Item>;
  constexpr bool has_undo = HasUndo<Work> || callable<UndoMember, const Work&, const Item&> ||
                            callable<UndoMember, const Work&, Store&, const Item&>;
  if constexpr (has_undo) {
    static_assert(std::copy_constructible<Item>,
                  "cano: an item whose work has an undo is copied: it is undone when the each is "
                  "over");
    static_assert(is_undoable<Undo, DoneItem<Store, Item>>(),
                  "cano: undo() of the work on an item takes a const Item&, or the store and a "
                  "const Item&, and may take a TaskContext& last; it must be const");
    return undo_task_of_copy<Undo, DoneItem<Store, Item>, Slot>(Undo{work});
  } else {
    return nullptr;
  }
}

/// An `each` that knows where it goes on, for a workflow of any store.
template <class Items, class Work, class F, class Place> class JoinedEach {
 public:
  JoinedEach(Items items, BranchOf<Work> work, CompositeOptions<Place> options, Join join, F next)
      : items_{std::move(items)},
        work_{std::move(work)},
        options_{options},
        join_{join},
        next_{std::move(next)} {}

  /// The task that it is in a workflow of that state and store.
  template <class State, class Store> auto bind() const {
    using Range = Returns<TheObjectItself, const Items&, Store&>;
    static_assert(InputRange<std::remove_reference_t<Range>>,
                  "cano: the first function of an each takes the workflow's Store& or const Store& "
                  "and returns a range of items");
    if constexpr (InputRange<std::remove_reference_t<Range>>) {
      using Item = RangeValue<std::remove_reference_t<Range>>;
      using ItemReturns = ItemWorkReturns<Work, Store, Item>;
      static_assert(!std::same_as<ItemReturns, NotCallable>,
                    "cano: the work of an each takes a const Item&, or the store and a const "
                    "Item&, and may take a TaskContext& last");
      using HereReturns = ItemWorkReturns<Work, StoreAt<Store, Place>, Item>;
      static_assert(
          std::same_as<ItemReturns, NotCallable> || !std::same_as<HereReturns, NotCallable>,
          "cano: with .on(runtime) the work of an each is on other threads, so it may "
          "only read the store: it takes a const Store&, or none");
      if constexpr (!std::same_as<HereReturns, NotCallable>) {
        return make<State, Store, Item, BranchValue<HereReturns>>();
      }
    }
  }

 private:
  template <class State, class Store, class Item, class Value> auto make() const {
    using WorkSlot = ItemSlot<Value, Store, Item>;
    using Next = JoinFunction<State, F>;
    constexpr bool is_called = takes_span<Next, Store, Value> || takes_values<Next, Store, Value>;
    static_assert(is_called,
                  "cano: the function of .join takes the store and a span of the items' results, "
                  "or a vector of their values; it must be const (a lambda not mutable)");
    if constexpr (is_called) {
      using Task = EachTask<State, Store, Items, WorkSlot, Item, Next>;
      static_assert(OutcomeOf<typename Task::Returned, State>,
                    "cano: the function of .join returns the next State, a Next<...> of it, a "
                    "Result of either, or an Async or asio::awaitable of one of these");
      return Task{define<WorkSlot, Item>(), items_, options_.max_in_flight, join_, Next{next_}};
    }
  }

  template <class Slot, class Item> auto define() const {
    std::optional<TaskConfig> config = config_of_work(work_.work, work_.config);
    auto undo = undo_of_item<Slot, Item>(work_.work);
    if constexpr (std::same_as<Place, OnShards>) {
      return define_branch<Slot>(work_.name, ShardTask<Work, Slot>{work_.work, options_.place},
                                 std::move(config), std::move(undo));
    } else {
      return define_branch<Slot>(work_.name, BranchTask<Work, Slot>{work_.work}, std::move(config),
                                 std::move(undo));
    }
  }

  Items items_;
  BranchOf<Work> work_;
  CompositeOptions<Place> options_;
  Join join_;
  F next_;
};

}  // namespace cano::detail
