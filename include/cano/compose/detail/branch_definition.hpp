// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/compose/detail/branch_work.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/error.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/undo_task.hpp>

namespace cano::detail {

template <class> inline constexpr bool never_joined = false;

/// A branch as it is described: its work, with name and config where they were given.
template <class Work> struct BranchOf {
  std::string name;
  Work work;
  std::optional<TaskConfig> config;
};

/// Whether a type is a `BranchOf`.
template <class T> struct IsBranch : std::false_type {};
template <class Work> struct IsBranch<BranchOf<Work>> : std::true_type {};

template <class T> auto as_branch(T&& work) {
  if constexpr (IsBranch<std::remove_cvref_t<T>>::value) {
    return std::forward<T>(work);
  } else {
    return BranchOf<std::decay_t<T>>{{}, std::forward<T>(work), {}};
  }
}
template <template <class...> class Split, class Place, class... Works>
Split<Place, Works...> make_split(BranchOf<Works>... branches) {
  return Split<Place, Works...>{std::move(branches)...};
}

/// The options of a `split` or an `each`.
template <class Place> struct CompositeOptions {
  std::size_t max_in_flight = SIZE_MAX;
  [[no_unique_address]] Place place{};
};

inline std::size_t checked_in_flight(std::size_t count) {
  if (count > 0 && count <= static_cast<std::size_t>(PTRDIFF_MAX)) return count;
  throw Error{Errc::Configuration,
              "with_max_in_flight: the number of branches must be at least 1, "
              "not " +
                  std::to_string(static_cast<std::ptrdiff_t>(count))};
}

// ---- what a branch gives

template <class Work, class Store> consteval auto branch_returns() {
  if constexpr (callable<TaskFunction<Work, Store>, const Work&, Store&>) {
    return std::type_identity<TaskReturns<Work, Store>>{};
  } else {
    return std::type_identity<typename NodeTypes<Work, Store>::PostReturns>{};
  }
}
template <class Work, class Store>
using BranchReturns = typename decltype(branch_returns<Work, Store>())::type;

template <class Work, class Store>
inline constexpr bool is_branch_of = !std::same_as<BranchReturns<Work, Store>, NotCallable>;
template <class Work, class Store>
inline constexpr bool is_node_branch =
    !callable<TaskFunction<Work, Store>, const Work&, Store&> && is_branch_of<Work, Store>;

/// The store as work that is no Node gets it there: from another thread it may only read.
template <class Store, class Place>
using StoreAt = std::conditional_t<std::same_as<Place, OnShards>, const Store, Store>;

/// Whether the branch may work there.
template <class Work, class Store, class Place>
inline constexpr bool may_work_at =
    is_node_branch<Work, Store> || is_branch_of<Work, StoreAt<Store, Place>>;

/// The value of a branch that works there.
template <class Work, class Store, class Place> consteval auto branch_value_at() {
  if constexpr (is_node_branch<Work, Store>) {
    return std::type_identity<BranchValue<BranchReturns<Work, Store>>>{};
  } else {
    return std::type_identity<BranchValue<BranchReturns<Work, StoreAt<Store, Place>>>>{};
  }
}
template <class Work, class Store, class Place>
using BranchValueAt = typename decltype(branch_value_at<Work, Store, Place>())::type;

// ---- the one state of a branch's run

/// None where it has the default config of the workflow.
template <class Work>
std::optional<TaskConfig> config_of_work(const Work& work, std::optional<TaskConfig> given) {
  if constexpr (Configured<Work>) {
    if (!given) return work.config();
  }
  return given;
}

/// A workflow of one task, whose state is named as the branch.
template <class Slot, class Task>
std::shared_ptr<const Definition<BranchState, Slot>> define_branch(
    std::string name, Task task, std::optional<TaskConfig> config,
    std::shared_ptr<const UndoTask> undo = nullptr) {
  using DefinitionType = Definition<BranchState, Slot>;
  using Entry = typename DefinitionType::Entry;
  auto definition = std::make_shared<DefinitionType>();
  definition->start = BranchState::Work;
  auto work =
      std::make_shared<Entry>(BranchState::Work, config.value_or(TaskConfig{}),
                              bind_task<BranchState, Slot>(std::move(task)), std::move(undo));
  work->name = std::move(name);
  work->brings_config = config.has_value();
  definition->add(std::move(work));
  definition->add(std::make_shared<Entry>(BranchState::Done));
  return definition;
}

/// Gives it the default config of the workflow, unless it has one of its own.
template <class Slot>
void set_default_config(std::shared_ptr<const Definition<BranchState, Slot>>& definition,
                        const TaskConfig& config) {
  auto changed = std::make_shared<Definition<BranchState, Slot>>(*definition);
  changed->set_default_config(config);
  definition = std::move(changed);
}

/// The branch or the item of a composite, for its graph.
template <class Slot>
TaskPart part_of(const std::shared_ptr<const Definition<BranchState, Slot>>& definition,
                 bool is_many) {
  const StateInfo& work = *definition->entries.front();
  return {work.name, work.max_attempts, is_many};
}

/// The definition of one branch of a split.
template <class Slot, class Work, class Place>
std::shared_ptr<const Definition<BranchState, Slot>> define_split_branch(BranchOf<Work> branch,
                                                                         Place place) {
  using Store = typename Slot::StoreType;
  std::optional<TaskConfig> config = config_of_work(branch.work, std::move(branch.config));
  auto undo = undo_task_of_copy<Work, Store, Slot>(branch.work);
  if constexpr (is_node_branch<Work, Store>) {
    return define_branch<Slot>(std::move(branch.name),
                               BranchNode<Work, Slot, Place>{std::move(branch.work), place},
                               std::move(config), std::move(undo));
  } else if constexpr (std::same_as<Place, OnShards>) {
    return define_branch<Slot>(std::move(branch.name),
                               ShardTask<Work, Slot>{std::move(branch.work), place},
                               std::move(config), std::move(undo));
  } else {
    return define_branch<Slot>(std::move(branch.name),
                               BranchTask<Work, Slot>{std::move(branch.work)}, std::move(config),
                               std::move(undo));
  }
}

}  // namespace cano::detail
