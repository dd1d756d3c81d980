// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::CronExpression;
using cano::system_time;
using cano_test::text;
using cano_test::utc;
using namespace cano::literals;
using namespace std::chrono_literals;

namespace {

CronExpression cron(std::string_view expression) { return CronExpression::parse(expression); }

std::string next(std::string_view expression, const char* time) {
  return text(cron(expression).next_after(utc(time)));
}

std::string previous(std::string_view expression, const char* time) {
  return text(cron(expression).prev_before(utc(time)));
}

std::string describe(std::string_view expression) { return cron(expression).describe(); }

std::string canonical(std::string_view expression) { return to_string(cron(expression)); }

// What is wrong with an expression, without what all messages begin with.
std::string fault(std::string_view expression) {
  const auto result = CronExpression::try_parse(expression);
  REQUIRE(result.has_error());
  CHECK(result.error().errc() == cano::Errc::Configuration);
  const std::string& message = result.error().message();
  CHECK(message.find("Invalid cron expression '") == 0);
  return message.substr(message.find("': ") + 3);
}

// The dates of one month on which an expression that is due at midnight is due.
std::vector<int> dates(std::string_view days, std::string_view weekdays, int year, int month) {
  const auto expression = cron("0 0 " + std::string{days} + " * " + std::string{weekdays});
  const std::chrono::year_month_day first{std::chrono::year{year} / month / 1};
  std::vector<int> result;
  for (auto time = expression.next_after(std::chrono::sys_days{first} - 1s); time;
       time = expression.next_after(*time)) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(*time)};
    if (date.month() != first.month() || date.year() != first.year()) break;
    result.push_back(static_cast<int>(static_cast<unsigned>(date.day())));
  }
  return result;
}

using Dates = std::vector<int>;

}  // namespace

TEST_CASE("five, six and seven fields") {
  CHECK(next("30 9 * * *", "2025-01-01 00:00") == "2025-01-01 09:30:00");
  CHECK(next("15 30 9 * * *", "2025-01-01 00:00") == "2025-01-01 09:30:15");
  CHECK(next("15 30 9 * * * 2030", "2025-01-01 00:00") == "2030-01-01 09:30:15");
  CHECK(cron("0 0 9 * * *") == cron("0 9 * * *"));
  CHECK(cron("0 0 9 * * * *") == cron("0 9 * * *"));
  CHECK(cron(" \t 0  9\t* * *  ") == cron("0 9 * * *"));
}

TEST_CASE("names stand for their expressions") {
  CHECK(cron("@yearly") == cron("0 0 1 1 *"));
  CHECK(cron("@annually") == cron("0 0 1 1 *"));
  CHECK(cron("@monthly") == cron("0 0 1 * *"));
  CHECK(cron("@weekly") == cron("0 0 * * 0"));
  CHECK(cron("@daily") == cron("0 0 * * *"));
  CHECK(cron("@midnight") == cron("0 0 * * *"));
  CHECK(cron("@hourly") == cron("0 * * * *"));
  CHECK(cron("  @HourLY ") == cron("@hourly"));
}

TEST_CASE("lists, ranges and steps") {
  CHECK(cron("1,2,3 * * * *") == cron("1-3 * * * *"));
  CHECK(cron("3,1,2,1 * * * *") == cron("1-3 * * * *"));
  CHECK(cron("5-5 * * * *") == cron("5 * * * *"));
  CHECK(cron("10-20/5 * * * *") == cron("10,15,20 * * * *"));
  CHECK(cron("40/10 * * * *") == cron("40,50 * * * *"));
  CHECK(cron("0/15 * * * *") == cron("*/15 * * * *"));
  CHECK(cron("0 */24 * * *") == cron("0 */24,0 * * *"));
  CHECK(cron("007 * * * *") == cron("7 * * * *"));
}

TEST_CASE("ranges run on past the end of the field") {
  CHECK(cron("0 22-2 * * *") == cron("0 22,23,0,1,2 * * *"));
  CHECK(cron("0 22-4/2 * * *") == cron("0 22,0,2,4 * * *"));
  CHECK(cron("0 0 * NOV-FEB *") == cron("0 0 * 11,12,1,2 *"));
  CHECK(cron("0 0 30-2 * *") == cron("0 0 30,31,1,2 * *"));
  CHECK(cron("0 0 * * FRI-MON") == cron("0 0 * * 5,6,0,1"));
}

TEST_CASE("Sunday is 0 and 7") {
  CHECK(cron("0 0 * * 7") == cron("0 0 * * 0"));
  CHECK(cron("0 0 * * SUN") == cron("0 0 * * 0"));
  CHECK(cron("0 0 * * 5-7") == cron("0 0 * * FRI-SUN"));
  CHECK(cron("0 0 * * 7-2") == cron("0 0 * * SUN-TUE"));
  CHECK(cron("0 0 * * 7-7") == cron("0 0 * * 0"));
  CHECK(cron("0 0 * * 7-0") == cron("0 0 * * 0"));
  CHECK(cron("0 0 * * 0-7") == cron("0 0 * * 0-6"));
  CHECK(cron("0 0 * * 1-7/2") == cron("0 0 * * 0,1,3,5"));
  CHECK(cron("0 0 * * 7/2") == cron("0 0 * * */2"));
  CHECK(cron("0 0 * * 7L") == cron("0 0 * * 0L"));
  CHECK(cron("0 0 * * 7#1") == cron("0 0 * * SUN#1"));
}

