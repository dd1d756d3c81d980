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

#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/error.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/detail/definition.hpp>

namespace cano::detail {

template <class> inline constexpr bool never_joined = false;

/// A branch as it is described: its work, with name and config where they were given.
template <class Work> struct BranchOf {
  std::string name;
  Work work;
  std::optional<TaskConfig> config;
};

template <class T> struct IsBranch : std::false_type {};
template <class Work> struct IsBranch<BranchOf<Work>> : std::true_type {};

template <class T> auto as_branch(T&& work) {
  if constexpr (IsBranch<std::remove_cvref_t<T>>::value) {
    return std::forward<T>(work);
  } else {
    return BranchOf<std::decay_t<T>>{{}, std::forward<T>(work), {}};
  }
}
template <template <class...> class Split, class... Works>
Split<Works...> make_split(BranchOf<Works>... branches) {
  return Split<Works...>{std::move(branches)...};
}

struct CompositeOptions {
  std::size_t max_in_flight = SIZE_MAX;
  Runtime* runtime = nullptr;  // null: the run's executor
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

/// Whether the work does not need to change the store, so that it may be on another thread.
template <class Work, class Store>
inline constexpr bool reads_store =
    callable<TaskFunction<Work, const Store>, const Work&, const Store&>;

// ---- the one state of a branch's run

template <class Work> TaskConfig config_of_work(const Work& work, std::optional<TaskConfig> given) {
  if constexpr (Configured<Work>) {
    if (!given) return work.config();
  }
  return given ? std::move(*given) : TaskConfig{};
}

/// A workflow of one task, whose state is named as the branch.
template <class Slot, class Task>
std::shared_ptr<const Definition<BranchState, Slot>> define_branch(std::string name, Task task,
                                                                   TaskConfig config) {
  using DefinitionType = Definition<BranchState, Slot>;
  using Entry = typename DefinitionType::Entry;
  auto definition = std::make_shared<DefinitionType>();
  definition->start = BranchState::Work;
  auto work = std::make_shared<Entry>(BranchState::Work, std::move(config),
                                      bind_task<BranchState, Slot>(std::move(task)));
  work->name = std::move(name);
  definition->add(std::move(work));
  definition->add(std::make_shared<Entry>(BranchState::Done));
  return definition;
}

/// The definition of one branch of a split.
template <class Slot, class Work>
std::shared_ptr<const Definition<BranchState, Slot>> define_split_branch(BranchOf<Work> branch,
                                                                         Runtime* runtime) {
  using Store = typename Slot::StoreType;
  TaskConfig config = config_of_work(branch.work, std::move(branch.config));
  if constexpr (is_node_branch<Work, Store>) {
    return define_branch<Slot>(std::move(branch.name),
                               BranchNode<Work, Slot>{std::move(branch.work), runtime},
                               std::move(config));
  } else {
    if constexpr (reads_store<Work, Store>) {
      if (runtime != nullptr) {
        return define_branch<Slot>(std::move(branch.name),
                                   ShardTask<Work, Slot>{std::move(branch.work), *runtime},
                                   std::move(config));
      }
    }
    if (runtime != nullptr) {
      throw Error{Errc::Configuration,
                  "split(...).on(runtime): branch " + branch.name +
                      " changes the store: on the shards it may only take a const Store&"};
    }
    return define_branch<Slot>(std::move(branch.name),
                               BranchTask<Work, Slot>{std::move(branch.work)}, std::move(config));
  }
}

}  // namespace cano::detail
