// SPDX-License-Identifier: MIT
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

// What is due on 26 October 2025 in Berlin, where 02:00 to 03:00 begins at 00:00 and 01:00 UTC.
Times on_the_day(std::string_view expression, DstFold fold) {
  return cano_test::runs(expression, cano_test::berlin_2025(), DstGap::Skip, fold,
                         utc("2025-10-25 22:00"), utc("2025-10-26 23:00"));
}

}  // namespace

TEST_CASE("a fixed time that comes twice follows the policy") {
  CHECK(on_the_day("30 2 * * *", DstFold::First) == Times{"2025-10-26 00:30:00"});
  CHECK(on_the_day("30 2 * * *", DstFold::Second) == Times{"2025-10-26 01:30:00"});
  CHECK(on_the_day("30 2 * * *", DstFold::Both) ==
        Times{"2025-10-26 00:30:00", "2025-10-26 01:30:00"});
}

TEST_CASE("the edges of the fold") {
  for (const DstFold fold : {DstFold::First, DstFold::Second, DstFold::Both}) {
    CHECK(on_the_day("59 59 1 * * *", fold) == Times{"2025-10-25 23:59:59"});
    CHECK(on_the_day("0 0 3 * * *", fold) == Times{"2025-10-26 02:00:00"});
  }
  CHECK(on_the_day("0 0 2 * * *", DstFold::First) == Times{"2025-10-26 00:00:00"});
  CHECK(on_the_day("0 0 2 * * *", DstFold::Second) == Times{"2025-10-26 01:00:00"});
  CHECK(on_the_day("59 59 2 * * *", DstFold::First) == Times{"2025-10-26 00:59:59"});
  CHECK(on_the_day("59 59 2 * * *", DstFold::Second) == Times{"2025-10-26 01:59:59"});
}

TEST_CASE("several times that come twice keep their order") {
  CHECK(on_the_day("0,30 1-3 * * *", DstFold::First) ==
        Times{"2025-10-25 23:00:00", "2025-10-25 23:30:00", "2025-10-26 00:00:00",
              "2025-10-26 00:30:00", "2025-10-26 02:00:00", "2025-10-26 02:30:00"});
  CHECK(on_the_day("0,30 1-3 * * *", DstFold::Second) ==
        Times{"2025-10-25 23:00:00", "2025-10-25 23:30:00", "2025-10-26 01:00:00",
              "2025-10-26 01:30:00", "2025-10-26 02:00:00", "2025-10-26 02:30:00"});
  CHECK(on_the_day("0,30 2 * * *", DstFold::Both) ==
        Times{"2025-10-26 00:00:00", "2025-10-26 00:30:00", "2025-10-26 01:00:00",
              "2025-10-26 01:30:00"});
}

TEST_CASE("what repeats runs through the fold twice, whatever the policy") {
  for (const DstFold fold : {DstFold::First, DstFold::Second, DstFold::Both}) {
    CHECK(on_the_day("*/30 2 * * *", fold) == Times{"2025-10-26 00:00:00", "2025-10-26 00:30:00",
                                                    "2025-10-26 01:00:00", "2025-10-26 01:30:00"});
    CHECK(on_the_day("0 */2 26 * *", fold).size() == 13);
    CHECK(on_the_day("*/15 * * * *", fold).size() == 100);
  }
}
