// SPDX-License-Identifier: MIT
// expect: cano: undo\(\) of a task returns void or Result<void>, plain or in an Async or
// asio::awaitable
#include <cano/compose/undoable.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  int value = 0;
};

State charge(Data& data) {
  ++data.value;
  return State::Done;
}
#ifdef CANO_MISTAKE
State refund(Data& data) {
  --data.value;
  return State::Done;
}
#else
void refund(Data& data) { --data.value; }
#endif

void build() {
  cano::Workflow<State, Data>{State::Start}.add(State::Start, cano::undoable(charge, refund));
}
