// SPDX-License-Identifier: MIT
#include <type_traits>
#include <vector>

#include <cano/observe/span.hpp>

#include "support/catch.hpp"

using cano::Field;
using cano::Span;

TEST_CASE("a span has a name and fields in the order they came") {
  const auto span = Span{"order"}.with("id", "o-1").with("items", 3).with("id", 2);
  CHECK(span.name() == "order");
  CHECK(span.fields() == std::vector<Field>{{"id", "o-1"}, {"items", 3}, {"id", 2}});
}

TEST_CASE("fields can be added to a span that has a name") {
  Span span{"order"};
  Span& same = span.with("id", 1);
  CHECK(&same == &span);
  CHECK(span.fields().size() == 1);
  STATIC_REQUIRE(std::is_rvalue_reference_v<decltype(Span{"x"}.with("id", 1))>);
}

TEST_CASE("spans compare by name and fields") {
  CHECK(Span{"a"} == Span{"a"});
  CHECK_FALSE(Span{"a"} == Span{"b"});
  CHECK_FALSE(Span{"a"} == Span{"a"}.with("id", 1));
}
