// SPDX-License-Identifier: MIT
// expect: cano: a branch of a split is a callable, .* is it written for another store
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

struct Branch {
#ifdef CANO_MISTAKE
  int run(std::string&) const { return 0; }
#else
  int run(Data&) const { return 0; }
#endif
};

void build() {
  Flow{State::Start}.add(State::Start, cano::split(Branch{}).join(cano::Join::all(), State::Done));
}
