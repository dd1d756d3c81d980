// SPDX-License-Identifier: MIT
// expect: cano: the first function of an each .* returns a range of items
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
  const auto items = [](const Data& data) { return data.value; };
#else
  const auto items = [](const Data& data) { return data.numbers; };
#endif
  const auto work = [](int number) { return number; };
  Flow{State::Start}.add(State::Start,
                         cano::each(items, work).join(cano::Join::all(), State::Done));
}
