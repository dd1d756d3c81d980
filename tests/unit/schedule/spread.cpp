// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/spread.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::Spread;
using namespace std::chrono_literals;

TEST_CASE("a spread is none, random or hashed, with a longest delay") {
  STATIC_REQUIRE(Spread{}.kind() == Spread::Kind::None);
  STATIC_REQUIRE(Spread{}.max() == Duration::zero());
  STATIC_REQUIRE(Spread::random(5min).kind() == Spread::Kind::Random);
  STATIC_REQUIRE(Spread::random(5min).max() == Duration{5min});
  STATIC_REQUIRE(Spread::hashed(2s) == Spread::hashed(2000ms));
  STATIC_REQUIRE(Spread::hashed(2s) != Spread::random(2s));
  CHECK(Spread::hashed(std::chrono::hours::max()).max() == Duration::max());
}

TEST_CASE("a negative spread is refused") {
  CHECK_THROWS_WITH(Spread::random(-1ms),
                    "Configuration error: Spread: the longest delay must not be negative");
}

TEST_CASE("the hash of an id is the same on every platform") {
  STATIC_REQUIRE(cano::detail::stable_hash("") == 0xf52a15e9a9b5e89bU);
  STATIC_REQUIRE(cano::detail::stable_hash("backup") != cano::detail::stable_hash("backuq"));
}
