// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cano/duration.hpp>
#include <cano/limit/detail/breaker_state.hpp>
#include <cano/limit/detail/outcome_window.hpp>
#include <cano/observe/event.hpp>

#include "support/catch.hpp"

using cano::CircuitState;
using cano::Duration;
using cano::steady_time;
using cano::detail::BreakerRules;
using cano::detail::BreakerState;
using cano::detail::CallResult;
using cano::detail::OutcomeWindow;
using namespace std::chrono_literals;

namespace {

steady_time breaker_time(Duration since_start) { return steady_time{1h} + since_start; }

// Plays a history, one letter each: s, f, n: a call that begins and ends so, at once; r: one that
// is refused; b: one that begins and stays under way; S, F, N: the first of those ends so; t: a
// second passes. Gives the state after each.
std::string play_breaker(BreakerState& breaker, std::string_view history, Duration& now) {
  std::string states;
  std::vector<std::uint64_t> open;
  const auto result_of = [](char letter) {
    if (letter == 's' || letter == 'S') return CallResult::Success;
    return letter == 'f' || letter == 'F' ? CallResult::Failure : CallResult::Neutral;
  };
  const auto clock = [&] { return breaker_time(now); };
  for (const char letter : history) {
    CAPTURE(history, letter, states);
    if (letter == 't') {
      now += 1s;
    } else if (letter == 'r') {
      CHECK(breaker.refuses(clock()));
      CHECK_FALSE(breaker.begin(clock()));
    } else if (letter == 'S' || letter == 'F' || letter == 'N') {
      breaker.end(open.front(), result_of(letter), clock);
      open.erase(open.begin());
    } else {
      CHECK_FALSE(breaker.refuses(clock()));
      CHECK(breaker.begin(clock()));
      if (letter == 'b') {
        open.push_back(breaker.number());
      } else {
        breaker.end(breaker.number(), result_of(letter), clock);
      }
    }
    const CircuitState state = breaker.state();
    states += state == CircuitState::Closed ? 'c' : state == CircuitState::Open ? 'o' : 'h';
  }
  return states;
}

struct BreakerCase {
  const char* what;
  BreakerRules rules;
  std::string_view history;
  std::string_view states;
};

BreakerRules rules(std::size_t consecutive, std::size_t probes = 1) {
  BreakerRules r;
  r.consecutive = consecutive;
  r.open_for = r.max_open_for = 3s;
  r.probes = probes;
  return r;
}
BreakerRules share(std::uint64_t billionths, std::size_t min_calls) {
  BreakerRules r = rules(0);
  r.failure_share = billionths;
  r.min_calls = min_calls;
  return r;
}
BreakerRules growing() {
  BreakerRules r = rules(1);
  r.open_for = 1s;
  r.max_open_for = 3s;
  return r;
}

}  // namespace

TEST_CASE("what a breaker does, call by call") {
  const BreakerCase cases[] = {
      {"failures in a row", rules(3), "ffsffnf", "cccccco"},
      {"refused while open, then a probe closes", rules(1), "frtrtrts", "oooooooc"},
      {"a probe that fails opens again", rules(1), "ftttftrrtrts", "oooooooooooc"},
      {"one probe at a time", rules(1), "ftttbrrS", "oooohhhc"},
      {"a cancelled probe gives its place back", rules(1), "ftttbrNbS", "oooohhhhc"},
      {"all probes have to succeed", rules(1, 3), "ftttbbbrSrSrS", "oooohhhhhhhhc"},
      {"one of several probes fails", rules(1, 3), "ftttbbbSFSr", "oooohhhhooo"},
      {"min_calls", share(500'000'000, 4), "fffs", "ccco"},
      {"exactly the share", share(500'000'000, 4), "ssff", "ccco"},
      {"below the share", share(500'000'001, 4), "ssffsf", "ccccco"},
      {"the window forgets", share(600'000'000, 5), "ffsssssssfff", "ccccccccccco"},
      {"a third", share(333'333'333, 3), "ssf", "cco"},
  };
  for (const BreakerCase& c : cases) {
    CAPTURE(c.what);
    BreakerState breaker{c.rules, OutcomeWindow::of_calls(5)};
    Duration now{};
    CHECK(play_breaker(breaker, c.history, now) == c.states);
  }
}

TEST_CASE("a call that began in an earlier state of a breaker does not count") {
  BreakerState breaker{rules(2), OutcomeWindow::of_calls(5)};
  Duration now{};
  CHECK(play_breaker(breaker, "bbffFF", now) == "cccooo");
  CHECK(breaker.open_until() == breaker_time(3s));
  // Nor does one from the closed time decide for the probes.
  BreakerState other{rules(1), OutcomeWindow::of_calls(5)};
  now = 0s;
  CHECK(play_breaker(other, "bbfttt", now) == "ccoooo");
  CHECK(other.begin(breaker_time(now)));
  other.end(0, CallResult::Failure, [&] { return breaker_time(now); });
  other.end(0, CallResult::Success, [&] { return breaker_time(now); });
  CHECK(other.state() == CircuitState::HalfOpen);
}

TEST_CASE("a breaker stays open longer each time, up to the most") {
  BreakerState breaker{growing(), OutcomeWindow::of_calls(5)};
  Duration now{};
  const auto opens_again = [&](Duration expected) {
    CHECK(breaker.open_until() - breaker_time(now) == expected);
    now += expected;
    CHECK(breaker.refuses(breaker_time(now - 1ns)));
    CHECK_FALSE(breaker.refuses(breaker_time(now)));
  };
  play_breaker(breaker, "f", now);
  opens_again(1s);
  play_breaker(breaker, "f", now);
  opens_again(2s);
  play_breaker(breaker, "f", now);
  opens_again(3s);
  play_breaker(breaker, "f", now);
  opens_again(3s);
  CHECK(play_breaker(breaker, "sf", now) == "co");
  opens_again(1s);
}

TEST_CASE("a breaker can be forced and reset") {
  BreakerState breaker{rules(1), OutcomeWindow::of_calls(5)};
  Duration now{};
  breaker.force_open();
  CHECK(breaker.is_forced());
  now += 1h;
  CHECK(play_breaker(breaker, "rtr", now) == "ooo");
  breaker.force_closed();
  CHECK(play_breaker(breaker, "ffffbF", now) == "cccccc");
  breaker.reset();
  CHECK_FALSE(breaker.is_forced());
  CHECK(play_breaker(breaker, "sf", now) == "co");
  breaker.reset();
  CHECK(play_breaker(breaker, "sf", now) == "co");
}
