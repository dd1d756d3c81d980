// SPDX-License-Identifier: MIT
// expect: cano: run\(\) must take the workflow's Store&
#include <string>

#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  State run(std::string&) const { return State::Done; }
#else
  State run(Data&) const { return State::Done; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