TEST_CASE("names of months and days are of any case") {
  CHECK(cron("0 0 * jan-Dec *") == cron("0 0 * 1-12 *"));
  CHECK(cron("0 0 * jAn,FEB,mar,apr,may,jun,jul,aug,sep,oct,nov,dec *") == cron("0 0 * * *"));
  CHECK(cron("0 0 * * sun,MON,Tue,wed,thu,fri,sat") == cron("0 0 * * 0-6"));
  CHECK(cron("0 0 l * *") == cron("0 0 L * *"));
  CHECK(cron("0 0 15w,lw * *") == cron("0 0 LW,15W * *"));
  CHECK(cron("0 0 * * fril") == cron("0 0 * * 5L"));
}

TEST_CASE("a question mark is a star") {
  CHECK(cron("0 0 ? * MON") == cron("0 0 * * MON"));
  CHECK(cron("0 0 1 * ?") == cron("0 0 1 * *"));
  CHECK(cron("0 0 ? * ?") == cron("0 0 * * *"));
}

TEST_CASE("days counted from the end of the month") {
  CHECK(dates("L", "*", 2025, 2) == Dates{28});
  CHECK(dates("L", "*", 2024, 2) == Dates{29});
  CHECK(dates("L", "*", 2025, 4) == Dates{30});
  CHECK(dates("L-3", "*", 2025, 1) == Dates{28});
  CHECK(dates("L-0", "*", 2025, 1) == Dates{31});
  CHECK(dates("L-30", "*", 2025, 1) == Dates{1});
  CHECK(dates("L-30", "*", 2025, 4) == Dates{});
  CHECK(dates("1,L,L-1", "*", 2025, 4) == Dates{1, 29, 30});
}

TEST_CASE("the working day nearest to a date") {
  // February 2025 begins on a Saturday; in March the 15th is a Saturday and the 16th a Sunday.
  CHECK(dates("1W", "*", 2025, 2) == Dates{3});
  CHECK(dates("2W", "*", 2025, 2) == Dates{3});
  CHECK(dates("15W", "*", 2025, 3) == Dates{14});
  CHECK(dates("16W", "*", 2025, 3) == Dates{17});
  CHECK(dates("18W", "*", 2025, 3) == Dates{18});
  CHECK(dates("1W", "*", 2025, 6) == Dates{2});
  // 31 August 2025 is a Sunday: the nearest is Monday, but in the next month.
  CHECK(dates("31W", "*", 2025, 8) == Dates{29});
  CHECK(dates("31W", "*", 2025, 4) == Dates{});
  CHECK(dates("LW", "*", 2025, 8) == Dates{29});
  CHECK(dates("LW", "*", 2025, 5) == Dates{30});
  CHECK(dates("LW", "*", 2025, 4) == Dates{30});
}

TEST_CASE("the n-th and the last weekday of the month") {
  CHECK(dates("*", "FRI#1", 2025, 8) == Dates{1});
  CHECK(dates("*", "FRI#2", 2025, 8) == Dates{8});
  CHECK(dates("*", "FRI#5", 2025, 8) == Dates{29});
  CHECK(dates("*", "FRI#5", 2025, 9) == Dates{});
  CHECK(dates("*", "MON#1", 2025, 8) == Dates{4});
  CHECK(dates("*", "5L", 2025, 8) == Dates{29});
  CHECK(dates("*", "SUNL", 2025, 8) == Dates{31});
  CHECK(dates("*", "MONL", 2025, 2) == Dates{24});
  CHECK(dates("*", "TUE,FRI#2,5L", 2025, 8) == Dates{5, 8, 12, 19, 26, 29});
}

TEST_CASE("Vixie's rule: either day field when both are restricted, else both") {
  // Fridays of June 2025: 6, 13, 20, 27.
  CHECK(dates("13", "FRI", 2025, 6) == Dates{6, 13, 20, 27});
  CHECK(dates("1", "FRI", 2025, 6) == Dates{1, 6, 13, 20, 27});
  CHECK(dates("*", "FRI", 2025, 6) == Dates{6, 13, 20, 27});
  CHECK(dates("13", "*", 2025, 6) == Dates{13});
  CHECK(dates("*/2", "FRI", 2025, 6) == Dates{13, 27});
  CHECK(dates("1/2", "FRI", 2025, 6) == Dates{13, 27});
  CHECK(dates("13,14", "*/5", 2025, 6) == Dates{13});
  CHECK(dates("1-31", "FRI", 2025, 6).size() == 30);
  CHECK(dates("1,*/2", "FRI", 2025, 6).size() == 17);
  CHECK(dates("L", "FRI", 2025, 6) == Dates{6, 13, 20, 27, 30});
  CHECK(dates("13", "FRI#1", 2025, 6) == Dates{6, 13});
}

