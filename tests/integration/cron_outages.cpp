// SPDX-License-Identifier: MIT

// Random schedules, zones, policies and outages from a second to ten years, against a model that
// goes through all occurrences one by one: what ran, and every counter, must be the same.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/time_zone.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

using cano::DstFold;
using cano::DstGap;
using cano::Duration;
using cano::Misfire;
using cano::Occurrence;
using cano::OccurrenceCounts;
using cano::Overlap;
using cano::Schedule;
using cano::ScheduleOptions;
using cano::Scheduler;
using cano::system_time;
using cano::TimeZone;
using cano::VirtualTime;
using cano_test::text;
using cano_test::utc;
using namespace std::chrono_literals;

namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_{seed} {}

  int number(int low, int high) { return std::uniform_int_distribution<int>{low, high}(random_); }
  bool chance(int percent) { return number(1, 100) <= percent; }
  template <class Value> Value one_of(std::initializer_list<Value> values) {
    return values.begin()[number(0, static_cast<int>(values.size()) - 1)];
  }

 private:
  std::mt19937 random_;
};

// Clocks that are set twice a year, forward and back by what the zone likes, for forty years.
TimeZone changing_zone(const std::string& name, std::chrono::seconds standard,
                       std::chrono::seconds saving) {
  std::vector<cano_test::MadeUpZone::Change> changes;
  for (int year = 2020; year < 2060; ++year) {
    const auto day = [&](unsigned month) {
      return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} /
                                   std::chrono::Sunday[std::chrono::last]};
    };
    changes.push_back({day(3) + 1h, standard + saving});
    changes.push_back({day(10) + 1h, standard});
  }
  return TimeZone{std::make_shared<cano_test::MadeUpZone>(name, standard, std::move(changes))};
}

struct Case {
  std::string name;
  Schedule schedule;
  Duration typical;  // how far apart occurrences are, roughly
};

