// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cano/duration.hpp>
#include <cano/observe/observer.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

#include "support/catch.hpp"
#include "support/scheduling.hpp"
#include "support/time_text.hpp"

using cano::Duration;
using cano::FlowStatus;
using cano::JobOutcome;
using cano::Occurrence;
using cano::Overlap;
using cano::Schedule;
using cano::Scheduler;
using cano::SkipReason;
using cano::VirtualTime;
using cano_test::do_nothing;
using cano_test::InVirtualTime;
using cano_test::refusal;
using cano_test::seconds_of;
using cano_test::Slow;
using cano_test::Starts;
using cano_test::utc;
namespace asio = boost::asio;
using namespace std::chrono_literals;

// ---- changes while it runs

TEST_CASE_METHOD(InVirtualTime,
                 "jobs may be added, removed and added again while the scheduler runs") {
  Starts first, second;
  scheduler.start();
  time.run_for(1s);
  scheduler.every("a", Slow{first, 10s}, 3s);
  time.run_for(1s);
  CHECK(scheduler.running_count() == 1);
  scheduler.remove("a");
  CHECK_FALSE(scheduler.status("a"));
  CHECK(scheduler.running_count() == 1);
  scheduler.every("a", Slow{second, 0s}, 3s);
  time.run_for(20s);
  CHECK(seconds_of(first.times, start) == std::vector<double>{1});
  CHECK(first.ended() == 1);
  CHECK(second.times.size() == 7);
  CHECK(scheduler.running_count() == 0);
  CHECK(refusal([&] { scheduler.remove("b"); }) == "Job 'b': there is no job with this id");
}

TEST_CASE_METHOD(InVirtualTime, "queued occurrences are dropped with their job") {
  Starts starts;
  scheduler.manual("a", Slow{starts, 1s}, {.overlap = Overlap::QueueAll(5)});
  scheduler.start();
  scheduler.trigger("a");
  std::optional<JobOutcome> waiting;
  asio::co_spawn(time.get_executor(), scheduler.trigger_and_wait("a"),
                 [&](std::exception_ptr, JobOutcome outcome) { waiting = outcome; });
  time.run_for(500ms);
  scheduler.remove("a");
  time.run_for(5s);
  CHECK(starts.times.size() == 1);
  REQUIRE(waiting);
  CHECK(waiting->skipped == SkipReason::Shutdown);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a paused job is not due, but may be triggered; what was due is not made up for") {
  Starts starts;
  scheduler.every("a", Slow{starts, 0s}, 1s);
  scheduler.start();
  time.run_for(1500ms);
  scheduler.pause("a");
  CHECK(scheduler.status("a")->status == FlowStatus::Paused);
  CHECK_FALSE(scheduler.status("a")->next_run);
  time.run_for(3s);
  scheduler.trigger("a");
  time.run_for(Duration::zero());
  scheduler.resume("a");
  CHECK(scheduler.status("a")->next_run == time.wall_now() + 500ms);
  time.run_for(1s);
  CHECK(seconds_of(starts.times, time.wall_now() - 5500ms) == std::vector<double>{0, 1, 4.5, 5});
  CHECK(scheduler.status("a")->occurrences.paused == 3);
  CHECK(refusal([&] { scheduler.pause("b"); }) == "Job 'b': there is no job with this id");
}

TEST_CASE_METHOD(InVirtualTime, "another schedule begins when it is given") {
  Starts starts;
  scheduler.every("a", Slow{starts, 0s}, 1s);
  scheduler.start();
  time.run_for(1500ms);
  scheduler.replace("a", Schedule::every(5s));
  time.run_for(10s);
  scheduler.replace("a", Schedule::manual());
  time.run_for(1h);
  CHECK(seconds_of(starts.times, time.wall_now() - 1h - 11500ms) ==
        std::vector<double>{0, 1, 6.5, 11.5});
  CHECK_FALSE(scheduler.status("a")->next_run);
  scheduler.replace("a", Schedule::cron("0 * * * *"));
  CHECK(scheduler.status("a")->next_run == utc("2024-01-01 02:00"));
}

