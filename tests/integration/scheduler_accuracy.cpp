// SPDX-License-Identifier: MIT

// Whether jobs run exactly when they are due, over long times and for extreme intervals.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/scheduling.hpp"
#include "support/time_text.hpp"

using cano::Duration;
using cano::Misfire;
using cano::Occurrence;
using cano::Schedule;
using cano::Scheduler;
using cano::VirtualTime;
using cano_test::do_nothing;
using cano_test::InVirtualTime;
using cano_test::refusal;
using cano_test::Step;
using cano_test::utc;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// How many runs of an interval there are in a time, and whether each was at its due time.
std::uint64_t runs_in(Duration time_span, Duration interval) {
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  std::uint64_t runs = 0;
  std::uint64_t wrong = 0;
  scheduler.every(
      "a",
      [&](const Occurrence& now) -> asio::awaitable<void> {
        const auto due = static_cast<Duration::rep>(runs) * interval;
        if (time.elapsed() != due || now.lateness != 0s || now.run != ++runs) ++wrong;
        co_return;
      },
      interval);
  scheduler.start();
  time.run_for(time_span);
  CHECK(wrong == 0);
  CHECK(scheduler.status("a")->run_count == runs);
  CHECK(scheduler.status("a")->skip_count == 0);
  return runs;
}

}  // namespace

TEST_CASE("every 2 s for a day is 43,201 runs, each at its due time", "[long]") {
  CHECK(runs_in(24h, 2s) == 43'201);
}

TEST_CASE("every 100 ms for an hour is 36,001 runs, each at its due time", "[long]") {
  CHECK(runs_in(1h, 100ms) == 36'001);
}

TEST_CASE("intervals that are no round numbers do not drift either") {
  CHECK(runs_in(1h, 1'333'333'333ns) == 2'701);
  CHECK(runs_in(24h, 15'500ms) == 5'575);
}

TEST_CASE("every 1.5 s for a day does not drift either", "[long]") {
  CHECK(runs_in(24h, 1'500ms) == 57'601);
}

TEST_CASE("a year of cron, with retries, takes a moment") {
  VirtualTime time{utc("2024-01-01 00:00")};
  Scheduler scheduler{time.get_executor()};
  cano::Workflow<Step> workflow{Step::Begin};
  workflow
      .add(
          Step::Begin,
          [](cano::MemoryStore&, cano::TaskContext& context) -> asio::awaitable<Step> {
            co_await cano::sleep_for(10min);
            if (context.attempt() < 3) throw std::runtime_error{"once more"};
            co_return Step::End;
          },
          cano::TaskConfig{}.with_fixed_retry(2, 30s))
      .add_exit_state(Step::End);
  scheduler.cron("daily", workflow, "30 2 * * *");
  scheduler.cron("hourly", do_nothing, "@hourly");
  scheduler.start();
  time.run_until(utc("2025-01-01 00:00"));
  CHECK(scheduler.status("daily")->success_count == 366);
  CHECK(*scheduler.status("daily")->last_duration == 31min);
  CHECK(scheduler.status("hourly")->success_count == 366 * 24);
}

TEST_CASE_METHOD(InVirtualTime, "an absurd interval is a clear error or never due") {
  using Ages = std::chrono::duration<double, std::ratio<31'556'952>>;
  scheduler.every("a million years", do_nothing, std::chrono::years{1'000'000});
  scheduler.every("ages", do_nothing, Ages{1e300});
  scheduler.every("the longest", do_nothing, Duration::max());
  scheduler.every("291 years", do_nothing, std::chrono::years{291});
  scheduler.every("the shortest", do_nothing, 1ns);
  CHECK(refusal([&] { scheduler.every("none", do_nothing, 0s); }) ==
        "Schedule::every: the interval must be at least 1 ns, not 0 s");
  CHECK(refusal([&] { scheduler.every("back", do_nothing, -5min); }) ==
        "Schedule::every: the interval must be at least 1 ns, not -300 s");
  CHECK(refusal([&] {
          scheduler.every("what", do_nothing,
                          std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()});
        }).find("at least 1 ns") != std::string::npos);
  scheduler.start();
  time.run_for(2us);
  CHECK(scheduler.status("a million years")->run_count == 0);
  CHECK_FALSE(scheduler.status("a million years")->next_run);
  CHECK(scheduler.next_runs("ages", 3).empty());
  CHECK(scheduler.status("the longest")->run_count == 0);
  CHECK(scheduler.status("291 years")->run_count == 1);
  CHECK(scheduler.status("the shortest")->run_count == 2001);
}

TEST_CASE_METHOD(InVirtualTime, "a trigger works all the same for a job that is never due") {
  scheduler.every("a", do_nothing, std::chrono::years{1'000'000});
  scheduler.manual("b", do_nothing);
  scheduler.start();
  for (const char* id : {"a", "b"}) {
    CHECK(time.run(scheduler.trigger_and_wait(id)).is_success());
    CHECK_FALSE(scheduler.status(id)->next_run);
  }
}

TEST_CASE("a wall-clock step of an hour moves no interval") {
  for (const Duration step : {Duration{1h}, Duration{-1h}}) {
    VirtualTime time;
    Scheduler scheduler{time.get_executor()};
    std::vector<Duration> runs;
    scheduler.every("a", [&] { runs.push_back(time.elapsed()); }, 10s);
    scheduler.cron("b", do_nothing, "*/7 * * * *");
    scheduler.start();
    time.run_for(45s);
    time.step_wall_clock(step);
    time.run_for(45s);
    CHECK(runs == std::vector<Duration>{0s, 10s, 20s, 30s, 40s, 50s, 60s, 70s, 80s, 90s});
  }
}

TEST_CASE("a suspend of 3 h over */5 is 1, 0 or n runs, by the misfire policy") {
  const auto runs = [](Misfire misfire) {
    VirtualTime time{utc("2024-01-01 08:01")};
    Scheduler scheduler{time.get_executor()};
    scheduler.cron("a", do_nothing, "*/5 * * * *", {.misfire = misfire});
    scheduler.start();
    time.run_for(1min);
    time.suspend(3h);
    time.run_for(1min);
    const auto info = *scheduler.status("a");
    CHECK(info.occurrences.due == 36);
    CHECK(info.run_count + info.skip_count == 36);
    return info.run_count;
  };
  CHECK(runs(Misfire::FireOnce) == 1);
  CHECK(runs(Misfire::Skip) == 0);
  CHECK(runs(Misfire::FireAll(1000)) == 36);
}

TEST_CASE_METHOD(InVirtualTime, "10,000 jobs are due at once, and each runs at its time") {
  std::uint64_t runs = 0;
  std::uint64_t late = 0;
  for (int i = 0; i < 10'000; ++i) {
    scheduler.every(
        "job" + std::to_string(i),
        [&](const Occurrence& now) {
          ++runs;
          late += now.lateness > 0s ? 1U : 0U;
        },
        1s);
  }
  scheduler.start();
  time.run_for(2s);
  CHECK(runs == 30'000);
  CHECK(late == 0);
}
