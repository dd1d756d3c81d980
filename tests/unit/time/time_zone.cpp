// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <cano/error.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::Errc;
using cano::TimeZone;
using cano::ZoneRules;
using cano::ZoneSpan;
using cano_test::MadeUpZone;
using cano_test::utc;
using std::chrono::hours;
using std::chrono::sys_seconds;

namespace {

// Gives the program a database for as long as it lives.
class SourceGuard {
 public:
  explicit SourceGuard(const cano::detail::ZoneSource* source)
      : previous_{cano::detail::zone_source.exchange(source)} {}
  SourceGuard(const SourceGuard&) = delete;
  SourceGuard& operator=(const SourceGuard&) = delete;
  ~SourceGuard() { cano::detail::zone_source.store(previous_); }

 private:
  const cano::detail::ZoneSource* previous_;
};

std::shared_ptr<const ZoneRules> moon() {
  return std::make_shared<MadeUpZone>("Moon/Tycho", hours{3}, std::vector<MadeUpZone::Change>{});
}

const cano::detail::ZoneSource moon_only{[](std::string_view name) {
                                           if (name != "Moon/Tycho")
                                             throw std::runtime_error{"not on the moon"};
                                           return moon();
                                         },
                                         [] { return moon(); }};

// Throws what it is asked to fail with.
template <class Call> std::string message_of(Call call) {
  try {
    call();
  } catch (const cano::Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    return error.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("UTC needs no database and is always there") {
  const SourceGuard none{nullptr};
  for (const TimeZone& zone :
       {TimeZone{}, TimeZone::utc(), TimeZone::iana("UTC"), TimeZone::iana("Etc/UTC")}) {
    CHECK(zone.is_utc());
    CHECK(zone.name() == "UTC");
    CHECK(zone == TimeZone::utc());
    CHECK(zone.span_at(utc("2025-01-01 00:00")) ==
          ZoneSpan{sys_seconds::min(), sys_seconds::max(), hours{0}});
  }
}

TEST_CASE("without a database a zone is an error that names it and the remedy") {
  const SourceGuard none{nullptr};
  CHECK(message_of([] { TimeZone::iana("Europe/Berlin"); }) ==
        "Time zone 'Europe/Berlin': the program has no time-zone database: link "
        "cano::time_zones and include <cano/adapters/time_zones.hpp> in one source file");
  CHECK(message_of([] { TimeZone::system(); }) ==
        "The system's time zone: the program has no time-zone database: link "
        "cano::time_zones and include <cano/adapters/time_zones.hpp> in one source file");
}

TEST_CASE("zones come from the database") {
  const SourceGuard source{&moon_only};
  const TimeZone zone = TimeZone::iana("Moon/Tycho");
  CHECK(zone.name() == "Moon/Tycho");
  CHECK_FALSE(zone.is_utc());
  CHECK(zone.span_at(utc("2025-01-01 00:00")).offset == hours{3});
  CHECK(TimeZone::system() == zone);
  CHECK(zone != TimeZone::utc());
}

TEST_CASE("a zone that the database does not have is an error that names it") {
  const SourceGuard source{&moon_only};
  CHECK(message_of([] { TimeZone::iana("Moon/Kepler"); }) ==
        "Time zone 'Moon/Kepler' could not be loaded: not on the moon");
}

TEST_CASE("a zone is made of rules of one's own") {
  const TimeZone zone = cano_test::berlin_2025();
  CHECK(zone.name() == "Berlin in 2025");
  CHECK(zone.span_at(utc("2025-07-01 00:00")).offset == hours{2});
  CHECK(zone == cano_test::berlin_2025());
  CHECK(message_of([] { TimeZone{nullptr}; }) == "TimeZone: the zone rules are null");
}

TEST_CASE("rules that contradict themselves are found out") {
  struct Wrong final : ZoneRules {
    explicit Wrong(ZoneSpan answer) : span{answer} {}
    std::string_view name() const noexcept override { return "Wrong"; }
    ZoneSpan span_at(sys_seconds) const override { return span; }
    ZoneSpan span;
  };
  const auto time = utc("2025-01-01 00:00");
  const auto message = [&](ZoneSpan answer) {
    const TimeZone zone{std::make_shared<Wrong>(answer)};
    return message_of([&] { zone.span_at(time); });
  };
  const std::string elsewhere =
      "Time zone 'Wrong': the zone rules gave a span that does not hold the time that was asked "
      "for";
  const std::string too_far =
      "Time zone 'Wrong': the zone rules gave an offset from UTC of a day or more";
  CHECK(message({time - hours{2}, time, hours{0}}) == elsewhere);
  CHECK(message({time + hours{1}, time + hours{2}, hours{0}}) == elsewhere);
  CHECK(message({time, time + hours{1}, hours{24}}) == too_far);
  CHECK(message({time, time + hours{1}, hours{-24}}) == too_far);
  CHECK(message({time, time + hours{1}, hours{23}}) == "no error");
}

TEST_CASE("a time is written as the clocks of a zone show it") {
  using namespace std::chrono_literals;
  const TimeZone berlin = cano_test::berlin_2025();
  CHECK(berlin.format(utc("2025-03-30 00:59:59")) == "2025-03-30T01:59:59+01:00");
  CHECK(berlin.format(utc("2025-03-30 01:00")) == "2025-03-30T03:00:00+02:00");
  CHECK(berlin.format(utc("2025-10-26 00:30")) == "2025-10-26T02:30:00+02:00");
  CHECK(berlin.format(utc("2025-10-26 01:30")) == "2025-10-26T02:30:00+01:00");
  CHECK(TimeZone::utc().format(utc("2025-01-01 00:00")) == "2025-01-01T00:00:00+00:00");
  CHECK(TimeZone::utc().format(utc("2025-01-01 00:00") + 250ms) == "2025-01-01T00:00:00.25+00:00");
  CHECK(TimeZone::utc().format(utc("1969-12-31 23:59:59") + 1ns) ==
        "1969-12-31T23:59:59.000000001+00:00");
  const auto zone = [](std::chrono::seconds offset) {
    return TimeZone{
        std::make_shared<MadeUpZone>("Somewhere", offset, std::vector<MadeUpZone::Change>{})};
  };
  CHECK(zone(-(3h + 30min)).format(utc("2025-01-01 00:00")) == "2024-12-31T20:30:00-03:30");
  CHECK(zone(53min + 28s).format(utc("1890-01-01 00:00")) == "1890-01-01T00:53:28+00:53:28");
  CHECK(zone(-30min).format(cano::system_time::max()) == "2262-04-11T23:17:16.854775807-00:30");
}
