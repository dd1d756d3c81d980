// SPDX-License-Identifier: MIT
// expect: cano: a branch of a split is a callable, .* it must be const \(a lambda not mutable\)
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cano/compose/each.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  std::vector<int> numbers;
  int value = 0;
};

using Flow = cano::Workflow<State, Data>;

void build() {
#ifdef CANO_MISTAKE
  const auto work = [count = 0](Data&) mutable { return ++count; };
#else
  const auto work = [count = 0](Data&) { return count; };
#endif
  Flow{State::Start}.add(State::Start, cano::split(work).join(cano::Join::all(), State::Done));
}
