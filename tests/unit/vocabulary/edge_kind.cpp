// SPDX-License-Identifier: MIT
#include <cano/edge_kind.hpp>

#include "support/catch.hpp"

using cano::EdgeKind;

TEST_CASE("kinds of edges have stable names") {
  STATIC_REQUIRE(to_string(EdgeKind::Declared) == "declared");
  CHECK(to_string(EdgeKind::Failure) == "failure");
  CHECK(to_string(EdgeKind::Limit) == "limit");
}