TEST_CASE("a time zone may use the scheduler that asks it: the later word counts") {
  struct Meddling final : cano::ZoneRules {
    mutable std::function<void()> meddle;  // once
    std::string_view name() const noexcept override { return "Meddling"; }
    cano::ZoneSpan span_at(std::chrono::sys_seconds) const override {
      if (const auto call = std::exchange(meddle, nullptr)) call();
      return {std::chrono::sys_seconds::min(), std::chrono::sys_seconds::max(), 0s};
    }
  };
  VirtualTime time{utc("2024-01-01 00:30")};
  Scheduler scheduler{time.get_executor()};
  const auto rules = std::make_shared<Meddling>();
  const auto hourly = Schedule::cron("0 * * * *", cano::TimeZone{rules});
  int runs = 0;
  const auto count = [&runs] { ++runs; };
  scheduler.add("a", hourly, count);

  SECTION("it replaces the schedule that has become due") {
    scheduler.start();
    rules->meddle = [&] { scheduler.replace("a", Schedule::every(10min)); };
    time.run_for(1h);
    CHECK(runs == 3);
  }
  SECTION("it replaces the schedule and throws") {
    scheduler.start();
    rules->meddle = [&] {
      scheduler.replace("a", Schedule::every(10min));
      throw std::runtime_error{"no data"};
    };
    time.run_for(1h);
    CHECK(runs == 3);
    CHECK(scheduler.status("a")->status == FlowStatus::Idle);
    CHECK(scheduler.status("a")->last_error.empty());
  }
  SECTION("it stops the scheduler when a job has become due") {
    scheduler.start();
    rules->meddle = [&] { scheduler.stop_now(); };
    time.run_for(1h);
    CHECK(runs == 0);
    CHECK_FALSE(scheduler.status("a")->next_run);
  }
  SECTION("it replaces the schedule that is to be begun with") {
    rules->meddle = [&] { scheduler.replace("a", Schedule::every(10min)); };
    scheduler.start();
    time.run_for(1h);
    CHECK(runs == 6);
  }
  SECTION("it removes the job whose schedule is being replaced") {
    scheduler.start();
    rules->meddle = [&] { scheduler.remove("a"); };
    CHECK(refusal([&] { scheduler.replace("a", hourly); }) ==
          "Job 'a': there is no job with this id");
    CHECK(scheduler.list().empty());
  }
  SECTION("it puts another job in the place of that one") {
    scheduler.start();
    rules->meddle = [&] {
      scheduler.remove("a");
      scheduler.every("a", count, 10min);
    };
    CHECK(refusal([&] { scheduler.replace("a", hourly); }) == "Job 'a': it was removed meanwhile");
    time.run_for(1h);
    CHECK(runs == 7);
  }
}

TEST_CASE_METHOD(InVirtualTime, "jobs may use their scheduler in every way") {
  int children = 0;
  scheduler.manual("parent", [&](const Occurrence& now) -> asio::awaitable<void> {
    const std::string child = "child" + std::to_string(now.run);
    scheduler.manual(child, [&children] { ++children; });
    scheduler.trigger(child);
    const auto outcome = co_await scheduler.trigger_and_wait(child);
    CHECK(scheduler.list().size() == 2);
    CHECK(scheduler.history(child).size() >= 1);
    scheduler.pause("parent");
    scheduler.resume("parent");
    scheduler.replace("parent", Schedule::every(1h));
    scheduler.remove(child);
  });
  scheduler.start();
  CHECK(time.run(scheduler.trigger_and_wait("parent")).is_success());
  CHECK(time.run(scheduler.trigger_and_wait("parent")).is_success());
  CHECK(children >= 2);
  scheduler.manual("suicide", [&] { scheduler.remove("suicide"); });
  scheduler.trigger("suicide");
  time.run_for(1s);
  CHECK_FALSE(scheduler.status("suicide"));
}

// ---- triggers and what is known

TEST_CASE_METHOD(InVirtualTime, "a trigger is refused where it would be lost") {
  scheduler.manual("a", do_nothing);
  const std::string not_running = "Job 'a': the scheduler is not running, nothing is triggered";
  CHECK(refusal([&] { scheduler.trigger("a"); }) == not_running);
  scheduler.start();
  CHECK(refusal([&] { scheduler.trigger("b"); }) == "Job 'b': there is no job with this id");
  CHECK(refusal([&] { time.run(scheduler.trigger_and_wait("b")); }) ==
        "Job 'b': there is no job with this id");
  time.run(scheduler.stop());
  CHECK(refusal([&] { scheduler.trigger("a"); }) == not_running);
}

TEST_CASE_METHOD(InVirtualTime, "trigger_and_wait gives the outcome of the run") {
  Starts starts;
  scheduler.manual("a", Slow{starts, 3s});
  scheduler.start();
  const auto before = time.wall_now();
  const JobOutcome outcome = time.run(scheduler.trigger_and_wait("a"));
  CHECK(outcome.is_success());
  CHECK(outcome.id == "a");
  CHECK(outcome.run == 1);
  CHECK(outcome.triggered);
  CHECK(outcome.nominal == before);
  CHECK(outcome.started == before);
  CHECK(outcome.elapsed == 3s);
  scheduler.trigger("a");
  CHECK(time.run(scheduler.trigger_and_wait("a")).skipped == SkipReason::Overlap);
}

