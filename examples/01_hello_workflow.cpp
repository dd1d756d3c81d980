// SPDX-License-Identifier: MIT
// The states are an enum class, a Task and a Node do their work, a Workflow goes from one to the
// next until an exit state.

#include <iostream>
#include <string>

#include <cano/workflow.hpp>

enum class State { Start, Process, Complete };

// A Task: one function that does the work of a state and returns the next one.
struct SimpleTask {
  cano::TaskConfig config() const { return cano::TaskConfig{}.with_exponential_retry(2); }

  State run(cano::MemoryStore& store) const {
    const auto input = store.get<std::string>("input");
    std::cout << "Processing: " << input << '\n';
    store.put("result", "task_processed");
    return State::Process;
  }
};

// A Node: load, work, save. Any of the three may be a coroutine.
struct ProcessorNode {
  std::string prep(cano::MemoryStore& store) const { return store.get<std::string>("result"); }

  cano::Async<bool> exec(std::string input) const {
    std::cout << "Node processing: " << input << '\n';
    co_return true;
  }

  State post(cano::MemoryStore& store, bool succeeded) const {
    if (!succeeded) return State::Process;  // once more
    store.put("final_result", "node_processed");
    return State::Complete;
  }
};

int main() {
  const auto workflow = cano::Workflow<State>{State::Start}
                            .add(State::Start, SimpleTask{})
                            .add(State::Process, ProcessorNode{})
                            .add_exit_state(State::Complete);

  cano::MemoryStore store;
  store.put("input", "Hello Cano!");

  const State final_state = cano::run(workflow, store);
  std::cout << "Workflow completed: " << cano::state_name(final_state) << '\n';
}
