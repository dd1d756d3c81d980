// SPDX-License-Identifier: MIT
// Anything that can be called with the store is a task: a lambda, a function, a coroutine.

#include <chrono>
#include <iostream>

#include <cano.hpp>

using namespace std::chrono_literals;

enum class State { Load, Square, Save, Done };

cano::Async<State> save(cano::MemoryStore& store) {
  co_await cano::sleep_for(1ms);  // a slow disk
  std::cout << "Saved " << store.get<int>("value") << '\n';
  co_return State::Done;
}

int main() {
  //! [lambdas]
  const int input = 12;
  const auto workflow = cano::Workflow<State>{State::Load}
                            .add(State::Load,
                                 [input](cano::MemoryStore& store) {
                                   store.put("value", input);
                                   return State::Square;
                                 })
                            .add(State::Square,
                                 [](cano::MemoryStore& store, cano::TaskContext& context) {
                                   store.update<int>("value", [](int& value) { value *= value; });
                                   std::cout << context.state_name() << " done\n";
                                   return State::Save;
                                 })
                            .add(State::Save, save, cano::TaskConfig::minimal())
                            .add_exit_state(State::Done);
  //! [lambdas]

  cano::MemoryStore store;
  cano::run(workflow, store);
}
