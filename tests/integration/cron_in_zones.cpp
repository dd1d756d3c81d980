// SPDX-License-Identifier: MIT
// A year of expressions in three zones, against what the law of each place says for 2025. No file
// here includes the adapter: that another file of the program does is enough.
#include <chrono>
#include <string>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/time/time_zone.hpp>

#include "support/catch.hpp"
#include "support/cron_runs.hpp"
#include "support/time_text.hpp"

using cano::DstFold;
using cano::DstGap;
using cano_test::text;
using cano_test::utc;
using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;
using Times = std::vector<std::string>;

namespace {

// What a place did in 2025: between two dates (of the first, up to but without the second) its
// clocks were so far from UTC after the change of that day, else as at the start of the year.
struct Place {
  const char* name;
  minutes first_offset;   // from 1 January
  const char* change;     // the day of the first change of the clock
  minutes second_offset;  // after it
  const char* change_back;
};

constexpr Place berlin{"Europe/Berlin", 60min, "2025-03-30 00:00", 120min, "2025-10-26 00:00"};
constexpr Place new_york{"America/New_York", -300min, "2025-03-09 00:00", -240min,
                         "2025-11-02 00:00"};
constexpr Place lord_howe{"Australia/Lord_Howe", 660min, "2025-04-06 00:00", 630min,
                          "2025-10-05 00:00"};

sys_seconds start_of_year(const Place& place) {
  return utc("2025-01-01 00:00") - place.first_offset;
}
sys_seconds end_of_year(const Place& place) { return utc("2026-01-01 00:00") - place.first_offset; }

// A time of day on all days of 2025, with the offset that holds after the change of a day, but for
// the days whose times are given.
Times every_day(const Place& place, minutes time_of_day,
                const std::vector<std::pair<const char*, Times>>& exceptions) {
  Times result;
  for (sys_seconds day = utc("2025-01-01 00:00"); day < utc("2026-01-01 00:00"); day += days{1}) {
    bool is_exception = false;
    for (const auto& [exception, times] : exceptions) {
      if (day != utc(exception)) continue;
      result.insert(result.end(), times.begin(), times.end());
      is_exception = true;
    }
    if (is_exception) continue;
    const bool second = day >= utc(place.change) && day < utc(place.change_back);
    result.push_back(text(day + time_of_day - (second ? place.second_offset : place.first_offset)));
  }
  return result;
}

Times year(const char* expression, const Place& place, DstGap gap, DstFold fold) {
  return cano_test::runs(expression, cano::TimeZone::iana(place.name), gap, fold,
                         start_of_year(place), end_of_year(place));
}

struct Policies {
  DstGap gap;
  Times in_gap;
};
struct FoldPolicies {
  DstFold fold;
  Times in_fold;
};

}  // namespace

TEST_CASE("a year of 02:30 in Berlin") {
  // 30 March: 02:00 CET becomes 03:00 CEST, at 01:00 UTC. 26 October: 03:00 CEST becomes 02:00 CET,
  // at 01:00 UTC.
  const std::vector<Policies> gaps{{DstGap::ShiftForward, {"2025-03-30 01:30:00"}},
                                   {DstGap::Skip, {}},
                                   {DstGap::RunAtGapEnd, {"2025-03-30 01:00:00"}}};
  const std::vector<FoldPolicies> folds{
      {DstFold::First, {"2025-10-26 00:30:00"}},
      {DstFold::Second, {"2025-10-26 01:30:00"}},
      {DstFold::Both, {"2025-10-26 00:30:00", "2025-10-26 01:30:00"}}};
  for (const auto& [gap, in_gap] : gaps) {
    for (const auto& [fold, in_fold] : folds) {
      CHECK(year("0 30 2 * * *", berlin, gap, fold) ==
            every_day(berlin, 150min, {{berlin.change, in_gap}, {berlin.change_back, in_fold}}));
    }
  }
}

TEST_CASE("a year of 02:30 and of 01:30 in New York") {
  // 9 March: 02:00 EST becomes 03:00 EDT, at 07:00 UTC. 2 November: 02:00 EDT becomes 01:00 EST, at
  // 06:00 UTC: not 02:30 but 01:30 comes twice.
  const std::vector<Policies> gaps{{DstGap::ShiftForward, {"2025-03-09 07:30:00"}},
                                   {DstGap::Skip, {}},
                                   {DstGap::RunAtGapEnd, {"2025-03-09 07:00:00"}}};
  const std::vector<FoldPolicies> folds{
      {DstFold::First, {"2025-11-02 05:30:00"}},
      {DstFold::Second, {"2025-11-02 06:30:00"}},
      {DstFold::Both, {"2025-11-02 05:30:00", "2025-11-02 06:30:00"}}};
  for (const auto& [gap, in_gap] : gaps) {
    for (const auto& [fold, in_fold] : folds) {
      CHECK(year("0 30 2 * * *", new_york, gap, fold) ==
            every_day(new_york, 150min, {{new_york.change, in_gap}}));
      CHECK(
          year("0 30 1 * * *", new_york, gap, fold) ==
          every_day(new_york, 90min,
                    {{new_york.change, {"2025-03-09 06:30:00"}}, {new_york.change_back, in_fold}}));
    }
  }
}

TEST_CASE("a year of 02:30, 02:15 and 01:45 on Lord Howe Island") {
  // By half an hour. 6 April: 02:00 (+11) becomes 01:30 (+10:30), at 15:00 UTC of the day before.
  // 5 October: 02:00 (+10:30) becomes 02:30 (+11), at 15:30 UTC of the day before. 02:30 exists
  // once on every day.
  const std::vector<Policies> gaps{{DstGap::ShiftForward, {"2025-10-04 15:45:00"}},
                                   {DstGap::Skip, {}},
                                   {DstGap::RunAtGapEnd, {"2025-10-04 15:30:00"}}};
  const std::vector<FoldPolicies> folds{
      {DstFold::First, {"2025-04-05 14:45:00"}},
      {DstFold::Second, {"2025-04-05 15:15:00"}},
      {DstFold::Both, {"2025-04-05 14:45:00", "2025-04-05 15:15:00"}}};
  for (const auto& [gap, in_gap] : gaps) {
    for (const auto& [fold, in_fold] : folds) {
      CHECK(year("0 30 2 * * *", lord_howe, gap, fold) == every_day(lord_howe, 150min, {}));
      CHECK(year("0 15 2 * * *", lord_howe, gap, fold) ==
            every_day(lord_howe, 135min, {{lord_howe.change_back, in_gap}}));
      CHECK(year("0 45 1 * * *", lord_howe, gap, fold) ==
            every_day(
                lord_howe, 105min,
                {{lord_howe.change, in_fold}, {lord_howe.change_back, {"2025-10-04 15:15:00"}}}));
    }
  }
}

TEST_CASE("a year of every quarter of an hour is even, whatever the clocks do") {
  for (const Place& place : {berlin, new_york, lord_howe}) {
    Times expected;
    for (auto time = start_of_year(place); time < end_of_year(place); time += 15min) {
      expected.push_back(text(time));
    }
    REQUIRE(expected.size() == 35'040);
    CHECK(year("*/15 * * * *", place, DstGap::ShiftForward, DstFold::First) == expected);
    CHECK(year("*/15 * * * *", place, DstGap::RunAtGapEnd, DstFold::Both) == expected);
  }
}
