// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/backoff.hpp>

#include "support/catch.hpp"

using cano::Backoff;
using cano::Duration;
using namespace std::chrono_literals;

TEST_CASE("a back-off grows with the failures in a row, up to its longest") {
  const auto backoff = Backoff::exponential(10s, 2.0, 1min);
  CHECK(backoff.delay_after(0) == Duration{0s});
  CHECK(backoff.delay_after(1) == Duration{10s});
  CHECK(backoff.delay_after(2) == Duration{20s});
  CHECK(backoff.delay_after(3) == Duration{40s});
  CHECK(backoff.delay_after(4) == Duration{1min});
  CHECK(backoff.delay_after(std::numeric_limits<std::uint64_t>::max()) == Duration{1min});
  CHECK(Backoff::exponential(1s).delay_after(20) == Duration{5min});
  CHECK(Backoff::exponential(1h, 2.0, 1min).delay_after(1) == Duration{1min});
}

TEST_CASE("a back-off may always be the same, or none") {
  STATIC_REQUIRE(Backoff::fixed(30s).delay_after(7) == Duration{30s});
  CHECK(Backoff{}.delay_after(7) == Duration{0s});
  CHECK(Backoff::fixed(1.5s).delay_after(1) == Duration{1500ms});
  CHECK(Backoff::fixed(30s) == Backoff::fixed(30'000ms));
  CHECK(Backoff::fixed(30s) != Backoff{});
}

TEST_CASE("no number of failures takes a back-off out of range") {
  CHECK(Backoff::fixed(std::chrono::hours::max()).delay_after(3) == Duration::max());
  const auto endless = Backoff::exponential(1s, 1e300, std::chrono::hours::max());
  for (std::uint64_t failures = 1; failures < 100; ++failures)
    CHECK(endless.delay_after(failures) > Duration{0s});
  CHECK(Backoff::exponential(0s, 2.0).delay_after(std::numeric_limits<std::uint64_t>::max()) ==
        Duration{0s});
  CHECK(Backoff::exponential(1s, 1.0).delay_after(std::numeric_limits<std::uint64_t>::max()) ==
        Duration{1s});
}

TEST_CASE("a back-off that cannot be is refused") {
  const auto message = [](auto make) -> std::string {
    try {
      make();
    } catch (const cano::Error& error) {
      CHECK(error.errc() == cano::Errc::Configuration);
      return error.message();
    }
    return "no error";
  };
  const std::string negative = "Backoff: the delay must not be negative";
  const std::string multiplier = "Backoff: the multiplier must be at least 1";
  CHECK(message([] { Backoff::fixed(-1s); }) == negative);
  CHECK(message([] { Backoff::exponential(1s, 2.0, -1s); }) == negative);
  CHECK(message([] { Backoff::exponential(1s, 0.5); }) == multiplier);
  CHECK(message([] { Backoff::exponential(1s, std::numeric_limits<double>::quiet_NaN()); }) ==
        multiplier);
}