TEST_CASE("the next occurrence is always later") {
  CHECK(next("0 9 * * *", "2025-01-01 08:59:59") == "2025-01-01 09:00:00");
  CHECK(next("0 9 * * *", "2025-01-01 09:00:00") == "2025-01-02 09:00:00");
  CHECK(next("59 59 23 31 12 *", "2025-01-01 00:00") == "2025-12-31 23:59:59");
  CHECK(next("0 0 1 1 *", "2025-12-31 23:59:59") == "2026-01-01 00:00:00");
  const auto minutely = cron("* * * * *");
  const system_time minute = utc("2025-01-01 00:01");
  CHECK(minutely.next_after(minute - 1ns) == minute);
  CHECK(minutely.next_after(minute) == minute + 1min);
  CHECK(minutely.next_after(minute + 1ns) == minute + 1min);
}

TEST_CASE("the previous occurrence is always earlier") {
  CHECK(previous("0 9 * * *", "2025-01-01 09:00:01") == "2025-01-01 09:00:00");
  CHECK(previous("0 9 * * *", "2025-01-01 09:00:00") == "2024-12-31 09:00:00");
  CHECK(previous("59 59 23 31 12 *", "2025-01-01 00:00") == "2024-12-31 23:59:59");
  const auto minutely = cron("* * * * *");
  const system_time minute = utc("2025-01-01 00:01");
  CHECK(minutely.prev_before(minute + 1ns) == minute);
  CHECK(minutely.prev_before(minute) == minute - 1min);
  CHECK(minutely.prev_before(minute - 1ns) == minute - 1min);
}

TEST_CASE("each unit carries into the next") {
  CHECK(next("30 30 12 * * *", "2025-01-01 12:30:30") == "2025-01-02 12:30:30");
  CHECK(next("30 30 * * * *", "2025-01-01 12:30:30") == "2025-01-01 13:30:30");
  CHECK(next("30 * * * * *", "2025-01-01 12:59:45") == "2025-01-01 13:00:30");
  CHECK(next("10,50 20,40 * * * *", "2025-01-01 12:20:30") == "2025-01-01 12:20:50");
  CHECK(next("10,50 20,40 * * * *", "2025-01-01 12:20:50") == "2025-01-01 12:40:10");
  CHECK(next("10,50 20,40 * * * *", "2025-01-01 12:40:50") == "2025-01-01 13:20:10");
  CHECK(next("0 0 23 * * *", "2025-12-31 23:00") == "2026-01-01 23:00:00");
  CHECK(previous("30 30 * * * *", "2025-01-01 12:30:30") == "2025-01-01 11:30:30");
  CHECK(previous("30 * * * * *", "2025-01-01 13:00:15") == "2025-01-01 12:59:30");
  CHECK(previous("10,50 20,40 * * * *", "2025-01-01 12:20:10") == "2025-01-01 11:40:50");
  CHECK(previous("0 0 29 2 *", "2027-01-01 00:00") == "2024-02-29 00:00:00");
}

TEST_CASE("rare dates are found, dates that do not exist are never due") {
  CHECK(next("0 0 29 2 *", "2025-01-01 00:00") == "2028-02-29 00:00:00");
  CHECK(next("0 0 29 2 */7", "2025-01-01 00:00") == "2032-02-29 00:00:00");  // and a Sunday
  CHECK(next("0 0 31 2 *", "2025-01-01 00:00") == "never");
  CHECK(previous("0 0 31 2 *", "2025-01-01 00:00") == "never");
  CHECK(next("0 0 31 4,6,9,11 *", "2025-01-01 00:00") == "never");
  CHECK(next("0 0 0 29 2 * 2025-2027", "1970-01-01 00:00") == "never");
}

TEST_CASE("occurrences are in the years 1970 to 2261") {
  CHECK(next("0 0 1 1 *", "2261-01-01 00:00") == "never");
  CHECK(next("59 59 23 31 12 *", "2261-12-31 23:59:58") == "2261-12-31 23:59:59");
  CHECK(previous("0 0 1 1 *", "1970-01-01 00:00") == "never");
  CHECK(previous("0 0 1 1 *", "1970-01-01 00:00:01") == "1970-01-01 00:00:00");
  const auto daily = cron("@daily");
  CHECK(text(daily.next_after(system_time::min())) == "1970-01-01 00:00:00");
  CHECK_FALSE(daily.next_after(system_time::max()));
  CHECK_FALSE(daily.prev_before(system_time::min()));
  CHECK(text(daily.prev_before(system_time::max())) == "2261-12-31 00:00:00");
}

TEST_CASE("the years of a zone are its own") {
  const auto zone = cano_test::berlin_2025();
  const auto daily = cron("@daily");
  CHECK(text(daily.next_after(system_time::min(), zone)) == "1969-12-31 23:00:00");
  CHECK_FALSE(daily.prev_before(system_time::min(), zone));
  CHECK_FALSE(daily.next_after(system_time::max(), zone));
  CHECK(text(daily.prev_before(system_time::max(), zone)) == "2261-12-30 23:00:00");
  CHECK_FALSE(cron("0 0 31 2 *").next_after(utc("2025-01-01 00:00"), zone));
}

