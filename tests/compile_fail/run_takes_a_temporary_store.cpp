// SPDX-License-Identifier: MIT
// expect: cano: the store must outlive the run, whose results are left there: pass a variable
#include <cano/store/memory_store.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

State start(const cano::Workflow<State>& workflow) {
#ifdef CANO_MISTAKE
  return cano::run(workflow, cano::MemoryStore{});
#else
  cano::MemoryStore store;
  return cano::run(workflow, store);
#endif
}
