// SPDX-License-Identifier: MIT
#include <cano/observe/skip_reason.hpp>

#include "support/catch.hpp"

using cano::SkipReason;

TEST_CASE("the reasons for which an occurrence is skipped have stable names") {
  CHECK(to_string(SkipReason::Overlap) == "overlap");
  CHECK(to_string(SkipReason::Coalesced) == "coalesced");
  CHECK(to_string(SkipReason::Misfire) == "misfire");
  CHECK(to_string(SkipReason::Paused) == "paused");
  CHECK(to_string(SkipReason::Shutdown) == "shutdown");
  CHECK(to_string(SkipReason::Backoff) == "backoff");
  CHECK(to_string(SkipReason::Tripped) == "tripped");
  STATIC_REQUIRE(to_string(SkipReason::Unhealthy) == "unhealthy");
}