TEST_CASE("in a zone, times are those of its clocks") {
  const auto zone = cano_test::berlin_2025();
  const auto expression = cron("0 9 * * *");
  CHECK(text(expression.next_after(utc("2025-01-01 00:00"), zone)) == "2025-01-01 08:00:00");
  CHECK(text(expression.next_after(utc("2025-07-01 00:00"), zone)) == "2025-07-01 07:00:00");
  CHECK(text(expression.prev_before(utc("2025-07-01 00:00"), zone)) == "2025-06-30 07:00:00");
  CHECK(expression.next_after(utc("2025-01-01 00:00"), cano::TimeZone::utc()) ==
        utc("2025-01-01 09:00"));
  // From one change of the clock to beyond the next one, and over it.
  CHECK(text(cron("0 0 1 1 *").next_after(utc("2025-01-01 00:00"), zone)) == "2025-12-31 23:00:00");
  CHECK(text(cron("0 0 1 1 *").prev_before(utc("2025-12-01 00:00"), zone)) ==
        "2024-12-31 23:00:00");
}

TEST_CASE("a literal is checked and evaluated by the compiler") {
  constexpr auto weekdays = "0 0 9 * * MON-FRI"_cron;
  STATIC_REQUIRE(weekdays == "0 9 ? * 1-5"_cron);
  STATIC_REQUIRE(weekdays != "@daily"_cron);
  STATIC_REQUIRE(weekdays.next_after(system_time{}) == system_time{9h});
  STATIC_REQUIRE(
      "0 0 29 2 *"_cron.next_after(std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}) ==
      std::chrono::sys_days{std::chrono::year{2028} / 2 / 29});
  STATIC_REQUIRE_FALSE(
      "0 0 0 1 1 * 2024"_cron.next_after(std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}));
  CHECK(weekdays == cron("0 9 * * 1-5"));
}

TEST_CASE("an expression is a small plain value") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<CronExpression>);
  STATIC_REQUIRE(sizeof(CronExpression) <= 128);
}

TEST_CASE("the canonical form is short and means the same") {
  CHECK(canonical("0 9 * * MON-FRI") == "0 9 * * 1-5");
  CHECK(canonical("0 0 9 ? * * *") == "0 9 * * *");
  CHECK(canonical("30 0 9 * * *") == "30 0 9 * * *");
  CHECK(canonical("* * * * * *") == "* * * * * *");
  CHECK(canonical("0 0 9 * * * 2030-2032,2040") == "0 0 9 * * * 2030-2032,2040");
  CHECK(canonical("0/15 * * * *") == "*/15 * * * *");
  CHECK(canonical("0,15,30,45 * * * *") == "0-45/15 * * * *");
  CHECK(canonical("10,20 1,2,3 * * *") == "10,20 1-3 * * *");
  CHECK(canonical("0 0 * 1-12 *") == "0 0 * * *");
  CHECK(canonical("0 0 1-31 * 0-6") == "0 0 1-31 * 0-6");
  CHECK(canonical("0 0 */2,4 * *") == "0 0 */2,4 * *");
  CHECK(canonical("0 0 L,LW,15W,L-3 * *") == "0 0 L,L-3,15W,LW * *");
  CHECK(canonical("0 0 * * 5L,FRI#2,MON") == "0 0 * * 1,5L,5#2");
  CHECK(canonical("0 0 * * */3,2") == "0 0 * * */3,2");
  CHECK(canonical("@weekly") == "0 0 * * 0");
  CHECK(cron("@weekly").to_string() == canonical("@weekly"));
  CHECK(canonical("*/60 * * * * *") == "*/60 * * * * *");  // only at 0, and yet it repeats
  CHECK(cron("*/60 * * * * *") != cron("0 * * * * *"));
}

TEST_CASE("sets of bits and of years end where they should") {
  using namespace cano::detail;
  const CronBits all = ~CronBits{0};
  CHECK(bit_from(all, 63) == 63);
  CHECK(bit_from(all, 64) == -1);
  CHECK(bit_down_from(all, 64) == 63);
  CHECK(bit_down_from(all, 63) == 63);
  CHECK(bit_down_from(all, 62) == 62);
  CHECK(bit_down_from(all, -1) == -1);
  CHECK(all_cron_years.contains(1970));
  CHECK(all_cron_years.contains(2261));
  CHECK_FALSE(all_cron_years.contains(1969));
  CHECK_FALSE(all_cron_years.contains(2262));
}

TEST_CASE("what restricts a day field is part of its meaning") {
  CHECK(cron("0 0 1-31 * *") != cron("0 0 * * *"));
  CHECK(cron("0 0 1-31/2 * MON") != cron("0 0 */2 * MON"));
  CHECK(cron("0 0 * 1-12 *") == cron("0 0 * * *"));
}

