// SPDX-License-Identifier: MIT
// Step 3 of the tutorial: tasks that wait are coroutines, and wait for several things at once.
#include <chrono>
#include <iostream>
#include <string>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Check, Notify, Done };

struct Order {
  int cents = 0;
  bool is_in_stock = false;
  std::string mail;
};

//! [waits]
cano::Async<int> ask_price() {
  co_await cano::sleep_for(300ms);  // in a program: a request over the network
  co_return 4900;
}
cano::Async<bool> ask_stock() {
  co_await cano::sleep_for(200ms);
  co_return true;
}

cano::Async<State> check(Order& order) {
  const auto [cents, in_stock] = co_await cano::when_all(ask_price(), ask_stock());
  order.cents = cents;
  order.is_in_stock = in_stock;
  co_return State::Notify;
}
//! [waits]

//! [limits]
cano::Async<void> send_mail() { co_await cano::sleep_for(1h); }

cano::Async<State> notify(Order& order) {
  try {
    co_await cano::timeout(5s, send_mail());
    order.mail = "sent";
  } catch (const cano::Error& error) {
    if (error.errc() != cano::Errc::Timeout) throw;
    order.mail = "given up";  // it has been cancelled, and has ended
  }
  co_return State::Done;
}
//! [limits]

int main() {
  const auto workflow = cano::Workflow<State, Order>{State::Check}
                            .add(State::Check, check)
                            .add(State::Notify, notify)
                            .add_exit_state(State::Done);
  cano::VirtualTime time;
  Order order;
  time.run(workflow.orchestrate(order));
  std::cout << order.cents << " cents, " << (order.is_in_stock ? "in stock" : "sold out")
            << ", mail " << order.mail << ", after " << time.elapsed() / 1ms << " ms\n";
}
