// SPDX-License-Identifier: MIT
// expect: cano: an each is no task before \.join\(Join::all\(\), \.\.\.\) says
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
  Flow{State::Start}.add(State::Start, cano::each(items, work).with_max_in_flight(2));
#else
  Flow{State::Start}.add(
      State::Start,
      cano::each(items, work).with_max_in_flight(2).join(cano::Join::all(), State::Done));
#endif
}
