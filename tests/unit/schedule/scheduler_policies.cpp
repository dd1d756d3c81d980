// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"
#include "support/scheduling.hpp"
#include "support/time_text.hpp"

using cano::Duration;
using cano::FlowStatus;
using cano::Misfire;
using cano::Occurrence;
using cano::Overlap;
using cano::ScheduleOptions;
using cano::Scheduler;
using cano::VirtualTime;
using cano_test::insist;
using cano_test::InVirtualTime;
using cano_test::seconds_of;
using cano_test::Slow;
using cano_test::Starts;
using cano_test::utc;
namespace asio = boost::asio;
using namespace std::chrono_literals;

// ---- overlap

TEST_CASE_METHOD(InVirtualTime, "Overlap::Skip lets the run under way end") {
  Starts starts;
  scheduler.every("a", Slow{starts, 2500ms}, 1s);
  scheduler.start();
  time.run_for(6500ms);
  CHECK(seconds_of(starts.times, time.wall_now() - 6500ms) == std::vector<double>{0, 3, 6});
  CHECK(starts.most_at_once == 1);
  const auto status = *scheduler.status("a");
  CHECK(status.occurrences.overlap == 4);
  CHECK(status.skip_count == 4);
  CHECK(status.status == FlowStatus::Running);
  CHECK(status.running == 1);
}

TEST_CASE_METHOD(InVirtualTime, "Overlap::QueueOne runs once more for all that became due") {
  Starts starts;
  scheduler.every("a", Slow{starts, 2300ms}, 1s, {.overlap = Overlap::QueueOne});
  scheduler.start();
  time.run_for(5500ms);
  CHECK(seconds_of(starts.times, time.wall_now() - 5500ms) == std::vector<double>{0, 2.3, 4.6});
  CHECK(starts.missed == std::vector<std::uint64_t>{0, 1, 1});
  CHECK(starts.lateness[1] == 1300ms);
  CHECK(starts.most_at_once == 1);
  CHECK(scheduler.status("a")->occurrences.coalesced == 2);
  CHECK(scheduler.status("a")->occurrences.queued == 1);
}

TEST_CASE_METHOD(InVirtualTime, "Overlap::QueueAll runs one after the other, up to its bound") {
  Starts starts;
  scheduler.manual("a", Slow{starts, 1s}, {.overlap = Overlap::QueueAll(2)});
  scheduler.start();
  for (int i = 0; i < 5; ++i)
    scheduler.trigger("a");
  CHECK(scheduler.status("a")->occurrences.queued == 2);
  time.run_for(10s);
  CHECK(seconds_of(starts.times, time.wall_now() - 10s) == std::vector<double>{0, 1, 2});
  CHECK(starts.most_at_once == 1);
  CHECK(scheduler.status("a")->occurrences.overlap == 2);
}

TEST_CASE_METHOD(InVirtualTime, "Overlap::Allow runs several at once, up to its bound") {
  Starts starts;
  scheduler.every("a", Slow{starts, 2500ms}, 1s, {.overlap = Overlap::Allow(2)});
  scheduler.start();
  time.run_for(5s);
  CHECK(seconds_of(starts.times, time.wall_now() - 5s) == std::vector<double>{0, 1, 3, 4});
  CHECK(starts.most_at_once == 2);
  CHECK(scheduler.running_count() == 2);
}

TEST_CASE_METHOD(InVirtualTime,
                 "Overlap::CancelRunning joins the run under way before the next one begins") {
  Starts starts;
  bool done = false;
  scheduler.every("a", Slow{starts, 1h}, 1s, {.overlap = Overlap::CancelRunning});
  scheduler.every("deaf",
                  [&](const Occurrence& now) -> asio::awaitable<void> {
                    const auto run = starts.begin(now);
                    co_await insist(2500ms, done);
                  },
                  1s, {.overlap = Overlap::CancelRunning});
  scheduler.start();
  time.run_for(3s);
  CHECK(scheduler.status("a")->cancel_count == 3);
  CHECK(scheduler.status("a")->run_count == 4);
  CHECK(done);
  CHECK(scheduler.status("deaf")->success_count == 1);
  CHECK(scheduler.status("deaf")->occurrences.coalesced == 1);
  CHECK(starts.most_at_once_of("a") == 1);
  CHECK(starts.most_at_once_of("deaf") == 1);
}

// ---- misfire

TEST_CASE("what was missed is one run, none, or all, by the policy") {
  const auto runs = [](ScheduleOptions options, Duration length) {
    VirtualTime time;
    Scheduler scheduler{time.get_executor()};
    Starts starts;
    scheduler.every("a", Slow{starts, length}, 1s, options);
    scheduler.start();
    time.run_for(500ms);
    time.stall(10s);  // misses 1 to 10
    time.run_for(Duration::zero());
    auto info = *scheduler.status("a");
    CHECK(info.occurrences.due == 11);
    time.run_for(400ms);
    info = *scheduler.status("a");
    CHECK(info.occurrences.due ==
          info.occurrences.started + info.occurrences.queued + info.occurrences.skipped());
    return std::pair{starts, info.occurrences};
  };
  const auto [once, once_counts] = runs({}, 0s);
  CHECK(once.times.size() == 2);
  CHECK(once.missed == std::vector<std::uint64_t>{0, 9});
  CHECK(once.lateness[1] == 500ms);
  CHECK(once_counts.coalesced == 9);

  const auto [grace, grace_counts] = runs({.misfire = Misfire::Skip}, 0s);
  CHECK(grace.times.size() == 2);
  CHECK(grace_counts.misfire == 9);
  const auto [none, none_counts] = runs({.misfire = Misfire::Skip, .misfire_grace = 100ms}, 0s);
  CHECK(none.times.size() == 1);
  CHECK(none_counts.misfire == 10);

  const auto [all, all_counts] = runs({.misfire = Misfire::FireAll(100)}, 0s);
  CHECK(all.times.size() == 11);
  CHECK(all_counts.skipped() == 0);
  CHECK(all.lateness[1] == 9500ms);
  const auto [some, some_counts] = runs({.misfire = Misfire::FireAll(4)}, 100ms);
  CHECK(some.times.size() == 5);
  CHECK(some.most_at_once == 1);
  CHECK(some_counts.misfire == 6);
  const auto [at_once, at_once_counts] =
      runs({.overlap = Overlap::Allow(3), .misfire = Misfire::FireAll(10)}, 100ms);
  CHECK(at_once.times.size() == 11);
  CHECK(at_once.most_at_once == 3);
}

