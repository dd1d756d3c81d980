// SPDX-License-Identifier: MIT
#include <utility>
#include <vector>

#include <cano/resource/health.hpp>

#include "support/catch.hpp"

namespace health_tests {

using cano::Health;
using cano::HealthReport;
using cano::HealthStatus;

TEST_CASE("health is said by a flag or by a status with a word") {
  CHECK(Health{true}.status() == HealthStatus::Healthy);
  CHECK(Health{false}.status() == HealthStatus::Unhealthy);
  CHECK(Health::healthy().message().empty());
  CHECK(Health::degraded("lags").status() == HealthStatus::Degraded);
  CHECK(Health::degraded("lags").message() == "lags");
  CHECK(Health::unhealthy("gone").status() == HealthStatus::Unhealthy);
  CHECK(to_string(HealthStatus::Healthy) == "healthy");
  CHECK(to_string(HealthStatus::Degraded) == "degraded");
  CHECK(to_string(HealthStatus::Unhealthy) == "unhealthy");
}

TEST_CASE("a report is as bad as its worst resource") {
  const auto report_of = [](const std::vector<HealthStatus>& all) {
    HealthReport report;
    for (const HealthStatus each : all)
      report.resources.push_back({.name = "x", .status = each});
    return report;
  };
  using S = HealthStatus;
  CHECK(report_of({}).status() == S::Healthy);
  CHECK(report_of({S::Healthy, S::Degraded, S::Healthy}).status() == S::Degraded);
  CHECK(report_of({S::Healthy, S::Degraded}).works());
  CHECK(report_of({S::Unhealthy, S::Degraded}).status() == S::Unhealthy);
  CHECK_FALSE(report_of({S::Unhealthy}).works());
}

}  // namespace health_tests
