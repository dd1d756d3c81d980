// SPDX-License-Identifier: MIT
// expect: cano: not a task: it needs
#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  State go(Data&) const { return State::Done; }
#else
  State run(Data&) const { return State::Done; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
