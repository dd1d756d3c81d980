// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>

#include <cano/adapters/time_zones.hpp>
#include <cano/error.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

#include "support/catch.hpp"
#include "support/time_text.hpp"

using cano::TimeZone;
using cano::ZoneSpan;
using cano_test::utc;
using std::chrono::hours;

TEST_CASE("a zone of the database") {
  const TimeZone zone = TimeZone::iana("Europe/Berlin");
  CHECK(zone.name() == "Europe/Berlin");
  CHECK(zone.span_at(utc("2025-07-01 00:00")) ==
        ZoneSpan{utc("2025-03-30 01:00"), utc("2025-10-26 01:00"), hours{2}});
  CHECK(zone == TimeZone::iana("Europe/Berlin"));
  CHECK(zone != TimeZone::iana("Europe/Paris"));
}

TEST_CASE("a zone that is not in the database") {
  try {
    TimeZone::iana("Europe/Berln");
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message().find("Time zone 'Europe/Berln' could not be loaded: ") == 0);
  }
  CHECK_THROWS_AS(TimeZone::iana(""), cano::Error);
  CHECK_THROWS_AS(TimeZone::iana("../Europe/Berlin"), cano::Error);
}

TEST_CASE("the zone of this machine has a name, or the error says why not") {
  try {
    CHECK_FALSE(TimeZone::system().name().empty());
  } catch (const cano::Error& error) {
    CHECK(error.message().find("The system's time zone could not be loaded: ") == 0);
  }
}

TEST_CASE("UTC stays UTC") { CHECK(TimeZone::iana("UTC").is_utc()); }
