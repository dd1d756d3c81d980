// SPDX-License-Identifier: MIT
// What a scheduler does about jobs that fail, must not run or can never run.
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/cron/cron_expression.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/backoff.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/scheduling.hpp"
#include "support/time_text.hpp"

using cano::Backoff;
using cano::FlowStatus;
using cano::Misfire;
using cano::Occurrence;
using cano::Overlap;
using cano::Schedule;
using cano::Scheduler;
using cano::SkipReason;
using cano::VirtualTime;
using cano_test::do_nothing;
using cano_test::insist;
using cano_test::InVirtualTime;
using cano_test::refusal;
using cano_test::seconds_of;
using cano_test::Slow;
using cano_test::Starts;
using cano_test::utc;
namespace asio = boost::asio;
using namespace cano::literals;
using namespace std::chrono_literals;

namespace {

// A job that fails as long as the test says, and notes when it ran.
struct Failing {
  Starts& starts;
  const bool& fails;
  cano::Duration length{};

  asio::awaitable<void> operator()(const Occurrence& now) const {
    const auto run = starts.begin(now);
    co_await cano::sleep_for(length);
    if (fails) throw std::runtime_error{"no answer"};
  }
};

std::vector<double> seconds(std::initializer_list<double> list) { return list; }

}  // namespace

// ---- back-off

TEST_CASE_METHOD(InVirtualTime, "a job that has failed is left alone for longer and longer") {
  Starts starts;
  bool fails = true;
  scheduler.every("a", Failing{starts, fails}, 1s,
                  {.history_limit = 100, .backoff = Backoff::exponential(3s, 2.0, 1min)});
  scheduler.start();
  time.run_for(10s);
  CHECK(seconds_of(starts.times, start) == seconds({0, 3, 9}));
  auto info = *scheduler.status("a");
  CHECK(info.status == FlowStatus::Failed);
  CHECK(info.failure_streak == 3);
  CHECK(info.backoff_until == start + 21s);
  CHECK(info.occurrences.backoff == 8);
  CHECK(info.occurrences.due == 11);
  fails = false;
  time.run_for(15s);
  CHECK(seconds_of(starts.times, start) == seconds({0, 3, 9, 21, 22, 23, 24, 25}));
  info = *scheduler.status("a");
  CHECK(info.failure_streak == 0);
  CHECK_FALSE(info.backoff_until);
  const auto history = scheduler.history("a");
  REQUIRE(history.size() > 2);
  CHECK(history[1].skipped == SkipReason::Backoff);
  CHECK(history[1].count == 2);
}

TEST_CASE_METHOD(InVirtualTime, "a back-off counts from the end of the run, by the steady clock") {
  Starts starts;
  const bool fails = true;
  scheduler.cron("a", Failing{starts, fails, 2s}, "* * * * * *", {.backoff = Backoff::fixed(5s)});
  scheduler.start();
  time.run_for(4s);
  time.step_wall_clock(-1h);
  time.run_for(6s);
  CHECK(starts.times.size() == 2);
  CHECK(starts.times[1] == start + 8s - 1h);
}

TEST_CASE_METHOD(InVirtualTime, "a job that is triggered waits for no back-off") {
  Starts starts;
  const bool fails = true;
  scheduler.every("a", Failing{starts, fails}, 1h, {.backoff = Backoff::fixed(24h)});
  scheduler.start();
  time.run_for(1s);
  const auto outcome = time.run(scheduler.trigger_and_wait("a"));
  CHECK(outcome.is_failed());
  CHECK(scheduler.status("a")->failure_streak == 2);
}

TEST_CASE_METHOD(InVirtualTime, "what waits in line behind a failure is skipped with its reason") {
  Starts starts;
  const bool fails = true;
  scheduler.cron("a", Failing{starts, fails, 1s}, "0 * * * *",
                 {.misfire = Misfire::FireAll(5), .max_runs = 4, .backoff = Backoff::fixed(90min)});
  scheduler.start();
  time.run_for(1min);
  time.suspend(10h);
  time.run_for(1min);
  auto counts = scheduler.status("a")->occurrences;
  CHECK(counts.due == 10);
  CHECK(counts.misfire == 6);
  CHECK(counts.started == 1);
  CHECK(counts.backoff == 3);
  CHECK(counts.queued == 0);
  // The runs that were asked for and did not run are left to run later.
  CHECK(scheduler.status("a")->next_run == start + 11h);
  time.run_for(10h);
  counts = scheduler.status("a")->occurrences;
  CHECK(counts.started == 4);
  CHECK(counts.due == counts.started + counts.skipped());
  CHECK_FALSE(scheduler.status("a")->next_run);
}

