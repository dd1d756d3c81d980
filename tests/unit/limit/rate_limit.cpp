// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>

#include <cano/duration.hpp>
#include <cano/limit/rate_limit.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace std::chrono_literals;

TEST_CASE("a rate limit says what it is") {
  CHECK(cano::rate_limit(10, 1s, 5)->describe() == "rate limit of 10 in 1 s");
  CHECK(cano::rate_limit(10, 1.5min, 5)->describe() == "rate limit of 10 in 90 s");
  CHECK(cano::rate_limit(10, 1s, 5)->capacity() == 5);
}

TEST_CASE("a rate limit of nothing is refused") {
  const auto minus = static_cast<std::size_t>(-1);
  const auto refused = [](std::size_t count, cano::Duration per, std::size_t burst) {
    return error_of([&] { cano::rate_limit(count, per, burst); }).message();
  };
  CHECK(refused(0, 1s, 1) == "rate_limit: the number must be positive");
  CHECK(refused(minus, 1s, 1) == "rate_limit: the number must be positive");
  CHECK(refused(1, 0s, 1) == "rate_limit: the time must be positive, not 0 s");
  CHECK(refused(1, -2s, 1) == "rate_limit: the time must be positive, not -2 s");
  CHECK(refused(1, 1s, 0) == "rate_limit: the burst must be positive");
  CHECK(refused(1, 1s, minus) == "rate_limit: the burst must be positive");
  CHECK(error_of([] { cano::rate_limit(0, 1s, 1); }).errc() == cano::Errc::Configuration);
}
