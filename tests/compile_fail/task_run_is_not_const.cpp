// SPDX-License-Identifier: MIT
// expect: cano: run\(\) or operator\(\) of a task must be const
#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  State run(Data& data) { return data.value == 0 ? State::Start : State::Done; }
#else
  State run(Data& data) const { return data.value == 0 ? State::Start : State::Done; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
