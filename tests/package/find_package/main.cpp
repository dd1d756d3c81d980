// SPDX-License-Identifier: MIT
// A whole workflow over the umbrella header: what is installed must be all of it.
#include <cstdio>

#include <cano.hpp>

enum class State { Start, Done };

int main() {
  cano::Workflow<State> workflow{State::Start};
  workflow.add(State::Start, [](cano::MemoryStore&) { return State::Done; });
  workflow.add_exit_state(State::Done);
  cano::MemoryStore store;
  const State end = cano::run(workflow, store);
  std::printf("cano %s: %s\n", CANO_VERSION_STRING, cano::state_name(end).c_str());
}
