// SPDX-License-Identifier: MIT
// What the benchmarks of composites, limits and undoing have in common: the work of a branch, of an
// item and of a step is one addition or multiplication, so what is measured is what is around it.
#pragma once

#include <span>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/compose/branch_result.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/composition_data.hpp"

namespace composition {

enum class State { Work, Fail, Done };

inline State once_more(Data& data) { return --data.left > 0 ? State::Work : State::Done; }

using Flow = cano::Workflow<State, Data>;

// ---- branches

inline int branch(const Data& data) { return data.left; }
inline cano::Async<int> async_branch(const Data& data) { co_return data.left; }

template <auto Work> Flow split_flow() {
  const auto join = [](Data& data, std::span<cano::BranchResult<int>> results) {
    for (auto& result : results)
      data.sum += result.value();
    return once_more(data);
  };
  return Flow{State::Work}
      .add(State::Work, cano::split(Work, Work, Work, Work, Work, Work, Work, Work, Work, Work)
                            .join(cano::Join::all(), join))
      .add_exit_state(State::Done);
}

// ---- items

inline int twice(const int& item) { return item * 2; }
inline cano::Async<int> async_twice(const int& item) { co_return item * 2; }

/// On the executor of the run, or with `place` on the shards of a runtime.
template <auto Work, class... Place> Flow each_flow(Place&... place) {
  const auto join = [](Data& data, std::span<cano::BranchResult<int>> results) {
    for (auto& result : results)
      data.sum += result.value();
    return State::Done;
  };
  const auto all = [](const Data& data) -> const std::vector<int>& { return data.items; };
  Flow flow{State::Work};
  if constexpr (sizeof...(Place) == 0) {
    flow.add(State::Work, cano::each(all, Work).join(cano::Join::all(), join));
  } else {
    flow.add(State::Work, cano::each(all, Work).on(place...).join(cano::Join::all(), join));
  }
  return flow.add_exit_state(State::Done);
}

// ---- steps that are undone

inline State step(Data& data) { return --data.left > 0 ? State::Work : State::Fail; }
inline cano::Async<State> async_step(Data& data) { co_return step(data); }
inline void unstep(Data& data) { ++data.sum; }
inline cano::Async<void> async_unstep(Data& data) {
  ++data.sum;
  co_return;
}
inline cano::Result<State> no_seat(Data&) {
  return cano::Error{cano::Errc::TaskExecution, "no seat"};
}

/// A run of so many steps that then fails, and undoes them.
template <auto Step, auto Undo> Flow saga_flow() {
  const auto once = cano::TaskConfig::minimal();
  return Flow{State::Work}
      .add(State::Work, cano::undoable(Step, Undo, once), once)
      .add(State::Fail, no_seat, once)
      .add_exit_state(State::Done);
}

}  // namespace composition
