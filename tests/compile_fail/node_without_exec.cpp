// SPDX-License-Identifier: MIT
// expect: cano: a Node needs .exec\(P\) const.
#include <cano/workflow/workflow.hpp>

enum class State { Start, Middle, Done };

struct Data {
  int value = 0;
};

struct Step {
#ifdef CANO_MISTAKE
  int prep(Data& data) const { return data.value; }
  State post(Data&, int) const { return State::Done; }
#else
  int prep(Data& data) const { return data.value; }
  int exec(int value) const { return value; }
  State post(Data&, int) const { return State::Done; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Step{}); }
