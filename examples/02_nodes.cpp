// SPDX-License-Identifier: MIT
// A Node splits the work of a state in three phases: prep loads, exec works, post saves and says
// where to go. Only prep and post see the store, so exec can be tested by calling it.

#include <chrono>
#include <cstddef>
#include <iostream>
#include <sstream>
#include <string>

#include <cano.hpp>

using namespace std::chrono_literals;

enum class State { Count, Send, Done };

//! [node]
struct CountWords {
  std::string prep(cano::MemoryStore& store) const { return store.get<std::string>("text"); }

  std::size_t exec(const std::string& text) const {
    std::istringstream words{text};
    std::size_t count = 0;
    for (std::string word; words >> word;)
      ++count;
    return count;
  }

  State post(cano::MemoryStore& store, std::size_t count) const {
    store.put("words", count);
    return State::Send;
  }
};
//! [node]

// Each phase is a plain function or a coroutine, as it needs. One that returns nothing hands
// nothing to the next, and each may ask for the TaskContext.
struct Send {
  std::size_t prep(cano::MemoryStore& store) const { return store.get<std::size_t>("words"); }

  cano::Async<void> exec(std::size_t count, cano::TaskContext& context) const {
    co_await cano::sleep_for(1ms);  // a slow network
    std::cout << context.state_name() << ": " << count << " words\n";
  }

  State post(cano::MemoryStore&) const { return State::Done; }
};

static_assert(cano::Node<CountWords, State>);
static_assert(cano::Node<Send, State>);

int main() {
  std::cout << "Alone: " << CountWords{}.exec("one two three") << " words\n";

  const auto workflow = cano::Workflow<State>{State::Count}
                            .add(State::Count, CountWords{})
                            .add(State::Send, Send{})
                            .add_exit_state(State::Done);
  cano::MemoryStore store;
  store.put("text", "to be or not to be");
  cano::run(workflow, store);
}
