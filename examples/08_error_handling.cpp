// SPDX-License-Identifier: MIT
// A run that fails ends with the task's own exception, unchanged, or with a cano::Error that names
// what is at fault. try_orchestrate makes a value of either.

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

#include <cano.hpp>

using namespace std::chrono_literals;

enum class State { Start, Done };

struct PaymentRefused : std::runtime_error {
  int code;
  explicit PaymentRefused(int number) : std::runtime_error{"payment refused"}, code{number} {}
};

template <class T> cano::Workflow<State> workflow_of(T task) {
  return cano::Workflow<State>{State::Start}
      .add(State::Start, std::move(task), cano::TaskConfig{}.with_fixed_retry(2, 1ms))
      .add_exit_state(State::Done);
}

void exceptions_pass_through() {
  const auto pay = [](cano::MemoryStore&) -> State { throw PaymentRefused{402}; };
  cano::MemoryStore store;
  //! [exceptions]
  try {
    cano::run(workflow_of(pay), store);
  } catch (const PaymentRefused& error) {
    std::cout << error.what() << ", code " << error.code << '\n';
  }
  //! [exceptions]
}

//! [results]
// A task that fails often returns a Result: a failed attempt then costs no throw.
struct Poll {
  cano::Result<State> run(cano::MemoryStore&, cano::TaskContext& context) const {
    if (context.attempt() < 3) return cano::Error{cano::Errc::TaskExecution, "not ready yet"};
    return State::Done;
  }
};
//! [results]

void report(const char* what, const cano::Workflow<State>& workflow) {
  cano::MemoryStore store;
  //! [try_orchestrate]
  const auto result = cano::run(workflow.try_orchestrate(store));
  std::cout << what << ": " << (result.is_success() ? "success" : "failure") << " in state "
            << cano::state_name(result.state()) << " after " << result.attempts() << " attempts";
  if (!result.is_success()) std::cout << "; " << result.error_message();
  //! [try_orchestrate]
  std::cout << '\n';
}

int main() {
  exceptions_pass_through();
  report("poll", workflow_of(Poll{}));

  // A mistake in the program is not tried again: another attempt could not mend it.
  report("key",
         workflow_of([](cano::MemoryStore& store) -> State { return store.get<State>("next"); }));
  report("exit", cano::Workflow<State>{State::Start});
}
