// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <cano/edge_kind.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/state.hpp>
#include <cano/workflow/detail/definition.hpp>

// The events of a run that name states. Only for a run that is observed.
namespace cano::detail {

template <StateLike State, class Store>
void report_success(RunBase& run, const Definition<State, Store>& definition, const State& next) {
  const StateInfo* const known = definition.table.find(next).entry;
  const std::string unknown = known == nullptr ? definition.name_of(next) : std::string{};
  run.reporter().attempt_succeeded(run.visit(), known == nullptr ? unknown : known->name);
}

template <StateLike State, class Store>
void report_edge(RunBase& run, const Definition<State, Store>& definition, const State& next,
                 EdgeKind kind) {
  const StateInfo& from = *run.visit().state;
  const std::string error = kind == EdgeKind::Failure ? run.failure().message() : std::string{};
  run.reporter().edge_taken(from.name, from.index, definition.name_of(next), kind, error);
}

}  // namespace cano::detail
