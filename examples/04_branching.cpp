// SPDX-License-Identifier: MIT
// A task that declares its targets with Next<...> can be checked and drawn before anything runs;
// a target that is not declared does not compile.

#include <iostream>

#include <cano.hpp>

using cano::Next;
using cano::to;

enum class State { Check, Review, Approve, Approved, Rejected };

struct Order {
  int amount = 0;
  int reviews = 0;
};

//! [branching]
struct Check {
  Next<State::Approve, State::Review, State::Rejected> run(Order& order) const {
    if (order.amount <= 0) return to<State::Rejected>;
    if (order.amount > 1000) return to<State::Review>;
    return to<State::Approve>;
  }
};

struct Review {
  Next<State::Review, State::Approve> run(Order& order) const {
    if (++order.reviews < 2) return to<State::Review>;  // two people must look at it
    return to<State::Approve>;
  }
};
//! [branching]

struct Approve {
  Next<State::Approved> run(Order&) const { return to<State::Approved>; }
};

int main(int argc, char**) {
  auto workflow = cano::Workflow<State, Order>{State::Check}
                      .add(State::Check, Check{})
                      .add(State::Review, Review{})
                      .add_exit_states({State::Approved, State::Rejected});
  if (argc > 1) {  // --graph
    std::cout << cano::to_mermaid(workflow.add(State::Approve, Approve{}).graph());
    return 0;
  }
  //! [validate]
  for (const cano::Problem& problem : workflow.validate())
    std::cout << "Problem: " << problem.message << '\n';
  workflow.add(State::Approve, Approve{});
  std::cout << workflow.validate().size() << " problems left\n";

  const cano::Graph graph = workflow.graph();
  for (const auto& [from, target] : graph.edges)
    std::cout << "  " << graph.nodes[from].name << " -> " << graph.nodes[target].name << '\n';
  //! [validate]

  for (const int amount : {250, 5000, -1}) {
    Order order{.amount = amount};
    const State state = cano::run(workflow, order);
    std::cout << amount << ": " << cano::state_name(state) << " after " << order.reviews
              << " reviews\n";
  }
}
