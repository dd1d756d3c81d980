// SPDX-License-Identifier: MIT
#include <cano/limit/concurrency_limit.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

TEST_CASE("a concurrency limit says what it is") {
  const auto limit = cano::concurrency_limit(3);
  CHECK(limit->describe() == "concurrency limit of 3");
  CHECK(limit->capacity() == 3);
}

TEST_CASE("a concurrency limit of none, or of less, is refused") {
  for (const int permits : {0, -1}) {
    const cano::Error error =
        error_of([&] { cano::concurrency_limit(static_cast<std::size_t>(permits)); });
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() == "concurrency_limit: the number of permits must be positive");
  }
}
