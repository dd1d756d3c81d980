// SPDX-License-Identifier: MIT
#include <type_traits>

#include <boost/asio/any_io_executor.hpp>

#include <cano/config.hpp>

#include "support/catch.hpp"

TEST_CASE("cano::asio is Boost.Asio") {
  STATIC_REQUIRE(std::is_same_v<cano::asio::any_io_executor, boost::asio::any_io_executor>);
}

TEST_CASE("an assertion that holds does nothing") {
  int asked = 0;
  CANO_ASSERT(++asked > 0);
  CHECK(asked <= 1);
}
