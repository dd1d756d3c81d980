// SPDX-License-Identifier: MIT
// Random changes of the clock, of any size, against an oracle that goes from local time to UTC.
// (The library goes from UTC to local time.)
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/time/time_zone.hpp>

#include "support/catch.hpp"
#include "support/cron_runs.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::CronExpression;
using cano::DstFold;
using cano::DstGap;
using cano::TimeZone;
using cano_test::MadeUpZone;
using cano_test::text;
using cano_test::utc;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

namespace {

struct Change {
  sys_seconds time;
  minutes before, after;  // offsets
};

struct Case {
  std::string minute, hour, days;
  Change change;
  DstGap gap;
  DstFold fold;

  std::string expression() const { return minute + ' ' + hour + ' ' + days; }
  bool repeats() const { return minute[0] == '*' || hour[0] == '*'; }
  TimeZone zone() const {
    return TimeZone{std::make_shared<MadeUpZone>(
        "Random", change.before, std::vector<MadeUpZone::Change>{{change.time, change.after}})};
  }
};

class ChangeGenerator {
 public:
  Case next() {
    const std::array<std::string, 7> in_hour{"0", "30", "59", "15,45", "5-55/10", "*", "*/20"};
    const std::array<std::string, 8> in_day{"2", "1-3", "0", "23", "0,12", "22-3", "*", "*/2"};
    const std::array<std::string, 6> on_days{"* * *",     "* * SUN",       "30 * *",
                                             "* * 0-6/2", "*/2 * MON-FRI", "1 * MON"};
    const std::array<minutes, 8> sizes{15min, 30min, 60min, 90min, 120min, 180min, 23h, 24h};
    const minutes size = pick(sizes);
    const minutes base = 15min * number(-40, 40);
    Change change{utc("2025-03-30 00:00") + 15min * number(0, 200), base, base};
    (number(0, 1) == 0 ? change.after : change.before) += size;
    if (size > 12h) {  // from one side of the date line to the other
      change.before -= 12h;
      change.after -= 12h;
    }
    return {pick(in_hour),
            pick(in_day),
            pick(on_days),
            change,
            static_cast<DstGap>(number(0, 2)),
            static_cast<DstFold>(number(0, 2))};
  }

 private:
  int number(int low, int high) { return std::uniform_int_distribution<int>{low, high}(random_); }
  template <class T, std::size_t Size> T pick(const std::array<T, Size>& choice) {
    return choice[static_cast<std::size_t>(number(0, static_cast<int>(Size) - 1))];
  }

  std::mt19937 random_{20'251'026};
};

// The moments at which the clocks show one local time, by the case's policies.
std::vector<sys_seconds> moments(const Case& one, sys_seconds local) {
  const Change& change = one.change;
  const sys_seconds early = local - change.before, late = local - change.after;
  const bool is_early = early < change.time, is_late = late >= change.time;
  if (is_early && is_late) {
    if (one.repeats() || one.fold == DstFold::Both) return {early, late};
    return {one.fold == DstFold::First ? early : late};
  }
  if (is_early) return {early};
  if (is_late) return {late};
  if (one.repeats() || one.gap == DstGap::Skip) return {};
  return {one.gap == DstGap::ShiftForward ? early : change.time};
}

std::vector<std::string> expected(const Case& one, sys_seconds from, sys_seconds to) {
  const auto cron = CronExpression::parse(one.expression());
  std::set<sys_seconds> times;
  for (auto local = cron.next_after(from - 48h); local && *local < to + 48h;
       local = cron.next_after(*local)) {
    for (const sys_seconds time : moments(one, std::chrono::floor<std::chrono::seconds>(*local))) {
      if (time >= from && time < to) times.insert(time);
    }
  }
  std::vector<std::string> result;
  for (const sys_seconds time : times)
    result.push_back(text(time));
  return result;
}

}  // namespace

TEST_CASE("occurrences around random changes of the clock agree with a map of local times") {
  ChangeGenerator generator;
  int changed = 0;
  for (int i = 0; i < 3000; ++i) {
    const Case one = generator.next();
    const sys_seconds from = one.change.time - 50h, to = one.change.time + 50h;
    INFO(one.expression() << " in case " << i << ", change at " << text(one.change.time) << " from "
                          << one.change.before.count() << " to " << one.change.after.count());
    const auto found = cano_test::runs(one.expression(), one.zone(), one.gap, one.fold, from, to);
    REQUIRE(found == expected(one, from, to));
    changed += !found.empty();
  }
  CHECK(changed > 2000);
}