TEST_CASE("times of day in English") {
  CHECK(describe("* * * * *") == "Every minute");
  CHECK(describe("* * * * * *") == "Every second");
  CHECK(describe("*/15 * * * *") == "Every 15 minutes");
  CHECK(describe("0,30 * * * *") == "Every 30 minutes");
  CHECK(describe("*/10 * * * * *") == "Every 10 seconds");
  CHECK(describe("@hourly") == "Every hour");
  CHECK(describe("0 */2 * * *") == "Every 2 hours");
  CHECK(describe("30 * * * *") == "At minute 30 of every hour");
  CHECK(describe("5,10 * * * *") == "At minutes 5 and 10 of every hour");
  CHECK(describe("5-15 * * * *") == "At minutes 5 through 15 of every hour");
  CHECK(describe("*/7 * * * *") == "At every 7th minute of every hour");
  CHECK(describe("*/13 * * * *") == "At every 13th minute of every hour");
  CHECK(describe("0-30/7 * * * *") == "At every 7th minute from 0 through 28 of every hour");
  CHECK(describe("1-59/2 * * * *") == "At every 2nd minute from 1 through 59 of every hour");
  CHECK(describe("30 */2 * * *") == "At minute 30 of every 2nd hour");
  CHECK(describe("*/15 9-17 * * *") == "Every 15 minutes from 09:00 through 17:59");
  CHECK(describe("* 2 * * *") == "Every minute from 02:00 through 02:59");
  CHECK(describe("*/15 9,17 * * *") == "Every 15 minutes of hours 9 and 17");
  CHECK(describe("0 22-2 * * *") == "Every hour from 22:00 through 02:00");
  CHECK(describe("30 * * * * *") == "At second 30 of every minute");
  CHECK(describe("*/10 */5 * * * *") == "Every 10 seconds of every 5th minute of every hour");
  CHECK(describe("0,30 5 * * * *") == "Every 30 seconds of minute 5 of every hour");
  CHECK(describe("30 * 9-17 * * *") ==
        "At second 30 of every minute from 09:00 through 17:59, every day");
  CHECK(describe("* 30 2 * * *") == "Every second of minute 30 of hour 2");
}

TEST_CASE("fixed times in English") {
  CHECK(describe("0 9 * * *") == "At 09:00, every day");
  CHECK(describe("30 0 9 * * *") == "At 09:00:30, every day");
  CHECK(describe("0,30 9 * * *") == "At 09:00 and 09:30, every day");
  CHECK(describe("0 9,12,17 * * *") == "At 09:00, 12:00 and 17:00, every day");
  CHECK(describe("15 1,5,9,11,13 * * *") == "At 01:15, 05:15, 09:15, 11:15 and 13:15, every day");
  CHECK(describe("30 9-17 * * *") == "At minute 30 of hours 9 through 17, every day");
  CHECK(describe("0 1,3,4,8,15 * * *") == "At 01:00, 03:00, 04:00, 08:00 and 15:00, every day");
  CHECK(describe("0 0 1-31 * MON") == "At 00:00, every day");
  CHECK(describe("0 0 15 * 0-6") == "At 00:00, every day");
}

TEST_CASE("days in English") {
  CHECK(describe("0 9 * * MON-FRI") == "At 09:00, Monday through Friday");
  CHECK(describe("0 9 * * FRI-MON") == "At 09:00, Friday through Monday");
  CHECK(describe("0 9 * * MON") == "At 09:00, on Monday");
  CHECK(describe("0 9 * * SAT,SUN") == "At 09:00, on Sunday and Saturday");
  CHECK(describe("0 9 15 * *") == "At 09:00, on day 15 of the month");
  CHECK(describe("0 9 1,15 * *") == "At 09:00, on days 1 and 15 of the month");
  CHECK(describe("0 9 1-7 * *") == "At 09:00, on days 1 through 7 of the month");
  CHECK(describe("0 9 */2 * *") == "At 09:00, on every 2nd day of the month");
  CHECK(describe("0 9 L * *") == "At 09:00, on the last day of the month");
  CHECK(describe("0 9 L-1,L-3 * *") ==
        "At 09:00, on the day before the last and the day 3 days before the last of the month");
  CHECK(describe("0 9 LW * *") == "At 09:00, on the last working day of the month");
  CHECK(describe("0 9 15W * *") == "At 09:00, on the working day nearest day 15 of the month");
  CHECK(describe("0 9 * * FRI#2") == "At 09:00, on the 2nd Friday of the month");
  CHECK(describe("0 9 * * 1,5L") == "At 09:00, on Monday and the last Friday of the month");
  CHECK(describe("0 9 13 * FRI") == "At 09:00, on day 13 of the month or on Friday");
  CHECK(describe("0 9 */2 * MON-FRI") ==
        "At 09:00, on every 2nd day of the month if it falls on Monday through Friday");
  CHECK(describe("0 9 1-31 * FRI") == "At 09:00, every day");
  CHECK(describe("*/5 * * * SUN") == "Every 5 minutes, on Sunday");
}

TEST_CASE("months and years in English") {
  CHECK(describe("@yearly") == "At 00:00, on day 1 of January");
  CHECK(describe("0 9 * 6-8 *") == "At 09:00, every day in June through August");
  CHECK(describe("0 9 * 11-1 *") == "At 09:00, every day in November through January");
  CHECK(describe("*/5 * * 7 *") == "Every 5 minutes, in July");
  CHECK(describe("0 9 * 1,7 MON") == "At 09:00, on Monday in January and July");
  CHECK(describe("0 9 * 11 THU#4") == "At 09:00, on the 4th Thursday of November");
  CHECK(describe("0 9 13 1 FRI") == "At 09:00, on day 13 of the month or on Friday, in January");
  CHECK(describe("0 0 9 * * * 2030") == "At 09:00, every day, in 2030");
  CHECK(describe("0 0 9 1 1 * 2030-2035") ==
        "At 09:00, on day 1 of January, from 2030 through 2035");
}

