// SPDX-License-Identifier: MIT
#include <concepts>
#include <type_traits>

#include <cano/task/next.hpp>

#include "support/catch.hpp"

namespace {

enum class State { Good, Bad, Worse };
using Choice = cano::Next<State::Bad, State::Good>;

constexpr Choice choose(bool good) {
  if (good) return cano::to<State::Good>;
  return cano::to<State::Bad>;
}

}  // namespace

TEST_CASE("Next holds one of the targets that its type declares") {
  STATIC_REQUIRE(choose(true).state() == State::Good);
  STATIC_REQUIRE(choose(false).state() == State::Bad);
  STATIC_REQUIRE(std::same_as<Choice::state_type, State>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<Choice>);
}

TEST_CASE("the targets are listed in the order they are written") {
  STATIC_REQUIRE(Choice::targets.size() == 2);
  STATIC_REQUIRE(Choice::targets[0] == State::Bad);
  STATIC_REQUIRE(Choice::targets[1] == State::Good);
}

TEST_CASE("integers can be targets") {
  constexpr cano::Next<1, -5> next = cano::to<-5>;
  STATIC_REQUIRE(next.state() == -5);
}

TEST_CASE("a Next is made of a target, never of a bare state") {
  STATIC_REQUIRE(std::convertible_to<cano::To<State::Good>, Choice>);
  STATIC_REQUIRE_FALSE(std::constructible_from<Choice, State>);
  STATIC_REQUIRE_FALSE(std::default_initializable<Choice>);
}
