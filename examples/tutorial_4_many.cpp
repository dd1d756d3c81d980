// SPDX-License-Identifier: MIT
// Step 4 of the tutorial: a thousand orders at once, on all cores.
#include <cstddef>
#include <iostream>
#include <vector>

#include <cano.hpp>

enum class State { Price, Done };

struct Order {
  int pieces = 0;
  int cents = 0;
};

cano::Async<State> price(Order& order) {
  co_await cano::yield_now();  // lets others on the thread run
  order.cents = order.pieces * 250;
  co_return State::Done;
}

int main() {
  //! [batch]
  const auto batch = cano::ConcurrentWorkflow<State, Order>{State::Price}
                         .add(State::Price, price)
                         .add_exit_state(State::Done)
                         .with_max_in_flight(100);

  std::vector<Order> orders(1000);
  for (std::size_t i = 0; i < orders.size(); ++i)
    orders[i].pieces = static_cast<int>(i);

  cano::Runtime runtime;  // a thread for each core
  const auto result = runtime.run(batch.execute_concurrent(orders, cano::WaitForever{}));
  std::cout << result.status.completed << " of " << result.status.total_workflows
            << " priced, the last at " << orders.back().cents << " cents\n";
  //! [batch]
}
