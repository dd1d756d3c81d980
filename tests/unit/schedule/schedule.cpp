// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <ratio>
#include <string>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/time/time_zone.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::CronExpression;
using cano::DstFold;
using cano::DstGap;
using cano::Duration;
using cano::Schedule;
using cano::system_time;
using cano::TimeZone;
using cano_test::text;
using cano_test::utc;
using namespace std::chrono_literals;

namespace {

template <class Interval> std::string refusal(Interval interval) {
  try {
    Schedule::every(interval);
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    return error.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("an interval is due one interval later") {
  const auto schedule = Schedule::every(90s);
  CHECK(schedule.kind() == Schedule::Kind::Every);
  CHECK(schedule.interval() == Duration{90s});
  CHECK_FALSE(schedule.expression());
  CHECK(schedule.zone().is_utc());
  CHECK(schedule.next_after(utc("2025-01-01 00:00")) == utc("2025-01-01 00:01:30"));
}

TEST_CASE("any std::chrono duration is an interval") {
  CHECK(Schedule::every(100ms).interval() == Duration{100ms});
  CHECK(Schedule::every(std::chrono::duration<double>{0.5}).interval() == Duration{500ms});
  CHECK(Schedule::every(std::chrono::days{1}).interval() == Duration{24h});
  CHECK(Schedule::every(std::chrono::duration<unsigned, std::ratio<60>>{5}).interval() ==
        Duration{5min});
}

TEST_CASE("an interval that is not positive is refused with its value") {
  const std::string rule = "Schedule::every: the interval must be at least 1 ns, not ";
  CHECK(refusal(0s) == rule + "0 s");
  CHECK(refusal(-5s) == rule + "-5 s");
  CHECK(refusal(-250ms) == rule + "-0.25 s");
  CHECK(refusal(std::chrono::years{-1'000'000}) == rule + "-3.1556952e+13 s");
  CHECK(refusal(std::chrono::duration<double, std::pico>{1}) == rule + "1e-12 s");
  CHECK(refusal(std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}) ==
        rule + "nan s");
  CHECK(refusal(1ns) == "no error");
}

TEST_CASE("an interval beyond all clocks is never due") {
  for (const Schedule& schedule :
       {Schedule::every(std::chrono::years{1'000'000}), Schedule::every(Duration::max()),
        Schedule::every(std::chrono::duration<double>{std::numeric_limits<double>::infinity()})}) {
    CHECK(schedule.interval() == Duration::max());
    CHECK_FALSE(schedule.next_after(system_time{}));
    CHECK_FALSE(schedule.next_after(system_time::min()));
    CHECK_FALSE(schedule.next_after(system_time::max()));
  }
}

TEST_CASE("an interval does not run past the end of the clock") {
  const auto schedule = Schedule::every(1h);
  CHECK_FALSE(schedule.next_after(system_time::max() - 59min));
  CHECK(schedule.next_after(system_time::max() - 1h) == system_time::max());
  CHECK(schedule.next_after(system_time::min()) == system_time::min() + 1h);
  CHECK(Schedule::every(std::chrono::years{280}).next_after(system_time::min()));
  CHECK_FALSE(Schedule::every(std::chrono::years{280}).next_after(utc("2025-01-01 00:00")));
}

TEST_CASE("an interval with an anchor is a grid on the clock on the wall") {
  const auto quarters = Schedule::every(15min, system_time{});
  CHECK(quarters.kind() == Schedule::Kind::Grid);
  CHECK(quarters.interval() == Duration{15min});
  CHECK(quarters.repeats());
  CHECK(text(quarters.next_after(utc("2025-01-01 10:07"))) == "2025-01-01 10:15:00");
  CHECK(text(quarters.next_after(utc("2025-01-01 10:15"))) == "2025-01-01 10:30:00");
  CHECK(text(quarters.prev_before(utc("2025-01-01 10:07"))) == "2025-01-01 10:00:00");
  CHECK(text(quarters.prev_before(utc("2025-01-01 10:00"))) == "2025-01-01 09:45:00");
  const auto anchored = Schedule::every(7h, utc("2025-01-01 10:07"));
  CHECK(text(anchored.next_after(utc("2025-01-01 10:07"))) == "2025-01-01 17:07:00");
  CHECK(text(anchored.next_after(utc("2025-01-01 10:06:59"))) == "2025-01-01 10:07:00");
  CHECK(text(anchored.next_after(utc("2025-01-01 00:00"))) == "2025-01-01 03:07:00");
  CHECK(text(anchored.prev_before(utc("2025-01-01 03:07"))) == "2024-12-31 20:07:00");
  CHECK(anchored != Schedule::every(7h, utc("2025-01-01 10:08")));
  CHECK(anchored != Schedule::every(7h));
}

TEST_CASE("a grid agrees with steps from its anchor, up to the ends of the clock") {
  std::mt19937_64 random{16};
  const auto any_time = [&] { return system_time{system_time::duration{random()}}; };
  for (int i = 0; i < 2000; ++i) {
    const system_time anchor = any_time(), time = any_time();
    const Duration interval{static_cast<Duration::rep>(random() >> (1 + random() % 62)) + 1};
    const auto grid = Schedule::every(interval, anchor);
    const auto next = grid.next_after(time), previous = grid.prev_before(time);
    const auto is_on_grid = [&](system_time at) {
      const auto number = [](system_time t) { return __int128{t.time_since_epoch().count()}; };
      return (number(at) - number(anchor)) % interval.count() == 0;
    };
    CAPTURE(anchor.time_since_epoch().count(), time.time_since_epoch().count(), interval.count());
    if (next) {
      REQUIRE(*next > time);
      REQUIRE(std::uint64_t(next->time_since_epoch().count()) -
                  std::uint64_t(time.time_since_epoch().count()) <=
              std::uint64_t(interval.count()));
      REQUIRE(is_on_grid(*next));
      REQUIRE(grid.count_between(time, *next) == 1);
      REQUIRE(grid.count_between(time, *next - 1ns) == 0);
    } else {
      REQUIRE(system_time::max() - interval < time);
    }
    if (previous) {
      REQUIRE(*previous < time);
      REQUIRE(is_on_grid(*previous));
      REQUIRE(
          grid.next_after(*previous - (*previous > system_time::min() ? 1ns : 0ns)).has_value());
      REQUIRE(grid.count_between(*previous, time) == (is_on_grid(time) ? 1 : 0));
    } else {
      REQUIRE(system_time::min() + interval >= time);
    }
  }
  CHECK(Schedule::every(1ns, system_time{}).count_between(system_time::min(), system_time::max()) ==
        ~std::uint64_t{0});
}

TEST_CASE("a calendar interval follows the clocks of its zone") {
  const auto anchor = std::chrono::local_days{std::chrono::year{2025} / 3 / 28} + 9h;
  const auto daily = Schedule::every(std::chrono::days{1}, anchor, cano_test::berlin_2025());
  CHECK(daily.kind() == Schedule::Kind::Calendar);
  CHECK(daily.zone().name() == "Berlin in 2025");
  CHECK_FALSE(daily.repeats());
  CHECK(text(daily.next_after(utc("2025-03-29 00:00"))) == "2025-03-29 08:00:00");
  CHECK(text(daily.next_after(utc("2025-03-29 08:00"))) == "2025-03-30 07:00:00");  // 23 h later
  CHECK(text(daily.prev_before(utc("2025-03-30 07:00"))) == "2025-03-29 08:00:00");
  const auto same = Schedule::daily(9h, cano_test::berlin_2025());
  CHECK(same.next_after(utc("2025-03-29 08:00")) == daily.next_after(utc("2025-03-29 08:00")));
}

TEST_CASE("every so many weeks from a date, before it and after it") {
  const auto monday = std::chrono::local_days{std::chrono::year{2025} / 1 / 6} + 9h;
  const auto fortnightly = Schedule::every(std::chrono::weeks{2}, monday);
  CHECK(text(fortnightly.next_after(utc("2025-01-06 09:00"))) == "2025-01-20 09:00:00");
  CHECK(text(fortnightly.next_after(utc("2024-12-31 00:00"))) == "2025-01-06 09:00:00");
  CHECK(text(fortnightly.prev_before(utc("2025-01-06 09:00"))) == "2024-12-23 09:00:00");
  CHECK(fortnightly.count_between(utc("2025-01-06 09:00"), utc("2026-01-05 09:00")) == 26);
}

TEST_CASE("every so many months from the last of one is the last of each") {
  const auto last = std::chrono::local_days{std::chrono::year{2025} / 1 / 31} + 18h;
  const auto monthly = Schedule::every(std::chrono::months{1}, last);
  CHECK(text(monthly.next_after(utc("2025-01-31 18:00"))) == "2025-02-28 18:00:00");
  CHECK(text(monthly.next_after(utc("2025-02-28 18:00"))) == "2025-03-31 18:00:00");
  CHECK(text(monthly.next_after(utc("2028-02-01 00:00"))) == "2028-02-29 18:00:00");
  CHECK(text(monthly.prev_before(utc("2025-01-31 18:00"))) == "2024-12-31 18:00:00");
  const auto quarterly = Schedule::every(std::chrono::months{3}, last);
  CHECK(text(quarterly.next_after(utc("2025-01-31 18:00"))) == "2025-04-30 18:00:00");
  const auto yearly = Schedule::every(std::chrono::years{1},
                                      std::chrono::local_days{std::chrono::year{2024} / 2 / 29});
  CHECK(text(yearly.next_after(utc("2024-02-29 00:00"))) == "2025-02-28 00:00:00");
  CHECK(text(yearly.next_after(utc("2027-03-01 00:00"))) == "2028-02-29 00:00:00");
  CHECK(monthly.count_between(utc("1970-01-01 00:00"), utc("2262-01-01 00:00")) == 292 * 12);
}

TEST_CASE("a calendar interval agrees with a walk over the days, and all three with each other") {
  std::mt19937 random{61};
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  const TimeZone zones[] = {TimeZone::utc(), cano_test::berlin_2025()};
  for (int i = 0; i < 200; ++i) {
    const auto anchor =
        std::chrono::local_days{std::chrono::year{pick(2020, 2030)} / pick(1, 12) / pick(1, 28)} +
        std::chrono::minutes{pick(0, 1439)};
    const int n = pick(1, 20);
    const TimeZone& zone = zones[pick(0, 1)];
    const auto schedule = pick(0, 1) == 0 ? Schedule::every(std::chrono::days{n}, anchor, zone)
                                          : Schedule::every(std::chrono::months{n}, anchor, zone);
    const auto gap = static_cast<DstGap>(pick(0, 2));
    const auto fold = static_cast<DstFold>(pick(0, 2));
    const system_time from = utc("2024-06-01 00:00") + std::chrono::hours{pick(0, 10'000)};
    const system_time to = from + std::chrono::hours{pick(0, 20'000)};
    std::vector<system_time> there, back;
    for (auto at = schedule.next_after(from, gap, fold); at && *at <= to;
         at = schedule.next_after(*at, gap, fold))
      there.push_back(*at);
    for (auto at = schedule.prev_before(to + 1ns, gap, fold); at && *at > from;
         at = schedule.prev_before(*at, gap, fold))
      back.push_back(*at);
    std::reverse(back.begin(), back.end());
    REQUIRE(there == back);
    REQUIRE(schedule.count_between(from, to, gap, fold) == there.size());
    if (schedule.zone().is_utc() && n > 1) {
      for (std::size_t k = 1; k < there.size(); ++k)
        REQUIRE(there[k] - there[k - 1] >= std::chrono::days{n});
    }
  }
}

TEST_CASE("a calendar interval that cannot be is refused") {
  const auto refused = [](auto make) -> std::string {
    try {
      make();
    } catch (const cano::Error& error) {
      CHECK(error.errc() == cano::Errc::Configuration);
      return error.message();
    }
    return "no error";
  };
  using std::chrono::days;
  const std::chrono::local_days day{std::chrono::year{2025} / 1 / 1};
  CHECK(refused([&] { Schedule::every(days{0}, day); }) ==
        "Schedule::every: a calendar interval must be at least 1, not 0");
  CHECK(refused([&] { Schedule::every(std::chrono::months{-3}, day); }) ==
        "Schedule::every: a calendar interval must be at least 1, not -3");
  CHECK(refused([&] { Schedule::every(days{1}, day + days{100'000}); }) ==
        "Schedule::every: the anchor of a calendar interval must lie in the years 1970 to 2261");
  CHECK(refused([] { Schedule::daily(24h); }) ==
        "Schedule::daily: 86400 s since midnight are no time of day");
  CHECK(refused([] { Schedule::daily(-1s); }) ==
        "Schedule::daily: -1 s since midnight are no time of day");
  CHECK_FALSE(
      Schedule::every(std::chrono::years{1'000'000'000}, day).next_after(utc("2025-01-02 00:00")));
  CHECK_FALSE(Schedule::every(days{2'000'000'000}, day).next_after(utc("2025-01-02 00:00")));
  CHECK(
      Schedule::every(std::chrono::weeks{2'000'000'000}, day).next_after(utc("2024-01-02 00:00")) ==
      utc("2025-01-01 00:00"));
}

TEST_CASE("a cron expression in UTC") {
  const auto schedule = Schedule::cron("0 9 * * MON-FRI");
  CHECK(schedule.kind() == Schedule::Kind::Cron);
  CHECK(schedule.interval() == Duration::zero());
  CHECK(schedule.expression() == CronExpression::parse("0 9 * * 1-5"));
  CHECK(schedule.zone() == TimeZone::utc());
  CHECK(text(schedule.next_after(utc("2025-01-03 09:00"))) == "2025-01-06 09:00:00");
}

TEST_CASE("a cron expression in a zone, with its policies") {
  const auto schedule = Schedule::cron("30 2 * * *", cano_test::berlin_2025());
  CHECK(schedule.zone().name() == "Berlin in 2025");
  const auto spring = utc("2025-03-30 00:00");
  CHECK(text(schedule.next_after(spring)) == "2025-03-30 01:30:00");
  CHECK(text(schedule.next_after(spring, DstGap::Skip)) == "2025-03-31 00:30:00");
  CHECK(text(schedule.next_after(spring, DstGap::RunAtGapEnd)) == "2025-03-30 01:00:00");
  const auto autumn = utc("2025-10-26 00:30");
  CHECK(text(schedule.next_after(autumn)) == "2025-10-27 01:30:00");
  CHECK(text(schedule.next_after(autumn, DstGap::Skip, DstFold::Both)) == "2025-10-26 01:30:00");
}

TEST_CASE("a cron expression that has no occurrence is never due") {
  CHECK_FALSE(Schedule::cron("0 0 31 2 *").next_after(system_time{}));
}

TEST_CASE("a wrong cron expression is refused when the schedule is made") {
  try {
    Schedule::cron("0 25 * * *");
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() ==
          "Invalid cron expression '0 25 * * *': hour, column 3: '25' is outside 0-23");
  }
}

TEST_CASE("a manual schedule is never due") {
  const auto schedule = Schedule::manual();
  CHECK(schedule.kind() == Schedule::Kind::Manual);
  CHECK_FALSE(schedule.next_after(system_time{}));
}

TEST_CASE("schedules are equal when they say the same") {
  CHECK(Schedule::every(60s) == Schedule::every(1min));
  CHECK(Schedule::every(60s) != Schedule::every(61s));
  CHECK(Schedule::cron("@daily") == Schedule::cron("0 0 * * *"));
  CHECK(Schedule::cron("@daily") != Schedule::cron("@daily", cano_test::berlin_2025()));
  CHECK(Schedule::manual() != Schedule::every(1s));
}
