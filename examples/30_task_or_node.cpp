// SPDX-License-Identifier: MIT
// The same work twice, as Tasks and as Nodes. A Task is one function, so it is the shorter one; a
// Node keeps the store out of exec, so that exec can be tested and used without any workflow.
// States do not care: each may have either.

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include <cano.hpp>

enum class State { Draw, Count, Done };

using Numbers = std::vector<unsigned>;
constexpr auto is_even = [](unsigned number) { return number % 2 == 0; };

Numbers draw(unsigned seed) {
  std::mt19937 engine{seed};  // the same numbers on every machine
  Numbers numbers(12);
  for (unsigned& number : numbers)
    number = static_cast<unsigned>(engine()) % 100 + 1;
  return numbers;
}

//! [task]
struct DrawTask {
  State run(cano::MemoryStore& store) const {
    store.put("numbers", draw(store.get<unsigned>("seed")));
    return State::Count;
  }
};

struct CountTask {
  State run(cano::MemoryStore& store) const {
    const auto numbers = store.get<Numbers>("numbers");
    store.put("even", std::count_if(numbers.begin(), numbers.end(), is_even));
    return State::Done;
  }
};
//! [task]

//! [node]
struct DrawNode {
  unsigned prep(cano::MemoryStore& store) const { return store.get<unsigned>("seed"); }
  Numbers exec(unsigned seed) const { return draw(seed); }
  State post(cano::MemoryStore& store, Numbers numbers) const {
    store.put("numbers", std::move(numbers));
    return State::Count;
  }
};

struct CountNode {
  Numbers prep(cano::MemoryStore& store) const { return store.get<Numbers>("numbers"); }
  std::ptrdiff_t exec(const Numbers& numbers) const {
    return std::count_if(numbers.begin(), numbers.end(), is_even);
  }
  State post(cano::MemoryStore& store, std::ptrdiff_t even) const {
    store.put("even", even);
    return State::Done;
  }
};
//! [node]

template <class Draw, class Count> void run(std::string_view what, Draw first, Count second) {
  const auto workflow = cano::Workflow<State>{State::Draw}
                            .add(State::Draw, std::move(first))
                            .add(State::Count, std::move(second))
                            .add_exit_state(State::Done);
  cano::MemoryStore store;
  store.put("seed", 2024u);
  cano::run(workflow, store);
  std::cout << what << store.get<std::ptrdiff_t>("even") << " of "
            << store.get<Numbers>("numbers").size() << " are even\n";
}

int main() {
  run("Two Tasks:       ", DrawTask{}, CountTask{});
  run("Two Nodes:       ", DrawNode{}, CountNode{});
  run("A Task, a Node:  ", DrawTask{}, CountNode{});
  run("A Node, a Task:  ", DrawNode{}, CountTask{});
  std::cout << "exec alone:      " << CountNode{}.exec({1, 2, 3, 4}) << " of 4 are even\n";
}
