// SPDX-License-Identifier: MIT
// expect: cano: a task must return its State
#include <string>

#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  std::string run(Data&) const { return "Done"; }
#else
  State run(Data&) const { return State::Done; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