TEST_CASE_METHOD(InVirtualTime, "a cancelled trigger_and_wait does not stop the run") {
  Starts starts;
  scheduler.manual("a", Slow{starts, 3s});
  scheduler.start();
  asio::cancellation_signal signal;
  std::exception_ptr ended;
  asio::co_spawn(
      time.get_executor(), scheduler.trigger_and_wait("a"),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr error, const JobOutcome&) { ended = error; }));
  time.run_for(1s);
  signal.emit(asio::cancellation_type::terminal);
  time.run_for(1s);
  CHECK(cano::detail::says_cancelled(cano::detail::traits_of(ended).kind));
  CHECK(scheduler.running_count() == 1);
  time.run_for(2s);
  CHECK(scheduler.status("a")->success_count == 1);
}

TEST_CASE_METHOD(InVirtualTime, "the list is sorted by id") {
  for (const char* id : {"b", "c", "a", "B"})
    scheduler.manual(id, do_nothing);
  std::string ids;
  for (const auto& info : scheduler.list())
    ids += info.id;
  CHECK(ids == "Babc");
}

TEST_CASE_METHOD(InVirtualTime, "the history keeps the last outcomes, skips in a row as one") {
  Starts starts;
  scheduler.every("a", Slow{starts, 3500ms}, 1s, {.history_limit = 3});
  scheduler.manual("none", do_nothing, {.history_limit = 0});
  scheduler.start();
  scheduler.trigger("none");
  time.run_for(4s);
  auto history = scheduler.history("a");
  REQUIRE(history.size() == 2);
  CHECK(history[0].skipped == SkipReason::Overlap);
  CHECK(history[0].count == 3);
  CHECK(history[1].is_success());
  CHECK(history[1].run == 1);
  time.run_for(20s);
  history = scheduler.history("a");
  REQUIRE(history.size() == 3);
  CHECK(history[1].is_success() != history[0].is_success());
  CHECK(scheduler.history("none").empty());
  CHECK(scheduler.status("none")->run_count == 1);
}

TEST_CASE_METHOD(InVirtualTime,
                 "the observer sees each occurrence become due, and what becomes of it") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  scheduler.with_observer(seen);
  Starts starts;
  scheduler.every("a", Slow{starts, 1500ms}, 1s, {.overlap = Overlap::QueueOne, .max_runs = 2});
  scheduler.start();
  time.run_for(5s);
  const auto at = [](int second) {
    return "nominal=\"2024-01-01T00:00:0" + std::to_string(second) + ".000000Z\"";
  };
  std::vector<std::string> texts;
  for (const auto& event : seen->events())
    texts.push_back(event.text());
  CHECK(texts == std::vector<std::string>{
                     "occurrence_due job=\"a\" " + at(0),
                     "occurrence_started job=\"a\" run=1 " + at(0) + " lateness_ms=0",
                     "occurrence_due job=\"a\" " + at(1), "occurrence_queued job=\"a\" " + at(1),
                     "occurrence_finished job=\"a\" run=1 outcome=\"success\" elapsed_ms=1500",
                     "occurrence_started job=\"a\" run=2 " + at(1) + " lateness_ms=500",
                     "occurrence_finished job=\"a\" run=2 outcome=\"success\" elapsed_ms=1500"});
}

TEST_CASE("an observer may use the scheduler, and one that throws is switched off") {
  struct Asking final : cano::Observer {
    Scheduler* scheduler = nullptr;
    int calls = 0;
    void on_occurrence_due(const cano::OccurrenceDue& e) override {
      ++calls;
      CHECK(scheduler->status(e.job));
      CHECK(scheduler->list().size() == 1);
    }
    void on_occurrence_finished(const cano::OccurrenceFinished&) override { throw 1; }
  };
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  const auto asking = std::make_shared<Asking>();
  asking->scheduler = &scheduler;
  scheduler.with_observer(asking);
  scheduler.every("a", do_nothing, 1s);
  scheduler.start();
  time.run_for(3s);
  CHECK(asking->calls == 1);
  CHECK(scheduler.status("a")->success_count == 4);
  REQUIRE(scheduler.observer_failures().size() == 1);
  CHECK(scheduler.observer_failures()[0].observer == asking);
  CHECK(Scheduler{time.get_executor()}.observer_failures().empty());
  CHECK(refusal([&] { scheduler.with_observer(nullptr); }) ==
        "with_observer: the observer is null");
}
