// SPDX-License-Identifier: MIT
#include <string>

#include <cano/version.hpp>

#include "support/catch.hpp"

TEST_CASE("the headers carry the project's version, as text and as a number") {
  CHECK(std::string{CANO_VERSION_STRING} == CANO_PROJECT_VERSION);
  const std::string number = std::to_string(CANO_VERSION / 10000) + '.' +
                             std::to_string(CANO_VERSION / 100 % 100) + '.' +
                             std::to_string(CANO_VERSION % 100);
  CHECK(number == CANO_VERSION_STRING);
}
