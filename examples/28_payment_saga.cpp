// SPDX-License-Identifier: MIT
// An order over three services that know nothing of each other. What one of them has done is undone
// when a later one does not, the last first; no task has to record how far the order came.

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;
using cano::Async;

enum class State { Reserve, Check, Charge, Ship, Shipped, Refused };

struct Order {
  int euros;
  bool courier_strikes = false;
  bool bank_is_closed = false;  // when it is to pay back
  std::string receipt{};
};

void say(std::string_view what) { std::cout << "  " << what << '\n'; }

// ---- two places in the warehouse, reserved at the same time: two callables each

const auto reserve_goods =
    cano::split(cano::branch("goods", cano::undoable([](Order&) { say("goods reserved"); },
                                                     [](Order&) { say("goods released"); })),
                cano::branch("box", cano::undoable([](Order&) { say("box reserved"); },
                                                   [](Order&) { say("box released"); })))
        .join(cano::Join::all(), State::Check);

// What is not in order is no error: the run ends in a failure state, which undoes what was done.
State check(Order& order) { return order.euros > 1000 ? State::Refused : State::Charge; }

// ---- the bank: a task of its own, with a member `undo`

//! [undo]
struct Charge {
  Async<State> run(Order& order) const {
    co_await cano::sleep_for(200ms);
    order.receipt = "receipt 17";
    say(std::to_string(order.euros) + " euros charged");
    co_return State::Ship;
  }

  Async<void> undo(Order& order, cano::TaskContext& context) const {
    co_await cano::sleep_for(200ms);
    if (order.bank_is_closed || context.attempt() == 1) throw std::runtime_error{"bank is busy"};
    say(order.receipt + " paid back at attempt " + std::to_string(context.attempt()));
  }
  static cano::TaskConfig undo_config() { return cano::TaskConfig{}.with_fixed_retry(2, 1s); }
};
//! [undo]

// ---- the courier

Async<State> ship(Order& order) {
  co_await cano::sleep_for(1s);
  if (order.courier_strikes) throw std::runtime_error{"the courier does not come"};
  say("shipped");
  co_return State::Shipped;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += ' ' + name;
  return text.empty() ? " nothing" : text;
}

int main() {
  const auto workflow = cano::Workflow<State, Order>{State::Reserve}
                            .add(State::Reserve, reserve_goods)
                            .add(State::Check, check)
                            .add(State::Charge, Charge{}, cano::TaskConfig::minimal())
                            .add(State::Ship, ship, cano::TaskConfig{}.with_fixed_retry(1, 1min))
                            .add_exit_state(State::Shipped)
                            .add_failure_state(State::Refused);
  const std::vector<Order> orders{{.euros = 40},
                                  {.euros = 4000},
                                  {.euros = 50, .courier_strikes = true},
                                  {.euros = 60, .courier_strikes = true, .bank_is_closed = true}};
  cano::VirtualTime time;
  for (Order order : orders) {
    std::cout << "An order of " << order.euros << " euros\n";
    //! [result]
    const auto result = time.run(workflow.try_orchestrate(order));
    std::cout << cano::to_string(result.outcome()) << " in " << cano::state_name(result.state())
              << "; undone:" << list(result.undone())
              << "; failed to undo:" << list(result.failed_to_undo()) << '\n';
    if (!result.is_success()) std::cout << result.error_message() << '\n';
    //! [result]
  }
}