// ---- trip

TEST_CASE_METHOD(InVirtualTime, "a job that fails too often in a row trips until it is reset") {
  Starts starts;
  bool fails = true;
  scheduler.every("a", Failing{starts, fails}, 1s, {.trip_after = 3});
  scheduler.start();
  time.run_for(10s);
  CHECK(seconds_of(starts.times, start) == seconds({0, 1, 2}));
  auto info = *scheduler.status("a");
  CHECK(info.status == FlowStatus::Tripped);
  CHECK(info.failure_streak == 3);
  CHECK(info.last_error == "no answer");
  CHECK_FALSE(info.next_run);
  CHECK(info.occurrences.tripped == 8);
  const auto refused = time.run(scheduler.trigger_and_wait("a"));
  CHECK(refused.skipped == SkipReason::Tripped);
  CHECK(scheduler.status("a")->occurrences.tripped == 9);
  fails = false;
  time.run_for(500ms);
  scheduler.reset("a");
  CHECK(scheduler.status("a")->status == FlowStatus::Idle);
  CHECK(scheduler.status("a")->next_run == start + 11s);
  CHECK(scheduler.status("a")->last_error == "no answer");
  time.run_for(1s);
  CHECK(seconds_of(starts.times, start) == seconds({0, 1, 2, 11}));
  CHECK(refusal([&] { scheduler.reset("b"); }) == "Job 'b': there is no job with this id");
}

TEST_CASE_METHOD(InVirtualTime, "a success between failures starts the count anew") {
  Starts starts;
  bool fails = true;
  scheduler.manual("a", Failing{starts, fails}, {.trip_after = 2});
  scheduler.start();
  for (const bool next : {true, false, true, false, true}) {
    fails = next;
    time.run(scheduler.trigger_and_wait("a"));
  }
  CHECK(scheduler.status("a")->status == FlowStatus::Failed);
  CHECK(scheduler.status("a")->failure_streak == 1);
  fails = true;
  time.run(scheduler.trigger_and_wait("a"));
  CHECK(scheduler.status("a")->status == FlowStatus::Tripped);
}

TEST_CASE_METHOD(InVirtualTime, "all that waits is skipped when a job trips, triggered or not") {
  Starts starts;
  const bool fails = true;
  const auto seen = std::make_shared<cano::RecordingObserver>();
  scheduler.with_observer(seen);
  scheduler.manual("a", Failing{starts, fails, 1s},
                   {.overlap = Overlap::QueueAll(10), .trip_after = 1});
  scheduler.start();
  for (int i = 0; i < 4; ++i)
    scheduler.trigger("a");
  time.run_for(1min);
  const auto counts = scheduler.status("a")->occurrences;
  CHECK(counts.started == 1);
  CHECK(counts.tripped == 3);
  CHECK(counts.queued == 0);
  CHECK(seen->count("occurrence_skipped") == 3);
}

// ---- health

TEST_CASE_METHOD(InVirtualTime, "a job runs only as long as its health check says yes") {
  Starts starts;
  bool is_up = true;
  scheduler.every("a", Slow{starts, 0s}, 1s, {.health = [&] { return is_up; }});
  scheduler.start();
  time.run_for(1500ms);
  is_up = false;
  time.run_for(2s);
  CHECK(time.run(scheduler.trigger_and_wait("a")).is_success());
  is_up = true;
  time.run_for(1s);
  CHECK(seconds_of(starts.times, start) == seconds({0, 1, 3.5, 4}));
  CHECK(scheduler.status("a")->occurrences.unhealthy == 2);
  CHECK(scheduler.status("a")->last_error.empty());
}

TEST_CASE_METHOD(InVirtualTime, "a health check that throws says no, and its text is reported") {
  Starts starts;
  scheduler.every("a", Slow{starts, 0s}, 1s,
                  {.health = []() -> bool { throw std::runtime_error{"no route"}; }});
  scheduler.start();
  time.run_for(2500ms);
  CHECK(starts.times.empty());
  CHECK(scheduler.status("a")->occurrences.unhealthy == 3);
  CHECK(scheduler.status("a")->last_error == "Health check: no route");
}

// ---- cancel

