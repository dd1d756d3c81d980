// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/concurrent/wait_strategy.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using cano::WaitDuration;
using cano::WaitForever;
using cano::WaitForQuota;
using cano::WaitQuotaOrDuration;
using cano::WaitStrategy;

TEST_CASE("each wait strategy has a name") {
  CHECK(to_string(WaitStrategy{WaitForever{}}) == "wait_forever");
  CHECK(to_string(WaitStrategy{WaitForQuota{3}}) == "wait_for_quota");
  CHECK(to_string(WaitStrategy{WaitDuration{1s}}) == "wait_duration");
  CHECK(to_string(WaitStrategy{WaitQuotaOrDuration{3, 1s}}) == "wait_quota_or_duration");
}

TEST_CASE("a quota counts failures unless told otherwise") {
  CHECK_FALSE(WaitForQuota{3}.successes_only);
  CHECK_FALSE(WaitQuotaOrDuration{3, 1s}.successes_only);
  CHECK(WaitForQuota{3, true} != WaitForQuota{3});
}

TEST_CASE("a wait strategy waits forever unless told otherwise") {
  CHECK(WaitStrategy{} == WaitStrategy{WaitForever{}});
}
