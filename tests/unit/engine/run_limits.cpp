// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/run_limits.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::RunLimits;
using cano::detail::StopReason;
using namespace std::chrono_literals;

TEST_CASE("the limit that passes first counts, the outer one of two at the same time") {
  struct Row {
    std::optional<Duration> run, visit, attempt;
    StopReason reason;
    Duration deadline;
  };
  const std::vector<Row> rows{
      {{}, {}, {}, StopReason::None, Duration::max()},
      {9s, {}, {}, StopReason::RunTimeout, 9s},
      {9s, 5s, {}, StopReason::StateTimeout, 6s},
      {9s, 5s, 1s, StopReason::AttemptTimeout, 3s},
      {9s, 20s, 30s, StopReason::RunTimeout, 9s},
      {{}, 5s, 4s, StopReason::StateTimeout, 6s},  // both end at 6 s
      {6s, 5s, 4s, StopReason::RunTimeout, 6s},
      {{}, {}, Duration::max(), StopReason::None, Duration::max()},  // never passes
      {-1s, {}, 1s, StopReason::RunTimeout, -1s},
  };
  for (const Row& row : rows) {
    RunLimits limits;
    const steady_time start{};
    if (row.run) limits.limit_run(start, *row.run);
    limits.limit_visit(start + 1s, row.visit);
    limits.limit_attempt(start + 2s, row.attempt);
    const RunLimits::Nearest nearest = limits.nearest();
    CHECK(nearest.reason == row.reason);
    CHECK(nearest.deadline.time_since_epoch() == row.deadline);
  }
}

TEST_CASE("a limit is lifted from its attempt or visit alone") {
  RunLimits limits;
  limits.limit_run({}, 9s);
  limits.limit_visit({}, 5s);
  limits.limit_attempt({}, 1s);
  limits.lift_from_attempt();
  CHECK(limits.nearest().reason == StopReason::StateTimeout);
  limits.lift_from_visit();
  CHECK(limits.nearest().reason == StopReason::RunTimeout);
  limits.limit_visit({}, 5s);
  limits.limit_visit({}, std::nullopt);  // the next visit has none
  CHECK(limits.nearest().reason == StopReason::RunTimeout);
}

TEST_CASE("a limit is described with its length") {
  RunLimits limits;
  limits.limit_run({}, 90s);
  limits.limit_visit({}, 250ms);
  limits.limit_attempt({}, 2500us);
  CHECK(limits.describe(StopReason::AttemptTimeout) == "attempt timeout of 2.5 ms");
  CHECK(limits.describe(StopReason::StateTimeout) == "timeout of 250 ms");
  CHECK(limits.describe(StopReason::RunTimeout) == "total timeout of 90 s");
}
