// SPDX-License-Identifier: MIT
// expect: cano: undo\(\) of a task takes the Store& that run\(\) takes, in an each the item after
// it, and may take a TaskContext& last; it must be const
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  int value = 0;
};

struct Charge {
  State run(Data& data) const {
    ++data.value;
    return State::Done;
  }
#ifdef CANO_MISTAKE
  void undo(Data& data, int amount) const { data.value -= amount; }
#else
  void undo(Data& data) const { --data.value; }
#endif
};

void build() { cano::Workflow<State, Data>{State::Start}.add(State::Start, Charge{}); }
