// SPDX-License-Identifier: MIT
#include <cano/observe/circuit_event.hpp>

#include "support/catch.hpp"

using cano::CircuitState;

TEST_CASE("states of a circuit breaker have stable names") {
  STATIC_REQUIRE(to_string(CircuitState::Closed) == "closed");
  CHECK(to_string(CircuitState::Open) == "open");
  CHECK(to_string(CircuitState::HalfOpen) == "half_open");
}
