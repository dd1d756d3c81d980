// SPDX-License-Identifier: MIT
// expect: cano: run\(\) or operator\(\) of a task must be const \(a lambda not mutable\)
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {};

void build() {
#ifdef CANO_MISTAKE
  const auto task = [calls = 0](Data&) mutable { return ++calls > 3 ? State::Done : State::Start; };
#else
  const auto task = [calls = 0](Data&) { return calls > 3 ? State::Done : State::Start; };
#endif
  cano::Workflow<State, Data>{State::Start}.add(State::Start, task);
}
