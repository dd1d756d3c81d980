// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>

#include "support/catch.hpp"
#include "support/cron_runs.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::DstFold;
using cano::DstGap;
using cano_test::utc;
using Times = std::vector<std::string>;

namespace {

// What is due on 30 March 2025 in Berlin, where 01:59:59 (00:59:59 UTC) is followed by 03:00.
Times on_the_day(std::string_view expression, DstGap gap) {
  return cano_test::runs(expression, cano_test::berlin_2025(), gap, DstFold::First,
                         utc("2025-03-29 23:00"), utc("2025-03-30 22:00"));
}

}  // namespace

TEST_CASE("a fixed time in the gap follows the policy") {
  CHECK(on_the_day("30 2 * * *", DstGap::ShiftForward) == Times{"2025-03-30 01:30:00"});
  CHECK(on_the_day("30 2 * * *", DstGap::Skip) == Times{});
  CHECK(on_the_day("30 2 * * *", DstGap::RunAtGapEnd) == Times{"2025-03-30 01:00:00"});
}

TEST_CASE("the edges of the gap") {
  CHECK(on_the_day("59 59 1 * * *", DstGap::Skip) == Times{"2025-03-30 00:59:59"});
  CHECK(on_the_day("0 0 2 * * *", DstGap::Skip) == Times{});
  CHECK(on_the_day("59 59 2 * * *", DstGap::Skip) == Times{});
  CHECK(on_the_day("0 0 3 * * *", DstGap::Skip) == Times{"2025-03-30 01:00:00"});
  CHECK(on_the_day("0 0 2 * * *", DstGap::ShiftForward) == Times{"2025-03-30 01:00:00"});
  CHECK(on_the_day("59 59 2 * * *", DstGap::ShiftForward) == Times{"2025-03-30 01:59:59"});
}

TEST_CASE("times that fall together are one, the others keep their order") {
  CHECK(on_the_day("0,30 2,3 * * *", DstGap::ShiftForward) ==
        Times{"2025-03-30 01:00:00", "2025-03-30 01:30:00"});
  CHECK(on_the_day("15,45 2 * * *", DstGap::RunAtGapEnd) == Times{"2025-03-30 01:00:00"});
  CHECK(on_the_day("0,20 2,3 * * *", DstGap::RunAtGapEnd) ==
        Times{"2025-03-30 01:00:00", "2025-03-30 01:20:00"});
  CHECK(on_the_day("40 2,3 * * *", DstGap::ShiftForward) == Times{"2025-03-30 01:40:00"});
  CHECK(on_the_day("20 3 * * *", DstGap::RunAtGapEnd) == Times{"2025-03-30 01:20:00"});
}

TEST_CASE("what repeats adds nothing for the gap, whatever the policy") {
  for (const DstGap gap : {DstGap::ShiftForward, DstGap::Skip, DstGap::RunAtGapEnd}) {
    CHECK(on_the_day("*/30 1-3 * * *", gap) == Times{"2025-03-30 00:00:00", "2025-03-30 00:30:00",
                                                     "2025-03-30 01:00:00", "2025-03-30 01:30:00"});
    CHECK(on_the_day("* 2 * * *", gap) == Times{});
    CHECK(on_the_day("*/20 30 2 * * *", gap) == Times{});
    CHECK(on_the_day("30 0/12 * * *", gap) == Times{"2025-03-29 23:30:00", "2025-03-30 10:30:00"});
    CHECK(on_the_day("30 * * * *", gap).size() == 23);
  }
}

TEST_CASE("the days of the expression are those of the time that does not exist") {
  CHECK(on_the_day("30 2 * * SUN", DstGap::ShiftForward) == Times{"2025-03-30 01:30:00"});
  CHECK(on_the_day("30 2 * * MON", DstGap::ShiftForward) == Times{});
}

TEST_CASE("a day that does not exist at all") {
  using std::chrono::hours;
  // Samoa went from the end of 29 December 2011 to the start of the 31st.
  const cano::TimeZone samoa{std::make_shared<cano_test::MadeUpZone>(
      "Samoa in 2011", hours{-10},
      std::vector<cano_test::MadeUpZone::Change>{{utc("2011-12-30 10:00"), hours{14}}})};
  const auto due = [&](std::string_view expression, DstGap gap) {
    return cano_test::runs(expression, samoa, gap, DstFold::First, utc("2011-12-29 10:00"),
                           utc("2011-12-31 10:00"));
  };
  CHECK(due("0 9 * * *", DstGap::Skip) == Times{"2011-12-29 19:00:00", "2011-12-30 19:00:00"});
  CHECK(due("0 9 * * *", DstGap::ShiftForward) ==
        Times{"2011-12-29 19:00:00", "2011-12-30 19:00:00"});
  CHECK(due("0 9 30 * *", DstGap::Skip) == Times{});
  CHECK(due("0 9 30 * *", DstGap::ShiftForward) == Times{"2011-12-30 19:00:00"});
  CHECK(due("0 9 30 * *", DstGap::RunAtGapEnd) == Times{"2011-12-30 10:00:00"});
}
