// SPDX-License-Identifier: MIT
// A request that waits for a person: the answer comes into a mailbox, or a reminder is sent, and
// when there were too many of those another person decides. The days pass on a virtual clock.

#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include <cano/async/async.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;
using cano::Async;

enum class State { Ask, Remind, Escalate, Book, BookByHand, Approved, Rejected };

struct Request {
  std::string for_what;
  int euros = 0;
  bool books_are_closed = false;
  int reminders = 0;
  cano::Mailbox<bool> answers{};
};

//! [ask]
Async<State> ask(Request& request) {
  const std::optional<bool> answer = co_await request.answers.receive_for(24h);
  if (!answer) co_return State::Remind;
  std::cout << (*answer ? "  approved\n" : "  rejected\n");
  co_return *answer ? State::Book : State::Rejected;
}
//! [ask]

State remind(Request& request) {
  std::cout << "  reminder " << ++request.reminders << '\n';
  return State::Ask;
}

State escalate(Request& request) {
  const bool is_small = request.euros < 500;
  std::cout << "  no answer: the director says " << (is_small ? "yes\n" : "no\n");
  return is_small ? State::Book : State::Rejected;
}

State book(Request& request) {
  if (request.books_are_closed) throw std::runtime_error{"the books are closed"};
  std::cout << "  booked\n";
  return State::Approved;
}

//! [failure]
State book_by_hand(Request&, cano::TaskContext& context) {
  try {
    std::rethrow_exception(context.failure());
  } catch (const std::exception& error) {
    std::cout << "  to be booked by hand, as " << error.what() << '\n';
  }
  return State::Approved;
}
//! [failure]

Async<void> answer(Request& request, cano::Duration after, std::optional<bool> what) {
  if (!what) co_return;
  co_await cano::sleep_for(after);
  request.answers.send(*what);
}

int main() {
  //! [workflow]
  const auto approval = cano::Workflow<State, Request>{State::Ask}
                            .add(State::Ask, ask)
                            .add(State::Remind, remind)
                            .add(State::Escalate, escalate)
                            .add(State::Book, book, cano::TaskConfig{}.with_fixed_retry(2, 1h))
                            .add(State::BookByHand, book_by_hand)
                            .on_failure(State::Book, State::BookByHand)
                            .add_exit_states({State::Approved, State::Rejected})
                            .with_max_transitions(6, State::Escalate);
  //! [workflow]
  struct Case {
    const char* for_what;
    int euros;
    bool books_are_closed;
    cano::Duration after;
    std::optional<bool> answer;
  };
  for (const Case& each :
       {Case{"a chair", 120, false, 30h, true}, Case{"a car", 9000, false, 2h, false},
        Case{"a lamp", 60, true, 1h, true}, Case{"a desk", 400, false, {}, {}},
        Case{"a boat", 40'000, false, {}, {}}}) {
    cano::VirtualTime time;
    Request request{each.for_what, each.euros, each.books_are_closed};
    std::cout << "Somebody wants " << request.for_what << '\n';
    const auto ended = time.run(
        cano::when_all(approval.orchestrate(request), answer(request, each.after, each.answer)));
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(time.elapsed());
    std::cout << cano::state_name(std::get<0>(ended)) << " after " << hours.count() << " hours\n";
  }
}