TEST_CASE("a mistake is reported with its field, its column and the reason") {
  const std::string missing = "a value is missing: ";
  CHECK(fault("60 * * * *") == "minute, column 1: '60' is outside 0-59");
  CHECK(fault("0 24 * * *") == "hour, column 3: '24' is outside 0-23");
  CHECK(fault("0 0 0 * *") == "day of month, column 5: '0' is outside 1-31");
  CHECK(fault("0 0 32 * *") == "day of month, column 5: '32' is outside 1-31");
  CHECK(fault("0 0 * 13 *") == "month, column 7: '13' is outside 1-12 or JAN-DEC");
  CHECK(fault("0 0 * * 8") == "day of week, column 9: '8' is outside 0-7 or SUN-SAT");
  CHECK(fault("60 0 0 * * *") == "second, column 1: '60' is outside 0-59");
  CHECK(fault("0 0 0 * * * 1969") == "year, column 13: '1969' is outside 1970-2261");
  CHECK(fault("0 0 0 * * * 2262") == "year, column 13: '2262' is outside 1970-2261");
  CHECK(fault("99999999999999999999 * * * *") ==
        "minute, column 1: '99999999999999999999' is outside 0-59");
  CHECK(fault("1-60 * * * *") == "minute, column 3: '60' is outside 0-59");
  CHECK(fault("1,2,60 * * * *") == "minute, column 5: '60' is outside 0-59");
  CHECK(fault("  \t 60 * * * *") == "minute, column 5: '60' is outside 0-59");
  CHECK(fault("0 0 L-31 * *") == "day of month, column 7: '31' is outside 0-30");
  CHECK(fault("0 0 32W * *") == "day of month, column 5: '32' is outside 1-31");
  CHECK(fault("0 0 * * FRI#0") == "day of week, column 13: '0' is outside 1-5");
  CHECK(fault("0 0 * * FRI#6") == "day of week, column 13: '6' is outside 1-5");
  CHECK(fault("0 0 * * 9L") == "day of week, column 9: '9' is outside 0-7 or SUN-SAT");
  CHECK(fault(", * * * *") == "minute, column 1: " + missing + "0-59 is expected");
  CHECK(fault("1,,2 * * * *") == "minute, column 3: " + missing + "0-59 is expected");
  CHECK(fault("1, * * * *") == "minute, column 3: " + missing + "0-59 is expected");
  CHECK(fault("1- * * * *") == "minute, column 3: " + missing + "0-59 is expected");
  CHECK(fault("-5 * * * *") == "minute, column 1: " + missing + "0-59 is expected");
  CHECK(fault("*/ * * * *") == "minute, column 3: " + missing + "1-60 is expected");
  CHECK(fault("0 0 * - *") == "month, column 7: " + missing + "1-12 or JAN-DEC is expected");
  CHECK(fault("0 0 L- * *") == "day of month, column 7: " + missing + "0-30 is expected");
  CHECK(fault("0 0 * * FRI#") == "day of week, column 13: " + missing + "1-5 is expected");
  CHECK(fault("1-/5 * * * *") == "minute, column 3: " + missing + "0-59 is expected");
  CHECK(fault("0 0 * */ *") == "month, column 9: " + missing + "1-12 is expected");
}

TEST_CASE("a mistake in a word or a sign is reported with what is expected") {
  CHECK(fault("x * * * *") == "minute, column 1: 'x' is not a value: 0-59 is expected");
  CHECK(fault("$ * * * *") == "minute, column 1: '$' is not a value: 0-59 is expected");
  CHECK(fault("*/x * * * *") == "minute, column 3: 'x' is not a value: 1-60 is expected");
  CHECK(fault("5x * * * *") == "minute, column 2: 'x' is not expected here");
  CHECK(fault("5.5 * * * *") == "minute, column 2: '.' is not expected here");
  CHECK(fault("** * * * *") == "minute, column 2: '*' is not expected here");
  CHECK(fault("*-5 * * * *") == "minute, column 2: '-' is not expected here");
  CHECK(fault("1-2-3 * * * *") == "minute, column 4: '-' is not expected here");
  CHECK(fault("1/2/3 * * * *") == "minute, column 4: '/' is not expected here");
  CHECK(fault("_ * * * *") == "minute, column 1: '_' is not a value: 0-59 is expected");
  CHECK(fault("{ * * * *") == "minute, column 1: '{' is not a value: 0-59 is expected");
  CHECK(fault("L * * * *") == "minute, column 1: 'L' is not a value: 0-59 is expected");
  CHECK(fault("0 0 W * *") == "day of month, column 5: 'W' is not a value: 1-31 is expected");
  CHECK(fault("0 0 LL * *") == "day of month, column 6: 'L' is not expected here");
  CHECK(fault("0 0 15W-17 * *") == "day of month, column 8: '-' is not expected here");
  CHECK(fault("0 0 1-15W * *") == "day of month, column 9: 'W' is not expected here");
  CHECK(fault("0 0 FRI#2 * *") == "day of month, column 5: 'FRI' is not a value: 1-31 is expected");
  CHECK(fault("0 0 * JANUARY *") ==
        "month, column 7: 'JANUARY' is not a value: 1-12 or JAN-DEC is expected");
  CHECK(fault("0 0 * MON *") ==
        "month, column 7: 'MON' is not a value: 1-12 or JAN-DEC is expected");
  CHECK(fault("0 0 * * JAN") ==
        "day of week, column 9: 'JAN' is not a value: 0-7 or SUN-SAT is expected");
  CHECK(fault("0 0 * */x *") == "month, column 9: 'x' is not a value: 1-12 is expected");
  CHECK(fault("0 0 * * X") ==
        "day of week, column 9: 'X' is not a value: 0-7 or SUN-SAT is expected");
  CHECK(fault("0 0 * * FRIX") ==
        "day of week, column 9: 'FRIX' is not a value: 0-7 or SUN-SAT is expected");
  CHECK(fault("0 0 * * L") ==
        "day of week, column 9: 'L' needs a weekday before it, as in 5L or FRIL");
  CHECK(fault("0 0 * * 5#2-3") == "day of week, column 12: '-' is not expected here");
}

