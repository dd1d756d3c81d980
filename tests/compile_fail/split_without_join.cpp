// SPDX-License-Identifier: MIT
// expect: cano: a split is no task before \.join\(Join::all\(\), \.\.\.\) says
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

int check(Data& data) { return data.value; }

void build() {
#ifdef CANO_MISTAKE
  Flow{State::Start}.add(State::Start, cano::split(check, check));
#else
  Flow{State::Start}.add(State::Start,
                         cano::split(check, check).join(cano::Join::all(), State::Done));
#endif
}
