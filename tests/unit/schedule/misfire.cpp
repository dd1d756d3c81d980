// SPDX-License-Identifier: MIT
#include <cstddef>

#include <cano/error.hpp>
#include <cano/schedule/misfire.hpp>

#include "support/catch.hpp"

using cano::Misfire;

TEST_CASE("misfire policies are values with a bound") {
  STATIC_REQUIRE(Misfire::FireOnce.kind() == Misfire::Kind::FireOnce);
  STATIC_REQUIRE(Misfire::FireOnce.max() == 1);
  STATIC_REQUIRE(Misfire::Skip.kind() == Misfire::Kind::Skip);
  STATIC_REQUIRE(Misfire::FireAll(9).max() == 9);
  STATIC_REQUIRE(Misfire::FireAll(9) == Misfire::FireAll(9));
  STATIC_REQUIRE(Misfire::FireAll(1) != Misfire::FireOnce);
  for (const std::size_t max : {1U, 9U})
    CHECK(Misfire::FireAll(max).max() == max);
}

TEST_CASE("a misfire policy that fires none of all is refused") {
  CHECK_THROWS_WITH(Misfire::FireAll(0),
                    "Configuration error: Misfire::FireAll: the number must be at least 1, not 0");
}