TEST_CASE("a mistake in a step, a range of years or a question mark") {
  CHECK(fault("*/0 * * * *") == "minute, column 3: a step of 0 leads nowhere");
  CHECK(fault("1-5/0 * * * *") == "minute, column 5: a step of 0 leads nowhere");
  CHECK(fault("*/61 * * * *") ==
        "minute, column 3: a step of 61 is more than the 60 values that there are");
  CHECK(fault("0 */25 * * *") ==
        "hour, column 5: a step of 25 is more than the 24 values that there are");
  CHECK(fault("0 0 * * */8") ==
        "day of week, column 11: a step of 8 is more than the 7 values that there are");
  CHECK(fault("0 0 0 * * * 2030-2020") ==
        "year, column 17: the range ends before it begins, and years do not come round");
  const std::string alone = "'?' stands alone, for a day of month or a day of week";
  CHECK(fault("? * * * *") == "minute, column 1: " + alone);
  CHECK(fault("0 0 * ? *") == "month, column 7: " + alone);
  CHECK(fault("0 0 ?/2 * *") == "day of month, column 5: " + alone);
  CHECK(fault("0 0 ?,1 * *") == "day of month, column 5: " + alone);
  CHECK(fault("0 0 1,? * *") == "day of month, column 7: " + alone);
}

TEST_CASE("a mistake in the expression as a whole") {
  const std::string few = "too few fields: 5, 6 (seconds first) or 7 (year last) are needed";
  CHECK(fault("") == "column 1: the expression is empty");
  CHECK(fault(" \t") == "column 1: the expression is empty");
  CHECK(fault("5") == "column 2: " + few);
  CHECK(fault("* * * *") == "column 8: " + few);
  CHECK(fault("* * * * * * * *") == "column 15: too many fields: 7 are the most");
  CHECK(fault("* * * * * * * * * *") == "column 15: too many fields: 7 are the most");
  CHECK(fault(" @reboot") ==
        "column 2: '@reboot' is none of @yearly @annually @monthly @weekly @daily @midnight "
        "@hourly");
  CHECK(fault("@daily 5") == "column 8: nothing may follow a name with @");
}

TEST_CASE("the syntax of other crontabs is refused with what to write instead") {
  const std::string zone = R"( out and give the zone beside it, as in Schedule::cron(expression, )"
                           R"(TimeZone::iana("Europe/Berlin")))";
  CHECK(fault("CRON_TZ=Asia/Tokyo 0 9 * * *") ==
        "column 1: a time zone is no part of the expression: leave 'CRON_TZ=Asia/Tokyo'" + zone);
  CHECK(fault(" tz=UTC * * * * *") ==
        "column 2: a time zone is no part of the expression: leave 'tz=UTC'" + zone);
  CHECK(fault("@every 5m") ==
        "column 1: '@every 5m' is an interval, not a cron expression: write Schedule::every(5min), "
        "or how long it is");
  CHECK(fault("@EVERY") ==
        "column 1: '@EVERY' is an interval, not a cron expression: write Schedule::every(5min), or "
        "how long it is");
  CHECK(fault("X=Y * * * *") == "minute, column 1: 'X' is not a value: 0-59 is expected");
}

TEST_CASE("blanks and line ends around an expression do not matter") {
  const auto nine = cron("0 9 * * *");
  for (const char* const text : {"0 9 * * *\n", "0 9 * * *\r\n", "0 9 * * *\r",
                                 "\n0 9 * * * \t\r\n ", "\r\n\t0\t9 * * *\n\n"}) {
    CAPTURE(text);
    CHECK(cron(text) == nine);
  }
  CHECK(cron("@daily\n") == cron("@daily"));
  CHECK(cron("*/5 * * * *\r") == cron("*/5 * * * *"));
  CHECK(fault("\r\n") == "column 1: the expression is empty");
  CHECK(fault("0 9 * * *\n0 10 * * *") == "column 18: too many fields: 7 are the most");
}

TEST_CASE("characters that look like others are named") {
  CHECK(fault("0 9\u00a0* * *") ==
        "column 4: '\u00a0' is a no-break space (U+00A0): write a space");
  CHECK(fault("0 9 * *\u00a0*\u00a0") ==
        "column 8: '\u00a0' is a no-break space (U+00A0): write a space");
  CHECK(fault("\ufeff0 9 * * *") ==
        "column 1: '\ufeff' is a byte order mark (U+FEFF): leave it out");
  CHECK(fault("0 9\u201317 * * *") == "column 4: '\u2013' is an en dash (U+2013): write '-'");
  CHECK(fault("\uff0a * * * *") ==
        "column 1: '\uff0a' is a fullwidth asterisk (U+FF0A): write '*'");
  CHECK(fault("0 9 * * M\u00f6N") ==
        "day of week, column 9: 'M' is not a value: 0-7 or SUN-SAT is expected");
  CHECK(fault("0 9\u00b1 * * *") == "hour, column 4: '\u00b1' is not expected here");
  CHECK(fault("\u20ac * * * *") == "minute, column 1: '\u20ac' is not a value: 0-59 is expected");
}

