// SPDX-License-Identifier: MIT
#include <cano/async/drain_report.hpp>

#include "support/catch.hpp"

TEST_CASE("a report counts every task once") {
  CHECK(cano::DrainReport{}.total() == 0);
  cano::DrainReport report;
  report.finished = 3;
  report.failed = 2;
  report.cancelled = 1;
  CHECK(report.total() == 6);
  CHECK_FALSE(report.first_failure);
}
