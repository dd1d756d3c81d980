// SPDX-License-Identifier: MIT
// expect: cano: the second argument of sub_workflow takes .* returns the child.s store
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

void build(const Flow& child) {
#ifdef CANO_MISTAKE
  const auto make = [](Data& data) { return data.value; };
#else
  const auto make = [](Data& data) { return data; };
#endif
  const auto read = [](Data&, Data&, const cano::WorkflowResult<State>&) { return State::Done; };
  Flow{State::Start}.add(State::Start, cano::sub_workflow(child, make, read));
}