TEST_CASE_METHOD(InVirtualTime, "the runs of a job can be cancelled, and its schedule goes on") {
  Starts starts;
  bool done = false;
  scheduler.every("a", Slow{starts, 1h}, 10s, {.overlap = Overlap::Allow(2)});
  scheduler.every("b", Slow{starts, 1h}, 10s);
  scheduler.manual("deaf", [&](const Occurrence& now) -> asio::awaitable<void> {
    const auto run = starts.begin(now);
    co_await insist(5s, done);
  });
  scheduler.start();
  scheduler.trigger("deaf");
  time.run_for(15s);
  CHECK(scheduler.cancel("a") == 2);
  CHECK(scheduler.cancel("deaf") == 0);  // it has ended
  time.run_for(1s);
  CHECK(scheduler.status("a")->cancel_count == 2);
  CHECK(scheduler.status("a")->running == 0);
  CHECK(scheduler.status("b")->running == 1);
  CHECK(scheduler.cancel("a") == 0);
  time.run_for(5s);
  CHECK(scheduler.status("a")->running == 1);
  CHECK(scheduler.status("a")->failure_streak == 0);
  CHECK(refusal([&] { scheduler.cancel("c"); }) == "Job 'c': there is no job with this id");
}

TEST_CASE_METHOD(InVirtualTime, "what waits behind a run that is cancelled runs next") {
  Starts starts;
  scheduler.manual("a", Slow{starts, 1h}, {.overlap = Overlap::QueueAll(5)});
  scheduler.start();
  for (int i = 0; i < 3; ++i)
    scheduler.trigger("a");
  time.run_for(1s);
  CHECK(scheduler.cancel("a") == 1);
  CHECK(scheduler.cancel("a") == 1);  // asked twice, cancelled once
  time.run_for(1s);
  CHECK(scheduler.status("a")->cancel_count == 1);
  CHECK(scheduler.status("a")->running == 1);
  CHECK(scheduler.status("a")->occurrences.queued == 1);
}

// ---- jobs that can never run

TEST_CASE_METHOD(InVirtualTime, "a job that would never be due is refused with the reason") {
  const auto added = [&](Schedule schedule, cano::ScheduleOptions options = {}) {
    return refusal([&] { scheduler.add("a", do_nothing, schedule, options); });
  };
  const std::string never = "Job 'a': never due: ";
  CHECK(added(Schedule::cron("0 0 30 2 *")) == never + "no date matches '0 0 30 2 *'");
  CHECK(added(Schedule::cron("0 0 31 APR,JUN *")) == never + "no date matches '0 0 31 4,6 *'");
  CHECK(added(Schedule::cron("0 0 0 1 1 * 2023")) ==
        never + "the last time of '0 0 0 1 1 * 2023' has passed");
  const std::string passed = never + "end_at has passed, it is 2023-12-31T23:59:59.000000Z";
  for (const Schedule& schedule : {Schedule::cron("@daily"), Schedule::every(1s),
                                   Schedule::every(1s, start), Schedule::daily(9h)}) {
    CHECK(added(schedule, {.end_at = start - 1s}) == passed);
    const bool is_late =
        schedule.kind() != Schedule::Kind::Every && schedule.kind() != Schedule::Kind::Grid;
    if (!is_late) continue;
    CHECK(added(schedule, {.end_at = start + 1h}) ==
          never + "the schedule has no time up to end_at, 2024-01-01T01:00:00.000000Z");
  }
  CHECK(added(Schedule::every(2h),
              {.first_run = cano::FirstRun::AfterInterval, .end_at = start + 1h}) ==
        never + "the schedule has no time up to end_at, 2024-01-01T01:00:00.000000Z");
  CHECK(added(Schedule::every(2h), {.first_run = cano::FirstRun::AfterInterval,
                                    .start_at = start + 1h,
                                    .end_at = start + 2h}) ==
        never + "the schedule has no time up to end_at, 2024-01-01T02:00:00.000000Z");
  CHECK(scheduler.list().empty());

  CHECK(added(Schedule::every(2h), {.end_at = start + 9h}) == "no error");
  CHECK(refusal([&] { scheduler.manual("m", do_nothing, {.end_at = start - 1s}); }) == "no error");
  CHECK(refusal([&] { scheduler.every("e", do_nothing, std::chrono::hours::max()); }) ==
        "no error");
  CHECK(refusal([&] { scheduler.replace("e", Schedule::cron("0 0 30 2 *")); }) ==
        "Job 'e': never due: no date matches '0 0 30 2 *'");
}

