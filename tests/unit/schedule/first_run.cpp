// SPDX-License-Identifier: MIT
#include <cano/schedule/first_run.hpp>

#include "support/catch.hpp"

TEST_CASE("the first run of an interval is one of two kinds") {
  STATIC_REQUIRE(cano::FirstRun::Immediately != cano::FirstRun::AfterInterval);
  STATIC_REQUIRE(cano::FirstRun{} == cano::FirstRun::Immediately);
}
