// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/window_log.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::WindowLog;
using namespace std::chrono_literals;

namespace {

steady_time window_time(Duration since_start) { return steady_time{1h} + since_start; }

}  // namespace

TEST_CASE("a window counts what is younger than it") {
  WindowLog log{3, 1s};
  CHECK(log.take(window_time(0ms), 1));
  CHECK(log.take(window_time(400ms), 2));
  CHECK_FALSE(log.take(window_time(400ms), 1));
  CHECK_FALSE(log.take(window_time(1s - 1ns), 1));
  CHECK(log.take(window_time(1s), 1));  // exactly one window later
  CHECK_FALSE(log.take(window_time(1s), 1));
  CHECK(log.due(window_time(1s), 0, 1) == window_time(1400ms));
  CHECK(log.due(window_time(1s), 0, 3) == window_time(2s));
  CHECK(log.due(window_time(1s), 1, 1) == window_time(1400ms));
  CHECK(log.due(window_time(1s), 2, 1) == window_time(2s));
  CHECK(log.due(window_time(1s), 3, 1) == window_time(2400ms));
  CHECK(log.due(window_time(1s), 9, 1) == window_time(4400ms));
  CHECK_FALSE(log.is_fresh(window_time(1999ms)));
  CHECK(log.is_fresh(window_time(2s)));
}

TEST_CASE("a window that is not full is due at once, also for those behind") {
  WindowLog log{3, 1s};
  CHECK(log.due(window_time(0s), 0, 3) == window_time(0s));
  CHECK(log.due(window_time(0s), 2, 1) == window_time(0s));
  CHECK(log.due(window_time(0s), 3, 1) == window_time(1s));
  CHECK(log.due(window_time(0s), 6, 1) == window_time(2s));
}

TEST_CASE("what is undone leaves the window") {
  WindowLog log{3, 1s};
  REQUIRE(log.take(window_time(0ms), 1));
  REQUIRE(log.take(window_time(100ms), 1));
  REQUIRE(log.take(window_time(100ms), 1));
  log.undo(window_time(200ms), {1, window_time(100ms)});
  CHECK(log.take(window_time(200ms), 1));
  CHECK_FALSE(log.take(window_time(200ms), 1));
  log.undo(window_time(200ms), {1, window_time(0ms)});
  CHECK(log.take(window_time(200ms), 1));
  // One that is too old already changes nothing.
  log.undo(window_time(1150ms), {1, window_time(100ms)});
  CHECK(log.take(window_time(1150ms), 1));
  CHECK_FALSE(log.take(window_time(1150ms), 1));
}

TEST_CASE("a window agrees with one that looks at all that was taken") {
  std::minstd_rand random{GENERATE(1U, 2U, 3U, 4U)};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    const std::size_t most = 1 + below(6);
    WindowLog log{most, 1s};
    std::vector<std::pair<Duration, std::size_t>> taken;
    Duration now{};
    for (int i = 0; i < 60; ++i) {
      now += 50ms * static_cast<int>(below(6));
      const std::size_t cost = 1 + below(most);
      std::size_t sum = 0;
      for (const auto& [at, each] : taken)
        if (at > now - 1s) sum += each;
      REQUIRE(log.take(window_time(now), cost) == (sum + cost <= most));
      if (sum + cost <= most) {
        taken.emplace_back(now, cost);
      } else {
        // The first due is exact: not a nanosecond sooner.
        const Duration due = log.due(window_time(now), 0, cost) - window_time(0s);
        const auto sum_at = [&](Duration time) {
          std::size_t counted = 0;
          for (const auto& [at, each] : taken)
            if (at > time - 1s) counted += each;
          return counted;
        };
        REQUIRE(sum_at(due) + cost <= most);
        REQUIRE(sum_at(due - 1ns) + cost > most);
      }
    }
  }
}
