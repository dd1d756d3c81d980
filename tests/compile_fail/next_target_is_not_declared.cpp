// SPDX-License-Identifier: MIT
// expect: cano: this target is not declared in the task's Next
#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  cano::Next<State::Middle, State::Done> run(Data&) const { return cano::to<State::Start>; }
#else
  cano::Next<State::Middle, State::Done> run(Data&) const { return cano::to<State::Done>; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
