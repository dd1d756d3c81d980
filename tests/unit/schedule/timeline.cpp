// SPDX-License-Identifier: MIT
#include <chrono>
#include <utility>

#include <cano/duration.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/spread.hpp>

#include "support/catch.hpp"
#include "support/time_text.hpp"

using cano::Duration;
using cano::FirstRun;
using cano::Schedule;
using cano::ScheduleOptions;
using cano::Spread;
using cano::system_time;
using cano::detail::Moment;
using cano::detail::Timeline;
using cano_test::utc;
using namespace std::chrono_literals;

namespace {

const system_time start = utc("2024-05-01 00:00");

// So much later than `start`.
Moment at(Duration later) { return {cano::steady_time{1h + later}, start + later}; }

Timeline timeline(Schedule schedule, const ScheduleOptions& options = {}) {
  return {std::move(schedule), options, "job", FirstRun::Immediately, at(0s)};
}

}  // namespace

TEST_CASE("an interval that is to begin later has nothing due before") {
  Timeline later = timeline(Schedule::every(10min), {.start_at = start + 1h});
  CHECK(later.due().wall == start + 1h);
  CHECK_FALSE(later.due().steady);
  CHECK(later.take(at(30min), 5).count == 0);
  CHECK(later.due().wall == start + 1h);
  CHECK(later.take(at(80min), 5).count == 3);
  CHECK_FALSE(later.due().wall);
  CHECK(later.due().steady == at(90min).steady);
}

TEST_CASE("an interval that is to begin later is foretold from there on") {
  Timeline ahead = timeline(Schedule::every(10min), {.start_at = start + 1h});
  CHECK(ahead.step(at(30min)) == start + 60min);
  CHECK(ahead.step(at(30min)) == start + 70min);
}

TEST_CASE("a clock that is put back moves neither an interval nor its beginning") {
  Timeline running = timeline(Schedule::every(10min));
  Timeline later = timeline(Schedule::every(10min), {.start_at = start + 1h});
  running.take(at(5min), 1);
  running.wall_was_put_back({at(5min).steady, start - 5h}, 5h);
  later.wall_was_put_back({at(5min).steady, start - 5h}, 5h);
  CHECK(running.due().steady == at(10min).steady);
  CHECK(later.due().wall == start + 1h);
}

TEST_CASE("nothing is foretold beyond the end") {
  Timeline ahead = timeline(Schedule::every(1h), {.end_at = start + 90min});
  CHECK(ahead.step(at(0s)) == start);
  CHECK(ahead.step(at(0s)) == start + 1h);
  CHECK_FALSE(ahead.step(at(0s)));
}

TEST_CASE("as many missed occurrences as can be told apart are followed by the next one") {
  constexpr auto most = static_cast<long>(Timeline::max_backlog);
  Timeline behind = timeline(Schedule::cron("* * * * *"));
  const auto backlog = behind.take(at(most * 1min), 1);
  CHECK(backlog.count == Timeline::max_backlog);
  CHECK(backlog.last.at(0).nominal == start + most * 1min);
  CHECK(behind.due().wall == start + (most + 1) * 1min);
}

TEST_CASE("the last occurrence of all has its share of the spread too") {
  const auto last = Schedule::cron("0 0 0 31 12 * 2024");
  Timeline ahead = timeline(last, {.spread = Spread::hashed(1h)});
  const auto due = ahead.step(at(0s));
  REQUIRE(due);
  CHECK(*due > utc("2024-12-31 00:00"));
  CHECK(*due <= utc("2024-12-31 01:00"));
  CHECK_FALSE(ahead.step(at(0s)));
}
