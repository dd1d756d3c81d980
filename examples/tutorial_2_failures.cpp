// SPDX-License-Identifier: MIT
// Step 2 of the tutorial: what fails is tried again, within limits, and a test does not wait for
// it.
#include <chrono>
#include <iostream>
#include <stdexcept>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Charge, Done };

struct Order {
  int failures = 0;  // of the bank, before it answers
  int tries = 0;
};

//! [charge]
State charge(Order& order) {
  if (++order.tries <= order.failures) throw std::runtime_error{"the bank does not answer"};
  return State::Done;
}

const auto retries = cano::TaskConfig{}.with_fixed_retry(3, 2s).with_timeout(1min);
//! [charge]

int main() {
  const auto workflow = cano::Workflow<State, Order>{State::Charge}
                            .add(State::Charge, charge, retries)
                            .add_exit_state(State::Done);
  //! [test]
  for (const int failures : {0, 2, 9}) {
    cano::VirtualTime time;
    Order order{.failures = failures};
    const auto result = time.run(workflow.try_orchestrate(order));
    std::cout << failures << " failures: " << (result.is_success() ? "charged" : "gave up")
              << " after " << result.attempts() << " attempts and " << time.elapsed() / 1s
              << " seconds";
    if (result.is_failed()) std::cout << ": " << result.error_message();
    std::cout << '\n';
  }
  //! [test]
}
