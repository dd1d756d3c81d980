// SPDX-License-Identifier: MIT
// expect: cano: a task takes the store as Store&: what it writes to a copy is lost
#include <memory>

#include <cano/store/memory_store.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

#ifdef CANO_MISTAKE
State start(cano::MemoryStore store) {
#else
State start(cano::MemoryStore& store) {
#endif
  store.put("greeted", true);
  return State::Done;
}

// A store that is a handle may be copied.
State start_from_handle(std::shared_ptr<int> store) {
  *store = 1;
  return State::Done;
}

void build() {
  cano::Workflow<State>{State::Start}.add(State::Start, start);
  cano::Workflow<State, std::shared_ptr<int>>{State::Start}.add(State::Start, start_from_handle);
}
