// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <limits>

#include <cano/duration.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/circuit_breaker_options.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::CircuitBreakerOptions;
using cano::CircuitWindow;
using namespace std::chrono_literals;

TEST_CASE("a circuit breaker's window is a number of calls or a time") {
  const CircuitWindow calls = 50;
  CHECK(calls.calls() == std::size_t{50});
  CHECK_FALSE(calls.time());
  const CircuitWindow time = 0.5min;
  CHECK(time.time() == cano::Duration{30s});
  CHECK_FALSE(time.calls());
}

TEST_CASE("options of a circuit breaker that make no sense are refused") {
  const auto refused = [](CircuitBreakerOptions options) {
    const cano::Error error = error_of([&] { cano::circuit_breaker(options); });
    CHECK(error.errc() == cano::Errc::Configuration);
    return error.message();
  };
  CHECK(refused({.consecutive = static_cast<std::size_t>(-1)}) ==
        "circuit_breaker: the number of failures in a row must be positive");
  CHECK(refused({.window = 0}) == "circuit_breaker: the window must be positive");
  CHECK(refused({.window = -1s}) == "circuit_breaker: the window must be positive, not -1 s");
  CHECK(refused({.window = 2'000'000}) ==
        "circuit_breaker: the window is too large: at most 1000000 calls");
  for (const double rate : {0.0, -0.5, 1.01, std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()})
    CHECK(refused({.failure_rate = rate}).starts_with("circuit_breaker: the failure rate"));
  CHECK(refused({.min_calls = 0}) == "circuit_breaker: min_calls must be positive");
  CHECK(refused({.window = 5, .failure_rate = 0.5, .min_calls = 6}) ==
        "circuit_breaker: min_calls must not exceed the window");
  CHECK(refused({.slow_call = 0s}) == "circuit_breaker: slow_call must be positive, not 0 s");
  CHECK(refused({.open_for = 0s}) == "circuit_breaker: open_for must be positive, not 0 s");
  CHECK(refused({.open_for = 2s, .max_open_for = 1s}) ==
        "circuit_breaker: max_open_for must not be shorter than open_for");
  CHECK(refused({.probes = 0}) == "circuit_breaker: the number of probes must be positive");
  CHECK_NOTHROW(cano::circuit_breaker());
  CHECK_NOTHROW(cano::circuit_breaker({.consecutive = 0, .window = 3, .failure_rate = 1.0}));
}
