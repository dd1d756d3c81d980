// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/resource/resource_options.hpp>

#include "support/catch.hpp"

namespace resource_options_tests {

using namespace std::chrono_literals;

TEST_CASE("by default only the set-up of a resource may take as long as it wants") {
  const cano::ResourceOptions options;
  CHECK_FALSE(options.set_up_within);
  CHECK(options.tear_down_within == 30s);
  CHECK(options.health_within == 5s);
}

}  // namespace resource_options_tests
