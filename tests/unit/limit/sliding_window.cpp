// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>

#include <cano/duration.hpp>
#include <cano/limit/sliding_window.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace std::chrono_literals;

TEST_CASE("a sliding window says what it is") {
  CHECK(cano::sliding_window(100, 1min)->describe() == "limit of 100 in any 1 min");
  CHECK(cano::sliding_window(100, 0.25s)->capacity() == 100);
}

TEST_CASE("a sliding window of nothing is refused") {
  const auto refused = [](std::size_t count, cano::Duration per) {
    return error_of([&] { cano::sliding_window(count, per); }).message();
  };
  CHECK(refused(0, 1s) == "sliding_window: the number must be positive");
  CHECK(refused(static_cast<std::size_t>(-3), 1s) == "sliding_window: the number must be positive");
  CHECK(refused(1, 0s) == "sliding_window: the time must be positive, not 0 s");
  CHECK(error_of([] { cano::sliding_window(1, -1s); }).errc() == cano::Errc::Configuration);
}
