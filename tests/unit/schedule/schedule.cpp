// SPDX-License-Identifier: MIT
#include <chrono>
#include <limits>
#include <optional>
#include <ratio>
#include <string>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/cron_expression.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
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
  const std::string rule = "The interval of a schedule must be at least 1 ns, not ";
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
