// SPDX-License-Identifier: MIT
// expect: cano: the function of \.join takes .* it must be const \(a lambda not mutable\)
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

int one(Data&) { return 1; }

void build() {
#ifdef CANO_MISTAKE
  const auto next = [n = 0](Data&, std::vector<int>) mutable { return ++n, State::Done; };
#else
  const auto next = [](Data&, std::vector<int>) { return State::Done; };
#endif
  Flow{State::Start}.add(State::Start, cano::split(one, one).join(cano::Join::all(), next));
}
