// SPDX-License-Identifier: MIT
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <cano/observe/field.hpp>

#include "support/catch.hpp"

using cano::Field;
using cano::FieldValue;

TEST_CASE("a field keeps a flag, a number or a text as what it is") {
  CHECK(Field{"f", true}.value == FieldValue{true});
  CHECK(Field{"f", -3}.value == FieldValue{std::int64_t{-3}});
  CHECK(Field{"f", 3U}.value == FieldValue{std::uint64_t{3}});
  CHECK(Field{"f", std::numeric_limits<std::uint64_t>::max()}.value ==
        FieldValue{std::numeric_limits<std::uint64_t>::max()});
  CHECK(Field{"f", 1.5F}.value == FieldValue{1.5});
  CHECK(Field{"f", "text"}.value == FieldValue{std::string{"text"}});
  CHECK(Field{"f", std::string_view{"view"}}.value == FieldValue{std::string{"view"}});
  CHECK(Field{"f", std::string{"string"}}.value == FieldValue{std::string{"string"}});
}

TEST_CASE("a field has a name and compares by both") {
  CHECK(Field{"a", 1}.name == "a");
  CHECK(Field{"a", 1} == Field{"a", 1});
  CHECK_FALSE(Field{"a", 1} == Field{"b", 1});
  CHECK_FALSE(Field{"a", 1} == Field{"a", 2});
  CHECK_FALSE(Field{"a", 1} == Field{"a", "1"});
}

TEST_CASE("a text is taken from a temporary") {
  std::string text(100, 'x');
  const char* const held = text.data();
  const Field field{"f", std::move(text)};
  CHECK(std::get<std::string>(field.value).data() == held);
}

TEST_CASE("other values are refused") {
  STATIC_REQUIRE(std::constructible_from<Field, std::string, int>);
  STATIC_REQUIRE_FALSE(std::constructible_from<Field, std::string, std::vector<int>>);
  STATIC_REQUIRE_FALSE(std::constructible_from<Field, std::string, void*>);
}
