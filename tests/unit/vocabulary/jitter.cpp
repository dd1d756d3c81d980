// SPDX-License-Identifier: MIT
#include <cano/jitter.hpp>
#include <cano/task/retry_policy.hpp>

#include "support/catch.hpp"

TEST_CASE("a jitter has a name of its own, which the header of the policies gives too") {
  STATIC_REQUIRE(cano::Jitter{} == cano::Jitter::Proportional);
  CHECK(cano::RetryPolicy::none().with_jitter(cano::Jitter::Full).max_attempts() == 1);
}