Case any_case(Dice& dice) {
  static const std::vector<TimeZone> zones{
      TimeZone::utc(), changing_zone("Hour", 1h, 1h), changing_zone("Half", 10h + 30min, 30min),
      changing_zone("Minus", -5h, 1h), changing_zone("Day", 0s, 23h)};
  const TimeZone& zone = zones[static_cast<std::size_t>(dice.number(0, 4))];
  const auto number = [&](int low, int high) { return std::to_string(dice.number(low, high)); };
  const auto cron = [&](const std::string& expression, Duration typical) {
    return Case{expression + " in " + std::string{zone.name()}, Schedule::cron(expression, zone),
                typical};
  };
  const std::chrono::local_seconds anchor =
      std::chrono::local_days{std::chrono::year{2024} / dice.number(1, 12) / dice.number(1, 31)} +
      std::chrono::minutes{dice.number(0, 1439)};
  switch (dice.number(0, 10)) {
    case 0:
      return cron("* * * * * *", 1s);
    case 1:
      return cron("*/" + number(2, 30) + " * * * * *", 15s);
    case 2:
      return cron(number(0, 59) + " * * * *", 1h);
    case 3:
      return cron("*/" + number(2, 30) + " * * * *", 15min);
    case 4:
      return cron(number(0, 59) + "," + number(0, 59) + " 0-4 * * *", 2h);
    case 5:
      return cron(number(0, 59) + " " + number(0, 23) + " * * *", 24h);
    case 6:
      return cron("0,30 1,2,3 " + number(1, 28) + " * " + number(0, 6), 48h);
    case 7:
      return cron(number(0, 59) + " 2 L * *", 30 * 24h);
    case 8:
      return {"grid",
              Schedule::every(std::chrono::seconds{dice.number(1, 100'000)},
                              system_time{std::chrono::seconds{dice.number(0, 100'000)}}),
              10h};
    case 9:
      return {"days", Schedule::every(std::chrono::days{dice.number(1, 40)}, anchor, zone), 24h};
    default:
      return {"months", Schedule::every(std::chrono::months{dice.number(1, 14)}, anchor, zone),
              30 * 24h};
  }
}

ScheduleOptions any_options(Dice& dice, system_time start) {
  ScheduleOptions options{
      .misfire =
          dice.one_of({Misfire::FireOnce, Misfire::Skip, Misfire::FireAll(1), Misfire::FireAll(3),
                       Misfire::FireAll(50), Misfire::FireAll(100'000)}),
      .misfire_grace = std::chrono::seconds{dice.number(0, 7200)},
      .gap = dice.one_of({DstGap::ShiftForward, DstGap::Skip, DstGap::RunAtGapEnd}),
      .fold = dice.one_of({DstFold::First, DstFold::Second, DstFold::Both})};
  if (dice.chance(25)) options.max_runs = static_cast<std::uint64_t>(dice.number(1, 60));
  if (dice.chance(25)) options.start_at = start + std::chrono::hours{dice.number(0, 24 * 60)};
  if (dice.chance(25))
    options.end_at = start + std::chrono::hours{24 * 62 + dice.number(0, 24 * 2000)};
  return options;
}

// What a job should have done: it knows all occurrences, one after the other.
struct Model {
  std::vector<system_time> ran;
  std::vector<std::uint64_t> missed;
  OccurrenceCounts counts;

  // All that has become due, given to the state machine at once.
  void take(const std::vector<system_time>& due, system_time now, const ScheduleOptions& options) {
    const std::uint64_t most = options.max_runs.value_or(~std::uint64_t{0});
    if (due.empty() || counts.started >= most) return;
    counts.due += due.size();
    const std::size_t wanted = std::min<std::size_t>(options.misfire.max(), 10'000);
    const auto runs = static_cast<std::size_t>(
        std::min<std::uint64_t>({due.size(), wanted, most - counts.started}));
    const std::size_t passed = due.size() - runs;
    const bool once = options.misfire.kind() == Misfire::Kind::FireOnce;
    (once ? counts.coalesced : counts.misfire) += passed;
    if (options.misfire.kind() == Misfire::Kind::Skip && now - due.back() > options.misfire_grace) {
      ++counts.misfire;
      return;
    }
    counts.started += runs;
    for (std::size_t i = passed; i < due.size(); ++i) {
      ran.push_back(due[i]);
      missed.push_back(runs == 1 ? passed : 0);
    }
  }
};

class Outages {
 public:
  explicit Outages(unsigned seed)
      : dice_{seed}, what_{any_case(dice_)}, options_{any_options(dice_, time_.wall_now())} {
    const system_time start = time_.wall_now();
    last_ = options_.start_at && *options_.start_at > start ? *options_.start_at - 1ns : start;
  }

  void run() {
    INFO(what_.name << ", misfire " << static_cast<int>(options_.misfire.kind()) << " of "
                    << options_.misfire.max());
    if (!add()) return check_never_due();
    scheduler_.start();
    for (int i = 0; i < 4; ++i) {
      pass();
      check();
    }
    time_.run(scheduler_.stop());
    check();
  }

 private:
  bool add() {
    const auto job = [this](const Occurrence& now) {
      ran_.push_back(now.nominal);
      missed_.push_back(now.missed);
    };
    try {
      scheduler_.add("job", job, what_.schedule, options_);
      return true;
    } catch (const cano::Error& error) {
      CHECK(error.message().find("never due") != std::string::npos);
      return false;
    }
  }

  void check_never_due() const {
    const auto first = next();
    REQUIRE((!first || (options_.end_at && *first > *options_.end_at)));
  }

  // Asleep, and awake for a moment. So long that the model has no more than some ten thousand
  // steps.
  void pass() {
    constexpr Duration most = std::chrono::days{3650};
    const Duration longest = std::min<Duration>(what_.typical, most / 10'000) * 10'000;
    const int magnitude = dice_.number(0, 3);
    Duration length = longest;
    for (int i = 0; i < magnitude; ++i)
      length /= 10;
    length = std::max<Duration>(1s, length / 1000 * dice_.number(1, 1000));
    time_.suspend(length);
    time_.run_for(0s);
    const system_time now = time_.wall_now();
    std::vector<system_time> due;
    const system_time end = options_.end_at ? std::min(*options_.end_at, now) : now;
    for (auto at = next(); at && *at <= end; at = next()) {
      due.push_back(*at);
      last_ = *at;
    }
    model_.take(due, now, options_);
  }

  std::optional<system_time> next() const {
    return what_.schedule.next_after(last_, options_.gap, options_.fold);
  }

  void check() {
    const auto info = *scheduler_.status("job");
    CAPTURE(text(time_.wall_now()), info.occurrences.due, model_.counts.due);
    REQUIRE(info.occurrences == model_.counts);
    REQUIRE(info.run_count == model_.counts.started);
    REQUIRE(info.occurrences.due == info.occurrences.started + info.occurrences.skipped());
    REQUIRE(ran_ == model_.ran);
    REQUIRE(missed_ == model_.missed);
  }

  Dice dice_;
  VirtualTime time_{utc("2024-01-01 00:00")};
  Case what_;
  ScheduleOptions options_;
  Scheduler scheduler_{time_.get_executor()};
  Model model_;
  system_time last_;
  std::vector<system_time> ran_;
  std::vector<std::uint64_t> missed_;
};

}  // namespace

TEST_CASE("after outages of any length what ran, and every counter, is what a model says") {
  for (unsigned seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    Outages{seed}.run();
  }
}

TEST_CASE("an outage of ten years is counted to the second, whatever the policy") {
  const std::uint64_t ten_years = std::chrono::seconds{std::chrono::days{3650}}.count();
  for (const Misfire misfire : {Misfire::FireOnce, Misfire::Skip, Misfire::FireAll(3),
                                Misfire::FireAll(10'000), Misfire::FireAll(20'000)}) {
    for (const bool ends : {false, true}) {
      VirtualTime time{utc("2024-01-01 00:00")};
      Scheduler scheduler{time.get_executor()};
      std::vector<system_time> ran;
      ScheduleOptions options{.misfire = misfire};
      if (ends) options.end_at = utc("2030-01-01 00:00");
      scheduler.cron(
          "job", [&](const Occurrence& now) { ran.push_back(now.nominal); }, "* * * * * *",
          changing_zone("Hour", 1h, 1h), options);
      scheduler.start();
      time.suspend(std::chrono::days{3650});
      time.run_for(0s);
      const auto counts = scheduler.status("job")->occurrences;
      const system_time last =
          ends ? *options.end_at : utc("2024-01-01 00:00") + std::chrono::days{3650};
      const auto due =
          ends
              ? static_cast<std::uint64_t>(
                    std::chrono::seconds{utc("2030-01-01 00:00") - utc("2024-01-01 00:00")}.count())
              : ten_years;
      const bool is_too_late = misfire.kind() == Misfire::Kind::Skip && ends;
      const std::uint64_t runs = is_too_late ? 0 : std::min<std::uint64_t>(misfire.max(), 10'000);
      CAPTURE(static_cast<int>(misfire.kind()), ends);
      CHECK(counts.due == due);
      CHECK(counts.started == runs);
      CHECK(counts.skipped() == due - runs);
      REQUIRE(ran.size() == runs);
      for (std::size_t i = 0; i < ran.size(); ++i)
        REQUIRE(ran[ran.size() - 1 - i] == last - std::chrono::seconds{i});
    }
  }
}
