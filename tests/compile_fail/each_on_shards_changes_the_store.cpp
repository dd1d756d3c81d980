// SPDX-License-Identifier: MIT
// expect: cano: with \.on\(runtime\) the work of an each .* may only read the store
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

void build(cano::Runtime& runtime) {
  const auto items = [](const Data& data) { return data.numbers; };
#ifdef CANO_MISTAKE
  const auto work = [](Data& data, int number) { return data.value += number; };
#else
  const auto work = [](const Data& data, int number) { return data.value + number; };
#endif
  Flow{State::Start}.add(State::Start,
                         cano::each(items, work).on(runtime).join(cano::Join::all(), State::Done));
}
