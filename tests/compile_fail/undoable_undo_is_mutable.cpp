// SPDX-License-Identifier: MIT
// expect: cano: undo\(\) of a task takes the Store& that run\(\) takes, in an each the item after
// it, and may take a TaskContext& last; it must be const
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  int value = 0;
};

void build() {
  const auto work = [](Data& data) { ++data.value; };
#ifdef CANO_MISTAKE
  const auto undo = [calls = 0](Data& data) mutable { data.value -= ++calls; };
#else
  const auto undo = [](Data& data) { --data.value; };
#endif
  cano::Workflow<State, Data>{State::Start}.add(
      State::Start, cano::split(cano::undoable(work, undo)).join(cano::Join::all(), State::Done));
}
