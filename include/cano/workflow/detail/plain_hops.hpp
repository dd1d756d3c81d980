// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>

#include <cano/engine/detail/run_base.hpp>
#include <cano/state.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>

namespace cano::detail {

/// A number that is changed in a register, and written back however the scope is left.
struct LocalCount {
  explicit LocalCount(std::size_t& number) noexcept : now{number}, total{number} {}
  LocalCount(const LocalCount&) = delete;
  LocalCount& operator=(const LocalCount&) = delete;
  ~LocalCount() { total = now; }

  std::size_t now;
  std::size_t& total;
};

/// Calls plain tasks without limits, one after the other, up to the next checkpoint. Throws what a
/// task throws. What a hop needs is in locals, for which the processor has registers.
template <StateLike State, class Store>
[[gnu::always_inline]] inline void make_plain_hops(RunBase& run,
                                                   const Definition<State, Store>& definition,
                                                   Store& store, State& run_state,
                                                   std::size_t& run_transitions) {
  TaskContext context{run};
  const auto table = definition.table.reader();
  State state = std::move(run_state);
  LocalCount transitions{run_transitions};
  do {
    const auto& transition = table.find(state);
    if (transition.call == nullptr) [[unlikely]]
      break;
    run.enter_fast(*transition.entry);
    state = transition.call(transition.task, store, context);
    ++transitions.now;
  } while (!run.is_checkpoint(transitions.now));
  run_state = std::move(state);
  if (run.has_failed()) --transitions.now;
}

}  // namespace cano::detail