TEST_CASE_METHOD(InVirtualTime, "a time that a zone never shows is no time of a schedule") {
  const auto zone = cano_test::berlin_2025();
  CHECK(refusal([&] {
          scheduler.cron("a", do_nothing, "0 30 2 30 3 * 2025", zone, {.gap = cano::DstGap::Skip});
        }) == "Job 'a': never due: the last time of '0 30 2 30 3 * 2025' has passed");
  CHECK(refusal([&] { scheduler.cron("a", do_nothing, "0 30 2 30 3 * 2025", zone); }) ==
        "no error");
}

// ---- arguments

TEST_CASE_METHOD(InVirtualTime, "id, job, when: in either order of the last two, and with a zone") {
  Starts starts;
  const auto zone = cano_test::berlin_2025();
  scheduler.add("a", Slow{starts, 0s}, Schedule::every(1h));
  scheduler.add("b", Schedule::every(1h), Slow{starts, 0s});
  scheduler.add("c", Slow{starts, 0s}, Schedule::every(1h), {.max_runs = 1});
  scheduler.cron("d", Slow{starts, 0s}, "0 9 * * *", zone);
  scheduler.cron("e", Slow{starts, 0s}, "0 9 * * *"_cron, zone, {.max_runs = 1});
  scheduler.cron("f", Slow{starts, 0s}, std::string{"0 9 * * *"}, {});
  scheduler.cron("g", Slow{starts, 0s}, "0 9 * * *"_cron);
  const auto next = [&](const char* id) { return scheduler.next_runs(id, 1).at(0); };
  CHECK(next("d") == utc("2024-01-01 08:00"));
  CHECK(next("e") == utc("2024-01-01 08:00"));
  CHECK(next("f") == utc("2024-01-01 09:00"));
  CHECK(next("g") == utc("2024-01-01 09:00"));
  CHECK(zone.format(next("d")) == "2024-01-01T09:00:00+01:00");
  scheduler.start();
  time.run_for(1min);
  CHECK(starts.times.size() == 3);
}

TEST_CASE_METHOD(InVirtualTime, "an id that is nearly right is answered with the right one") {
  scheduler.manual("report", do_nothing);
  scheduler.manual("nightly\nbackup", do_nothing);
  scheduler.start();
  CHECK(refusal([&] { scheduler.trigger("reprot"); }) ==
        "Job 'reprot': there is no job with this id; did you mean 'report'?");
  CHECK(refusal([&] { scheduler.pause("Report"); }) ==
        "Job 'Report': there is no job with this id; did you mean 'report'?");
  CHECK(refusal([&] { scheduler.remove("nightly\n_backup"); }) ==
        "Job 'nightly\\n_backup': there is no job with this id; did you mean 'nightly\\nbackup'?");
  CHECK(refusal([&] { scheduler.remove("x"); }) == "Job 'x': there is no job with this id");
}

// ---- grids and the calendar

TEST_CASE("a job on a grid is due at its points, whenever it was added") {
  VirtualTime time{utc("2024-01-01 10:07")};
  Scheduler scheduler{time.get_executor()};
  Starts starts;
  scheduler.add("a", Slow{starts, 0s}, Schedule::every(15min, cano::system_time{}));
  scheduler.start();
  time.run_for(25min);
  CHECK(starts.times ==
        std::vector<cano::system_time>{utc("2024-01-01 10:15"), utc("2024-01-01 10:30")});
  time.step_wall_clock(-1h);  // it repeats: the clock on the wall shows 10:45 once more
  time.run_for(15min);
  CHECK(starts.times.size() == 3);
  CHECK(starts.times[2] == utc("2024-01-01 09:45"));
}

TEST_CASE("a job by the calendar follows the clocks of its zone") {
  VirtualTime time{utc("2025-03-28 12:00")};
  Scheduler scheduler{time.get_executor()};
  Starts starts;
  scheduler.add("a", Slow{starts, 0s}, Schedule::daily(9h, cano_test::berlin_2025()));
  scheduler.start();
  time.run_for(std::chrono::days{3});
  CHECK(starts.times == std::vector<cano::system_time>{utc("2025-03-29 08:00"),
                                                       utc("2025-03-30 07:00"),
                                                       utc("2025-03-31 07:00")});
}