TEST_CASE("the message is valid UTF-8, whatever the bytes of the expression") {
  const auto is_valid = [](std::string_view expression) {
    const auto result = CronExpression::try_parse(expression);
    if (result.has_value()) return true;
    const std::string text = result.error().message();
    return cano::detail::valid_utf8(text) == text && text.find('\n') == text.npos;
  };
  CHECK(fault("0 9\x95 * * *") == "hour, column 4: '\ufffd' is not expected here");
  for (std::size_t cut = 90; cut < 110; ++cut)
    CHECK(is_valid(std::string(cut, '7') + "\u20ac\u20ac\U0001f600\u20ac * * * *"));
  std::mt19937 random{20};
  for (int i = 0; i < 2000; ++i) {
    std::string text = "0 9 * * *";
    for (int k = 0; k < 3; ++k)
      text.insert(random() % text.size(), 1, static_cast<char>(random() % 256));
    CAPTURE(text);
    REQUIRE(is_valid(text));
  }
}

TEST_CASE("an expression that no date matches says so") {
  CHECK_FALSE(cron("0 0 30 2 *").has_dates());
  CHECK_FALSE(cron("0 0 31 2,4,6,9,11 *").has_dates());
  CHECK_FALSE(cron("0 0 0 29 2 * 2025-2027").has_dates());
  CHECK_FALSE(cron("0 0 0 */28 2 WED 2028").has_dates());  // both are Tuesdays
  CHECK_FALSE(cron("0 0 L-30 2 *").has_dates());
  CHECK_FALSE(cron("0 0 31W 4 *").has_dates());
  CHECK(cron("0 0 29 2 *").has_dates());
  CHECK(cron("0 0 29 2 */7").has_dates());
  CHECK(cron("0 0 30 2 MON").has_dates());  // or each Monday
  CHECK(cron("0 0 * 2 SUN#5").has_dates());
  CHECK(cron("0 0 0 * * * 1970").has_dates());  // over, yet it was
  CHECK(cron("* * * * *").has_dates());
}

TEST_CASE("the working day nearest to a day before the last") {
  CHECK(next("0 9 L-3W * *", "2025-01-01 00:00") == "2025-01-28 09:00:00");   // a Tuesday
  CHECK(next("0 9 L-3W * *", "2025-06-01 00:00") == "2025-06-27 09:00:00");   // itself, a Friday
  CHECK(next("0 9 L-3W * *", "2025-09-01 00:00") == "2025-09-26 09:00:00");   // 27 is a Saturday
  CHECK(next("0 9 L-2W * *", "2025-09-01 00:00") == "2025-09-29 09:00:00");   // 28 is a Sunday
  CHECK(next("0 9 L-30W * *", "2025-02-01 00:00") == "2025-03-03 09:00:00");  // 1 is a Saturday
  CHECK(next("0 9 L-0w * *", "2025-08-01 00:00") == next("0 9 LW * *", "2025-08-01 00:00"));
  CHECK(canonical("0 9 L-3W * *") == "0 9 L-3W * *");
  CHECK(canonical("0 9 L-0W,L-5,l-5w * *") == "0 9 L-5,LW,L-5W * *");
  CHECK(describe("0 9 L-3W * *") ==
        "At 09:00, on the working day nearest the day 3 days before the last of the month");
  CHECK(fault("0 0 L-31W * *") == "day of month, column 7: '31' is outside 0-30");
  CHECK(fault("0 0 L-3WW * *") == "day of month, column 9: 'W' is not expected here");
}

TEST_CASE("the message stays on one line and short") {
  const auto message = [](std::string_view expression) {
    return CronExpression::try_parse(expression).error().message();
  };
  CHECK(message("5\n * * * *") ==
        "Invalid cron expression '5\\x0a * * * *': minute, column 2: '\\x0a' is not expected here");
  CHECK(message("5\x7f * * * *") ==
        "Invalid cron expression '5\\x7f * * * *': minute, column 2: '\\x7f' is not expected here");
  CHECK(message({"\0 * * * *", 9}) ==
        "Invalid cron expression '\\x00 * * * *': minute, column 1: '\\x00' is not a value: 0-59 "
        "is expected");
  const std::string longest(1'000'000, '7');
  CHECK(message(longest + " * * * *").size() < 400);
}

TEST_CASE("parse throws what try_parse returns") {
  CHECK(CronExpression::try_parse("0 9 * * *").value() == cron("0 9 * * *"));
  try {
    cron("0 25 * * *");
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(std::string{error.what()} ==
          "Configuration error: Invalid cron expression '0 25 * * *': hour, column 3: '25' is "
          "outside 0-23");
    CHECK(error.message() == CronExpression::try_parse("0 25 * * *").error().message());
  }
}
