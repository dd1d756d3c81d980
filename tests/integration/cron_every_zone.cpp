// SPDX-License-Identifier: MIT
// Every change of the clock from 2000 to 2037 in every zone of the system's database.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

#include "support/catch.hpp"
#include "support/time_text.hpp"
#include "support/zone_names.hpp"

using cano::CronExpression;
using cano::DstFold;
using cano::DstGap;
using cano::TimeZone;
using cano::ZoneSpan;
using cano_test::text;
using cano_test::utc;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 12> expressions{
    "*/15 * * * *", "30 * * * *",       "0 */6 * * *",    "0 30 2 * * *",
    "@daily",       "15 0,1,2,3 * * *", "59 59 23 * * *", "0,20,40 1-3 * * *",
    "0 12 * * SUN", "0 0 1 * *",        "45 1 L * *",     "10 2 * * SAT#2,SUN#5"};

struct Policy {
  DstGap gap;
  DstFold fold;
};
constexpr std::array<Policy, 4> policies{{{DstGap::ShiftForward, DstFold::First},
                                          {DstGap::Skip, DstFold::Second},
                                          {DstGap::RunAtGapEnd, DstFold::Both},
                                          {DstGap::ShiftForward, DstFold::Second}}};

// A key that differs for zones that differ in the years that are looked at.
struct History {
  std::vector<sys_seconds> times;
  std::vector<seconds> offsets;
  auto operator<=>(const History&) const = default;
};

History history_of(const TimeZone& zone) {
  History history;
  for (sys_seconds time = utc("2000-01-01 00:00"); time < utc("2038-01-01 00:00");) {
    const ZoneSpan span = zone.span_at(time);
    history.times.push_back(span.end);
    history.offsets.push_back(span.offset);
    time = span.end;
  }
  return history;
}

sys_seconds local(const TimeZone& zone, sys_seconds time) {
  return time + zone.span_at(time).offset;
}

// Around one change: strictly later each time, the way back is the way there, and so many are
// counted. Gives the time at which that fails. (Millions of calls: an assertion for each would take
// most of the time.)
std::optional<sys_seconds> fails_around(const CronExpression& cron, const TimeZone& zone,
                                        Policy policy, sys_seconds change) {
  sys_seconds last = change - 5h;
  std::optional<cano::system_time> before;
  std::uint64_t runs = 0;
  for (; runs < 40 && last < change + 30h; ++runs) {
    const auto next = cron.next_after(last, zone, policy.gap, policy.fold);
    if (!next) return std::nullopt;
    if (*next <= last) return last;
    if (before && cron.prev_before(*next, zone, policy.gap, policy.fold) != before) return last;
    before = next;
    last = std::chrono::floor<seconds>(*next);
  }
  const auto count = cron.count_between(change - 5h, last, zone, policy.gap, policy.fold);
  return count == runs ? std::nullopt : std::optional{last};
}

}  // namespace

TEST_CASE("occurrences are strictly increasing at every change of every zone") {
  std::vector<CronExpression> crons;
  for (const auto expression : expressions)
    crons.push_back(CronExpression::parse(expression));
  std::set<History> seen;
  std::size_t changes = 0;
  const auto names = cano_test::zone_names();
  REQUIRE(names.size() > 300);
  for (const std::string& name : names) {
    const TimeZone zone = TimeZone::iana(name);
    const History history = history_of(zone);
    if (!seen.insert(history).second) continue;
    for (const sys_seconds change : history.times) {
      if (change >= utc("2038-01-01 00:00")) continue;
      const Policy policy = policies[changes++ % policies.size()];
      for (std::size_t i = 0; i < crons.size(); ++i) {
        INFO(name << " " << expressions[i] << " at " << text(change));
        REQUIRE(text(fails_around(crons[i], zone, policy, change)) == "never");
      }
    }
  }
  CHECK(changes > 1000);
}

TEST_CASE("weekly runs come once a week in every zone over the years 2000 to 2037") {
  const auto cron = CronExpression::parse("0 12 * * WED");
  std::set<History> seen;
  for (const std::string& name : cano_test::zone_names()) {
    const TimeZone zone = TimeZone::iana(name);
    if (!seen.insert(history_of(zone)).second) continue;
    INFO(name);
    sys_seconds last = utc("2000-01-02 00:00");
    int runs = 0, noon = 0;
    while (last < utc("2037-12-27 00:00")) {
      const auto next = cron.next_after(last, zone);
      if (!next || *next <= last) FAIL(text(last));
      last = std::chrono::floor<seconds>(*next);
      ++runs;
      const auto clock = local(zone, last);
      noon += clock - std::chrono::floor<std::chrono::days>(clock) == 12h;
    }
    // 1,982 Wednesdays, and the one after. No zone has changed its clocks on one at noon.
    CHECK(runs == 1'983);
    CHECK(noon == runs);
  }
}
