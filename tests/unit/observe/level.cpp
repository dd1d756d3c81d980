// SPDX-License-Identifier: MIT
#include <cano/observe/level.hpp>

#include "support/catch.hpp"

using cano::Level;

TEST_CASE("levels are ordered by how much they matter") {
  STATIC_REQUIRE(Level::Trace < Level::Debug);
  STATIC_REQUIRE(Level::Debug < Level::Info);
  STATIC_REQUIRE(Level::Info < Level::Warn);
  STATIC_REQUIRE(Level::Warn < Level::Error);
}

TEST_CASE("levels have the names that log files use") {
  STATIC_REQUIRE(to_string(Level::Trace) == "TRACE");
  STATIC_REQUIRE(to_string(Level::Debug) == "DEBUG");
  STATIC_REQUIRE(to_string(Level::Info) == "INFO");
  STATIC_REQUIRE(to_string(Level::Warn) == "WARN");
  STATIC_REQUIRE(to_string(Level::Error) == "ERROR");
}
