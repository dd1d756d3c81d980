// SPDX-License-Identifier: MIT
#include <cstddef>

#include <cano/error.hpp>
#include <cano/schedule/overlap.hpp>

#include "support/catch.hpp"

using cano::Overlap;

TEST_CASE("overlap policies are values with a bound") {
  STATIC_REQUIRE(Overlap::Skip.kind() == Overlap::Kind::Skip);
  STATIC_REQUIRE(Overlap::QueueOne.max() == 1);
  STATIC_REQUIRE(Overlap::QueueAll(7).kind() == Overlap::Kind::QueueAll);
  STATIC_REQUIRE(Overlap::QueueAll(7).max() == 7);
  STATIC_REQUIRE(Overlap::Allow(3).max() == 3);
  STATIC_REQUIRE(Overlap::CancelRunning == Overlap::CancelRunning);
  STATIC_REQUIRE(Overlap::Allow(3) != Overlap::Allow(4));
  STATIC_REQUIRE(Overlap::Skip != Overlap::QueueOne);
  for (const std::size_t max : {1U, 7U}) {
    CHECK(Overlap::QueueAll(max).max() == max);
    CHECK(Overlap::Allow(max).max() == max);
  }
}

TEST_CASE("an overlap policy that lets nothing run is refused") {
  CHECK_THROWS_WITH(Overlap::QueueAll(0),
                    "Configuration error: Overlap::QueueAll: the number must be at least 1, not 0");
  CHECK_THROWS_WITH(Overlap::Allow(0),
                    "Configuration error: Overlap::Allow: the number must be at least 1, not 0");
}
