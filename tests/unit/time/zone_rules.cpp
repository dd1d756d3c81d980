// SPDX-License-Identifier: MIT
#include <chrono>
#include <type_traits>

#include <cano/time/zone_rules.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::ZoneRules;
using cano::ZoneSpan;
using cano_test::utc;
using std::chrono::hours;

TEST_CASE("rules of one's own answer with spans that meet") {
  const cano_test::MadeUpZone zone{
      "Made up",
      hours{1},
      {{utc("2025-03-30 01:00"), hours{2}}, {utc("2025-10-26 01:00"), hours{1}}}};
  const ZoneRules& rules = zone;
  const ZoneSpan summer = rules.span_at(utc("2025-07-01 00:00"));
  CHECK(rules.name() == "Made up");
  CHECK(summer == ZoneSpan{utc("2025-03-30 01:00"), utc("2025-10-26 01:00"), hours{2}});
  CHECK(rules.span_at(summer.begin) == summer);
  CHECK(rules.span_at(summer.end).begin == summer.end);
  CHECK(rules.span_at(summer.begin - std::chrono::seconds{1}).end == summer.begin);
}

TEST_CASE("spans compare member by member") {
  const ZoneSpan span{utc("2025-03-30 01:00"), utc("2025-10-26 01:00"), hours{2}};
  ZoneSpan other = span;
  CHECK(other == span);
  other.begin += hours{1};
  CHECK(other != span);
  other = span;
  other.end += hours{1};
  CHECK(other != span);
  other = span;
  other.offset = hours{1};
  CHECK(other != span);
}

TEST_CASE("rules are shared, not copied") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<cano_test::MadeUpZone>);
  STATIC_REQUIRE(std::has_virtual_destructor_v<ZoneRules>);
}
