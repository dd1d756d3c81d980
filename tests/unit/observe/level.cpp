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
  CHECK(to_string(Level::Trace) == "TRACE");
  CHECK(to_string(Level::Debug) == "DEBUG");
  CHECK(to_string(Level::Info) == "INFO");
  CHECK(to_string(Level::Warn) == "WARN");
  CHECK(to_string(Level::Error) == "ERROR");
  STATIC_REQUIRE(to_string(Level::Trace) == "TRACE");
}
