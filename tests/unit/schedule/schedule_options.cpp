// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/duration.hpp>
#include <cano/schedule/schedule_options.hpp>

#include "support/catch.hpp"

using cano::ScheduleOptions;
using namespace std::chrono_literals;

TEST_CASE("by default runs do not overlap, and what was missed is one run") {
  const ScheduleOptions options;
  CHECK(options.overlap == cano::Overlap::Skip);
  CHECK(options.misfire == cano::Misfire::FireOnce);
  CHECK(options.misfire_grace == cano::Duration{1min});
  CHECK(options.spread == cano::Spread{});
  CHECK(options.gap == cano::DstGap::ShiftForward);
  CHECK(options.fold == cano::DstFold::First);
  CHECK(options.first_run == cano::FirstRun::Immediately);
  CHECK_FALSE(options.start_at);
  CHECK_FALSE(options.end_at);
  CHECK_FALSE(options.max_runs);
  CHECK(options.history_limit == 16);
  CHECK(options.backoff == cano::Backoff{});
  CHECK_FALSE(options.trip_after);
  CHECK_FALSE(options.health);
}

TEST_CASE("options are named one by one") {
  const ScheduleOptions options{.overlap = cano::Overlap::Allow(2),
                                .misfire = cano::Misfire::FireAll(3),
                                .spread = cano::Spread::hashed(1min),
                                .max_runs = 5};
  CHECK(options.overlap.max() == 2);
  CHECK(options.misfire.max() == 3);
  CHECK(options.max_runs == 5);
}