TEST_CASE("however many occurrences were missed, all are counted") {
  VirtualTime time{utc("1970-01-02 00:00")};
  Scheduler scheduler{time.get_executor()};
  Starts seconds, nanoseconds;
  scheduler.cron("a", Slow{seconds, 0s}, "* * * * * *");
  scheduler.every("b", Slow{nanoseconds, 0s}, 1ns);
  scheduler.start();
  time.run_for(Duration::zero());
  time.step_wall_clock(std::chrono::years{50});  // a machine without a battery finds out the time
  time.stall(1h);
  time.run_for(Duration::zero());
  const std::uint64_t missed = std::chrono::seconds{std::chrono::years{50} + 1h}.count();
  CHECK(seconds.times.size() == 1);
  CHECK(seconds.missed == std::vector<std::uint64_t>{missed - 1});
  CHECK(seconds.lateness[0] < 1s);
  CHECK(scheduler.status("a")->occurrences.due == missed);
  CHECK(scheduler.status("a")->occurrences.coalesced == missed - 1);
  CHECK(nanoseconds.times.size() == 2);
  CHECK(nanoseconds.missed[1] == 3'600'000'000'000 - 1);
}

TEST_CASE("after four hours of sleep the last seconds run, and all others are counted") {
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  std::vector<Duration> ran;
  scheduler.cron(
      "a",
      [&, start = time.wall_now()](const Occurrence& now) { ran.push_back(now.nominal - start); },
      "* * * * * *", {.misfire = Misfire::FireAll(3)});
  scheduler.start();
  time.run_for(Duration::zero());
  time.suspend(4h);
  time.run_for(Duration::zero());
  CHECK(ran == std::vector<Duration>{14'398s, 14'399s, 14'400s});
  const auto counts = scheduler.status("a")->occurrences;
  CHECK(counts.due == 14'400);
  CHECK(counts.started == 3);
  CHECK(counts.misfire == 14'397);
}

// ---- the clock on the wall

TEST_CASE("setting the clock moves no interval") {
  for (const Duration step : {Duration{1h}, Duration{-1h}}) {
    VirtualTime time;
    Scheduler scheduler{time.get_executor()};
    std::vector<Duration> runs;
    scheduler.every("a", [&] { runs.push_back(time.elapsed()); }, 10s);
    scheduler.start();
    time.run_for(25s);
    time.step_wall_clock(step);
    time.run_for(25s);
    CHECK(runs == std::vector<Duration>{0s, 10s, 20s, 30s, 40s, 50s});
  }
}

TEST_CASE("a clock that is put forward makes cron jobs due at once") {
  VirtualTime time{utc("2024-01-01 12:30")};
  Scheduler scheduler{time.get_executor()};
  Starts starts;
  scheduler.cron("a", Slow{starts, 0s}, "0 * * * *");
  scheduler.start();
  time.run_for(1min);
  time.step_wall_clock(1h);
  time.run_for(Duration::zero());
  CHECK(starts.times == std::vector<cano::system_time>{utc("2024-01-01 13:31")});
  CHECK(starts.lateness == std::vector<Duration>{31min});
  time.run_for(30min);
  CHECK(starts.times.size() == 2);
}

TEST_CASE("a clock that is put back does not repeat fixed times, but what repeats goes on by it") {
  VirtualTime time{utc("2024-01-01 11:59")};
  Scheduler scheduler{time.get_executor()};
  Starts noon, quarters;
  scheduler.cron("noon", Slow{noon, 0s}, "0 12 * * *");
  scheduler.cron("quarters", Slow{quarters, 0s}, "*/15 * * * *");
  scheduler.start();
  time.run_for(2min);
  time.step_wall_clock(-1h);  // 11:01
  time.run_for(1h + 1min);
  CHECK(noon.times == std::vector<cano::system_time>{utc("2024-01-01 12:00")});
  CHECK(quarters.times.size() == 5);              // 12:00, and again from 11:15
  time.step_wall_clock(-std::chrono::days{365});  // it was wrong all the time
  time.run_for(24h);
  CHECK(noon.times.size() == 2);
}

TEST_CASE("a machine that was asleep makes up for it by the misfire policy") {
  const auto runs = [](Misfire misfire) {
    VirtualTime time;
    Scheduler scheduler{time.get_executor()};
    Starts starts;
    scheduler.cron("a", Slow{starts, 0s}, "*/5 * * * *", {.misfire = misfire});
    scheduler.start();
    time.run_for(2min);
    time.suspend(3h);
    time.run_for(1min);
    return starts.times.size();
  };
  CHECK(runs(Misfire::FireOnce) == 1);
  CHECK(runs(Misfire::Skip) == 0);
  CHECK(runs(Misfire::FireAll(100)) == 36);
  CHECK(runs(Misfire::FireAll(7)) == 7);
}
