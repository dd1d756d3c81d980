// SPDX-License-Identifier: MIT
#include <chrono>
#include <type_traits>

#include <cano/workflow/run_options.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("by default a run has no limit, no name and nothing that stops it") {
  const cano::RunOptions options;
  CHECK_FALSE(options.stop.stop_possible());
  CHECK_FALSE(options.timeout);
  CHECK(options.run_id.empty());
}

TEST_CASE("options are written by name, in any selection, with any unit of time") {
  STATIC_REQUIRE(std::is_aggregate_v<cano::RunOptions>);
  const cano::RunOptions limited{.timeout = 2s};
  CHECK(limited.timeout == cano::Duration{2s});
  const cano::RunOptions named{.timeout = 1min, .run_id = "r"};
  CHECK(named.run_id == "r");
}
