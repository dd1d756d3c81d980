// SPDX-License-Identifier: MIT
#include <exception>
#include <stdexcept>

#include <cano/detail/exception_text.hpp>
#include <cano/resource/resource_failure.hpp>

#include "support/catch.hpp"

namespace resource_failure_tests {

TEST_CASE("a failure names the resource and keeps what it threw") {
  const cano::ResourceFailure failure{"db", std::make_exception_ptr(std::runtime_error{"busy"})};
  CHECK(failure.name == "db");
  CHECK(cano::detail::exception_text(failure.error) == "busy");
}

}  // namespace resource_failure_tests
