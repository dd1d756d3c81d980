// SPDX-License-Identifier: MIT
#include <cano/concurrent_status.hpp>

#include "support/catch.hpp"

using cano::ConcurrentStatus;

TEST_CASE("a status of nothing is complete") {
  CHECK(ConcurrentStatus{}.is_complete());
  CHECK(ConcurrentStatus{}.running() == 0);
}

TEST_CASE("what has not ended is running") {
  ConcurrentStatus status{.total_workflows = 10, .completed = 4, .failed = 2, .cancelled = 1};
  CHECK_FALSE(status.is_complete());
  CHECK(status.running() == 3);
  status.cancelled = 4;
  CHECK(status.is_complete());
  CHECK(status.running() == 0);
}
