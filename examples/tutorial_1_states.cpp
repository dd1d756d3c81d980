// SPDX-License-Identifier: MIT
// Step 1 of the tutorial: an order goes from state to state.
#include <iostream>
#include <string>

#include <cano.hpp>

//! [store]
enum class State { Check, Charge, Ship, Done, Refused };

struct Order {
  std::string item;
  int cents = 0;
};
//! [store]

//! [tasks]
State check(Order& order) { return order.cents > 0 ? State::Charge : State::Refused; }

State charge(Order& order) {
  std::cout << "Charged " << order.cents << " cents\n";
  return State::Ship;
}

State ship(Order& order) {
  std::cout << "Shipped " << order.item << '\n';
  return State::Done;
}
//! [tasks]

int main() {
  //! [workflow]
  const auto workflow = cano::Workflow<State, Order>{State::Check}
                            .add(State::Check, check)
                            .add(State::Charge, charge)
                            .add(State::Ship, ship)
                            .add_exit_states({State::Done, State::Refused});

  Order order{.item = "a chair", .cents = 4900};
  const State end = cano::run(workflow, order);
  std::cout << "Order ended in " << cano::state_name(end) << '\n';
  //! [workflow]
}
