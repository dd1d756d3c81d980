// SPDX-License-Identifier: MIT
#include <memory>
#include <type_traits>
#include <utility>

#include <cano/schedule/health_check.hpp>

#include "support/catch.hpp"

using cano::HealthCheck;

namespace {

bool no() { return false; }

}  // namespace

TEST_CASE("a health check is anything that answers yes or no") {
  bool is_up = true;
  const HealthCheck check = [&] { return is_up; };
  CHECK(check);
  CHECK(check());
  is_up = false;
  CHECK_FALSE(check());
  CHECK_FALSE(HealthCheck{no}());
  CHECK_FALSE(HealthCheck{&no}());
  const HealthCheck owner = [left = std::make_unique<int>(1)]() mutable { return (*left)-- > 0; };
  const HealthCheck copy = owner;
  CHECK(owner());
  CHECK_FALSE(copy());  // copies share it
  STATIC_REQUIRE_FALSE(std::is_constructible_v<HealthCheck, int>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<HealthCheck, void (*)()>);
}

TEST_CASE("without a check all is well") {
  const HealthCheck none;
  CHECK_FALSE(none);
  CHECK(none());
}
