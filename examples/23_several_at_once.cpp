// SPDX-License-Identifier: MIT
// A task that waits for several things at once: for all, for the first that succeeds, or for one
// that must not take too long. What is not needed any more is cancelled, and has ended before the
// task goes on.

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <variant>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/error.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;

enum class State { Quote, Reserve, Insure, Done };

struct Trip {
  int cents = 0;
  std::string_view hotel{};
  bool is_insured = false;
};

cano::Async<int> ask(std::string_view what, cano::Duration delay) {
  co_await cano::sleep_for(delay);
  if (what == "hotel full") throw std::runtime_error{"no room"};
  co_return what == "flight" ? 41'000 : 9'500;
}

//! [when_all]
cano::Async<State> quote(Trip& trip) {
  const auto [flight, hotel] = co_await cano::when_all(ask("flight", 300ms), ask("hotel", 200ms));
  trip.cents = flight + hotel;
  co_return State::Reserve;
}
//! [when_all]

//! [when_any]
cano::Async<State> reserve(Trip& trip) {
  const auto room = co_await cano::when_any(ask("hotel full", 10ms), ask("hotel", 50ms));
  trip.hotel = room.index() == 0 ? "first hotel" : "second hotel";
  co_return State::Insure;
}
//! [when_any]

//! [timeout]
cano::Async<State> insure(Trip& trip) {
  try {
    co_await cano::timeout(1s, ask("insurance", 1h));
    trip.is_insured = true;
  } catch (const cano::Error& error) {
    if (error.errc() != cano::Errc::Timeout) throw;
    std::cout << error.message() << '\n';  // one can travel without
  }
  co_return State::Done;
}
//! [timeout]

int main() {
  const auto workflow = cano::Workflow<State, Trip>{State::Quote}
                            .add(State::Quote, quote)
                            .add(State::Reserve, reserve)
                            .add(State::Insure, insure)
                            .add_exit_state(State::Done);
  cano::VirtualTime time;
  Trip trip;
  time.run(workflow.orchestrate(trip));
  std::cout << trip.cents / 100 << " euros, " << trip.hotel << ", "
            << (trip.is_insured ? "insured" : "not insured") << ", after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed()).count()
            << " ms\n";
}
