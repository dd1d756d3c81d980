// SPDX-License-Identifier: MIT
#include <cano/schedule/shutdown_report.hpp>

#include "support/catch.hpp"

TEST_CASE("a shutdown is clean when nothing was cancelled or dropped") {
  cano::ShutdownReport report;
  CHECK(report.is_clean());
  report.completed = {"a", "b"};
  CHECK(report.is_clean());
  report.dropped = 1;
  CHECK_FALSE(report.is_clean());
  report.dropped = 0;
  report.cancelled = {"c"};
  CHECK_FALSE(report.is_clean());
}
