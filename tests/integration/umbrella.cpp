// SPDX-License-Identifier: MIT
#include "integration/umbrella.hpp"

#include <cano.hpp>

#include "support/catch.hpp"

TEST_CASE("two files that include the umbrella link together and share what is inline") {
  CHECK(&cano::error_category() == umbrella::other_error_category());
}
