// SPDX-License-Identifier: MIT
#define CANO_ASSERT(condition) note_assertion(condition)

#include <type_traits>

#include <boost/asio/any_io_executor.hpp>

static int assertions = 0;
static void note_assertion(bool condition) { assertions += condition ? 1 : 100; }

#include <cano/config.hpp>

#include "support/catch.hpp"

TEST_CASE("a program may say what an assertion does") {
  CANO_ASSERT(2 > 1);
  CHECK(assertions == 1);
}

TEST_CASE("cano::asio is Boost.Asio") {
  STATIC_REQUIRE(std::is_same_v<cano::asio::any_io_executor, boost::asio::any_io_executor>);
}
