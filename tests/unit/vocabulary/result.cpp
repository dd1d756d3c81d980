// SPDX-License-Identifier: MIT
#include <string>

#include <cano/result.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;
using cano::Result;

namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return Error{Errc::Preparation, std::string{"not a digit: "} + c};
  return c - '0';
}

}  // namespace

TEST_CASE("a Result holds a value") {
  const auto digit = parse_digit('7');
  REQUIRE(digit.has_value());
  CHECK(*digit == 7);
}

TEST_CASE("a Result holds an Error, which value() throws unchanged") {
  const auto digit = parse_digit('x');
  REQUIRE(digit.has_error());
  CHECK(digit.error().errc() == Errc::Preparation);
  CHECK_THROWS_AS(digit.value(), Error);
  try {
    (void)digit.value();
  } catch (const Error& error) {
    CHECK(error.message() == "not a digit: x");
  }
}
