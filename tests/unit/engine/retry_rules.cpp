// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/engine/detail/retry_rules.hpp>
#include <cano/jitter.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::Jitter;
using cano::detail::RetryRules;
using namespace std::chrono_literals;

namespace {

// A generator that always draws the same.
struct Constant {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() const { return drawn; }
  result_type drawn;
};

std::pair<Duration, Duration> range(const RetryRules& rules, std::size_t failed,
                                    std::optional<Duration> previous = {}) {
  Constant least{Constant::min()};
  Constant most{Constant::max()};
  return {rules.delay_after(failed, previous, least).value(),
          rules.delay_after(failed, previous, most).value()};
}

RetryRules rules_of(Jitter kind, Duration base, Duration cap, double multiplier) {
  return {.retries = 10,
          .base = base,
          .cap = cap,
          .multiplier = multiplier,
          .jitter = 0.5,
          .kind = kind};
}

}  // namespace

TEST_CASE("by themselves rules are exponential back-off with three retries") {
  const RetryRules rules;
  CHECK(rules.max_attempts() == 4);
  CHECK(range(rules, 0) == std::pair<Duration, Duration>{90ms, 110ms});
  CHECK(range(rules, 2) == std::pair<Duration, Duration>{360ms, 440ms});
  Constant any{7};
  CHECK(rules.delay_after(3, {}, any) == std::nullopt);
}

TEST_CASE("each jitter draws from its range, within the cap") {
  struct Row {
    Jitter kind;
    std::size_t failed;
    std::optional<Duration> previous;
    Duration low, high;
  };
  const std::vector<Row> rows{
      {Jitter::Proportional, 0, {}, 50ms, 150ms},
      {Jitter::Proportional, 1, {}, 100ms, 300ms},
      {Jitter::Proportional, 2, {}, 200ms, 400ms},  // half of 400 ms more is above the cap
      {Jitter::Proportional, 9, {}, 200ms, 400ms},
      {Jitter::Full, 0, {}, 1ns, 100ms},
      {Jitter::Full, 5, {}, 1ns, 400ms},
      {Jitter::Equal, 0, {}, 50ms, 100ms},
      {Jitter::Equal, 5, {}, 200ms, 400ms},
      {Jitter::Decorrelated, 0, {}, 100ms, 300ms},
      {Jitter::Decorrelated, 1, 120ms, 100ms, 360ms},
      {Jitter::Decorrelated, 1, 200ms, 100ms, 400ms},
      {Jitter::Decorrelated, 1, 1ms, 100ms, 300ms},  // at least the base
      {Jitter::Decorrelated, 4, 1h, 100ms, 400ms},   // at most the cap
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.kind), row.failed);
    const RetryRules rules = rules_of(row.kind, 100ms, 400ms, 2.0);
    CHECK(range(rules, row.failed, row.previous) == std::pair{row.low, row.high});
  }
}

TEST_CASE("no delay overflows, and none of no length becomes longer") {
  const Duration longest = Duration::max();
  for (const Jitter kind :
       {Jitter::Proportional, Jitter::Full, Jitter::Equal, Jitter::Decorrelated}) {
    CAPTURE(static_cast<int>(kind));
    const auto [low, high] = range(rules_of(kind, longest / 2, longest, 1e300), 9);
    CHECK(low > Duration::zero());
    CHECK(high == longest);
    CHECK(range(rules_of(kind, 0ms, 1s, 2.0), 3).second == Duration::zero());
  }
}

TEST_CASE("a pause that a failure names is capped") {
  RetryRules rules;
  CHECK(rules.capped(5h) == 5h);
  CHECK(rules.capped(-1s) == Duration::zero());
  rules.max_retry_after = 1min;
  CHECK(rules.capped(59s) == 59s);
  CHECK(rules.capped(61s) == 1min);
}
