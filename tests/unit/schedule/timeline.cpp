// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
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

TEST_CASE("however many occurrences were missed, all are counted and the last are kept") {
  Timeline behind = timeline(Schedule::cron("* * * * * *"));
  const auto backlog = behind.take(at(std::chrono::days{3650}), 3);
  CHECK(backlog.count == 3650U * 86'400U);
  REQUIRE(backlog.last.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const auto& each = backlog.last[static_cast<std::size_t>(i)];
    CHECK(each.nominal == start + std::chrono::days{3650} - std::chrono::seconds{2 - i});
    CHECK(each.lateness == std::chrono::seconds{2 - i});
  }
  CHECK(behind.due().wall == start + std::chrono::days{3650} + 1s);
}

TEST_CASE("what was missed is bounded by the end of the schedule") {
  for (const Schedule& schedule :
       {Schedule::cron("*/15 * * * *"), Schedule::every(15min, start), Schedule::every(15min)}) {
    Timeline behind = timeline(schedule, {.end_at = start + 100h});
    const bool is_due_at_once = schedule.kind() == Schedule::Kind::Every;
    const auto backlog = behind.take(at(std::chrono::days{1000}), 2);
    CHECK(backlog.count == 400 + (is_due_at_once ? 1 : 0));
    REQUIRE(backlog.last.size() == 2);
    CHECK(backlog.last[0].nominal == start + 100h - 15min);
    CHECK(backlog.last[1].nominal == start + 100h);
    CHECK_FALSE(behind.due().wall);
    CHECK(behind.take(at(std::chrono::days{2000}), 2).count == 0);
  }
}

TEST_CASE("a spread makes the last of many due later, and not the others") {
  for (const Spread spread : {Spread::hashed(1h), Spread::random(1h)}) {
    for (int minutes = 60; minutes < 75; ++minutes) {
      Timeline behind = timeline(Schedule::cron("* * * * *"), {.spread = spread});
      const auto moment = at(minutes * 1min + 30s);
      const auto backlog = behind.take(moment, 10'000);
      CAPTURE(minutes);
      const auto due = static_cast<std::uint64_t>(minutes);
      REQUIRE((backlog.count == due || backlog.count == due - 1));
      REQUIRE(backlog.last.size() == backlog.count);
      REQUIRE(*behind.due().wall > moment.wall);
      for (const auto& each : backlog.last) {
        REQUIRE(each.lateness >= 0s);
        REQUIRE(each.nominal + each.lateness <= moment.wall);
        REQUIRE(each.nominal + 1min + each.lateness > moment.wall);
      }
      Timeline again = timeline(Schedule::cron("* * * * *"), {.spread = spread});
      REQUIRE(again.take(moment, 1).count == backlog.count);
    }
  }
}

TEST_CASE("taken in pieces or at once, an outage has as many occurrences") {
  std::mt19937 random{1};
  for (const char* const expression : {"*/7 * * * * *", "0 9 * * MON-FRI", "13,14 */2 L * *"}) {
    for (int round = 0; round < 20; ++round) {
      Timeline pieces = timeline(Schedule::cron(expression)), whole = pieces;
      Duration later{};
      std::uint64_t count = 0;
      for (int i = 0; i < 10; ++i) {
        later += std::chrono::seconds{random() % 5'000'000};
        count += pieces.take(at(later), 1 + random() % 5).count;
      }
      CHECK(whole.take(at(later), 1).count == count);
      CHECK(whole.due().wall == pieces.due().wall);
    }
  }
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
