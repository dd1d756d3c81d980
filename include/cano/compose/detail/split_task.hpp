// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
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
#include <cano/engine/detail/run_part.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/explain_task.hpp>

namespace cano::detail {

/// The results of a split: an array where all branches give the same type, else a tuple.
template <class First, class... Others> consteval auto split_results() {
  if constexpr ((std::same_as<First, Others> && ...)) {
    return std::type_identity<std::array<BranchResult<First>, 1 + sizeof...(Others)>>{};
  } else {
    return std::type_identity<std::tuple<BranchResult<First>, BranchResult<Others>...>>{};
  }
}
template <class... Values> using SplitResults = typename decltype(split_results<Values...>())::type;

/// What a split is made of for a store: the definition of each branch.
template <class Store, class... Values>
using SplitDefinitions =
    std::tuple<std::shared_ptr<const Definition<BranchState, SplitSlot<Values, Store>>>...>;

/// The branches of a split under way.
template <class Store, class... Values> class SplitGroup final : public BranchGroup {
 public:
  SplitGroup(Environment& parent, const TaskContext& context, const Join& join,
             std::size_t max_in_flight, const SplitDefinitions<Store, Values...>& definitions,
             Store& store, SplitResults<Values...>& results)
      : BranchGroup{parent, context, join, sizeof...(Values), max_in_flight},
        definitions_{&definitions},
        store_{&store},
        results_{&results},
        runs_{same_for<Values>(*this)...} {}

 private:
  template <class> static BranchGroup& same_for(BranchGroup& group) noexcept { return group; }

  BranchRunBase& prepare(std::size_t index) override {
    return prepare_any(index, std::index_sequence_for<Values...>{});
  }

  template <std::size_t... Each>
  BranchRunBase& prepare_any(std::size_t index, std::index_sequence<Each...>) {
    BranchRunBase* prepared = nullptr;
    static_cast<void>(((Each == index && (prepared = &prepare_one<Each>(), true)) || ...));
    return *prepared;
  }
  template <std::size_t Index> BranchRunBase& prepare_one() {
    auto& run = std::get<Index>(runs_);
    auto& result = std::get<Index>(*results_);
    using WorkSlot = typename std::remove_reference_t<decltype(run)>::SlotType;
    run.prepare(*std::get<Index>(*definitions_), WorkSlot{*store_, result.slot()}, result,
                RunPart{RunPart::Kind::Branch, Index});
    return run;
  }

  const SplitDefinitions<Store, Values...>* definitions_;
  Store* store_;
  SplitResults<Values...>* results_;
  std::tuple<BranchRun<SplitSlot<Values, Store>>...> runs_;
};

template <class Store, class... Values> struct OperandAwaiter<SplitGroup<Store, Values...>&> {
  using type = BranchGroupAwaiter<SplitGroup<Store, Values...>>;
};

/// A split as the task of a state.
template <class State, class Store, class F, class... Values> class SplitTask {
 public:
  using Definitions = SplitDefinitions<Store, Values...>;
  using Results = SplitResults<Values...>;

 private:
  template <std::size_t... Each>
  static decltype(auto) call_next_of(const F& next, Store& store, Results& results,
                                     TaskContext& context, std::index_sequence<Each...>) {
    if constexpr (takes_each<F, Store, Values...>) {
      return call(the_object_itself, context, next, store, std::get<Each>(results)...);
    } else {
      return call_join(next, context, store, std::span<typename Results::value_type>{results});
    }
  }
  decltype(auto) call_next(Store& store, Results& results, TaskContext& context) const {
    return call_next_of(next_, store, results, context, std::index_sequence_for<Values...>{});
  }

 public:
  using Returned = std::remove_cvref_t<decltype(call_next_of(
      std::declval<const F&>(), std::declval<Store&>(), std::declval<Results&>(),
      std::declval<TaskContext&>(), std::index_sequence_for<Values...>{}))>;

  SplitTask(Definitions definitions, std::size_t max_in_flight, Join join, F next)
      : definitions_{std::move(definitions)},
        max_in_flight_{max_in_flight},
        join_{join},
        next_{std::move(next)} {}

  Async<State> run(Store& store, TaskContext& context) const {
    Results results = named_results(std::index_sequence_for<Values...>{});
    Environment& environment = co_await ThisEnvironment{};
    SplitGroup<Store, Values...> group{environment,  context, join_,  max_in_flight_,
                                       definitions_, store,   results};
    co_await group;
    environment.throw_if_aborted();
    if (!group.holds()) raise(results, group);
    if constexpr (is_awaitable<Returned>) {
      auto work = call_next(store, results, context);
      auto outcome = co_await std::move(work);
      co_return to_state<State>(std::move(outcome), context);
    } else {
      co_return to_state<State>(call_next(store, results, context), context);
    }
  }

  auto targets() const { return targets_of<State, Returned>(next_); }
  static constexpr bool declares_targets = knows_targets<State, F, Returned>;

  TaskParts parts() const {
    return {std::apply([](const auto&... each) { return std::vector{part_of(each, false)...}; },
                       definitions_),
            join_.text()};
  }
  void set_default_config(const TaskConfig& config) {
    std::apply([&](auto&... each) { (detail::set_default_config(each, config), ...); },
               definitions_);
  }

 private:
  template <std::size_t... Each> Results named_results(std::index_sequence<Each...>) const {
    return Results{std::tuple_element_t<Each, Results>{
        Each, std::get<Each>(definitions_)->entries.front()->name}...};
  }

  [[noreturn]] void raise(const Results& results, const BranchGroup& group) const {
    JoinFailures failures;
    std::apply([&](const auto&... each) { (failures.add(each), ...); }, results);
    failures.raise(join_, group.rule(), group.timed_out());
  }

  Definitions definitions_;
  std::size_t max_in_flight_;
  Join join_;
  F next_;
};

/// A split that knows where it goes on, for a workflow of any store.
template <class F, class Place, class... Works> class JoinedSplit {
 public:
  JoinedSplit(std::tuple<BranchOf<Works>...> branches, CompositeOptions<Place> options, Join join,
              F next)
      : branches_{std::move(branches)}, options_{options}, join_{join}, next_{std::move(next)} {
    std::size_t index = 0;
    std::apply([&](auto&... each) { (name(each, index++), ...); }, branches_);
  }

  /// The task that it is in a workflow of that state and store.
  template <class State, class Store> auto bind() const {
    static_assert((is_branch_of<Works, Store> && ...),
                  "cano: a branch of a split is a callable, an object with run(Store&) const, or a "
                  "Node, over the workflow's Store& or const Store&, and may take a TaskContext& "
                  "last; it must be const (a lambda not mutable); is it written for another "
                  "store?");
    if constexpr ((is_branch_of<Works, Store> && ...)) {
      static_assert((may_work_at<Works, Store, Place> && ...),
                    "cano: with .on(runtime) the branches of a split are on other threads, so they "
                    "may only read the store: each takes a const Store&, or is a Node, of which "
                    "only exec is called there");
      static_assert(!(copies_store<Works, Store>() || ...),
                    "cano: a branch takes the store as Store& or const Store&: what it writes to a "
                    "copy is lost");
      if constexpr ((may_work_at<Works, Store, Place> && ...)) {
        return std::apply(
            [&](const BranchOf<Works>&... each) {
              return make<State, Store, BranchValueAt<Works, Store, Place>...>(each...);
            },
            branches_);
      }
    }
  }

 private:
  template <class Work> static void name(BranchOf<Work>& branch, std::size_t index) {
    if (branch.name.empty()) branch.name = "branch " + std::to_string(index);
  }

  template <class State, class Store, class... Values>
  auto make(const BranchOf<Works>&... each) const {
    SplitDefinitions<Store, Values...> definitions{
        define_split_branch<SplitSlot<Values, Store>>(each, options_.place)...};
    using Next = JoinFunction<State, F>;
    constexpr bool is_called =
        takes_each<Next, Store, Values...> || takes_all<Next, Store, Values...>;
    static_assert(
        is_called,
        "cano: the function of .join takes the store and a span of the branches' results, "
        "or a vector of their values, or, where their types differ, one BranchResult<T>& "
        "for each branch; it must be const (a lambda not mutable)");
    if constexpr (is_called) {
      using Task = SplitTask<State, Store, Next, Values...>;
      static_assert(OutcomeOf<typename Task::Returned, State>,
                    "cano: the function of .join returns the next State, a Next<...> of it, a "
                    "Result of either, or an Async or asio::awaitable of one of these");
      return Task{std::move(definitions), options_.max_in_flight, join_, Next{next_}};
    }
  }

  template <class Next, class Store, class First, class... Others>
  static constexpr bool takes_all =
      (std::same_as<First, Others> && ...) &&
      (takes_span<Next, Store, First> || takes_values<Next, Store, First>);

  std::tuple<BranchOf<Works>...> branches_;
  CompositeOptions<Place> options_;
  Join join_;
  F next_;
};

}  // namespace cano::detail
