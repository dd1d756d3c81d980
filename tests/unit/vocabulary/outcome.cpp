// SPDX-License-Identifier: MIT
#include <cano/outcome.hpp>

#include "support/catch.hpp"

using cano::Outcome;

TEST_CASE("outcomes have stable names") {
  STATIC_REQUIRE(to_string(Outcome::Success) == "success");
  CHECK(to_string(Outcome::Failed) == "failed");
  CHECK(to_string(Outcome::Cancelled) == "cancelled");
}
