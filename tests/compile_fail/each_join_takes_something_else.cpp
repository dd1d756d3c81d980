// SPDX-License-Identifier: MIT
// expect: cano: the function of \.join takes the store and a span of the items. results
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
  const auto items = [](const Data& data) { return data.numbers; };
  const auto work = [](int number) { return number; };
#ifdef CANO_MISTAKE
  const auto next = [](std::vector<int>) { return State::Done; };
#else
  const auto next = [](Data&, std::span<cano::BranchResult<int>>) { return State::Done; };
#endif
  Flow{State::Start}.add(State::Start, cano::each(items, work).join(cano::Join::all(), next));
}
