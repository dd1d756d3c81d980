// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/duration.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/spread.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/made_up_zone.hpp"
#include "support/scheduling.hpp"
#include "support/time_text.hpp"

using cano::Duration;
using cano::FlowStatus;
using cano::JobOutcome;
using cano::MemoryStore;
using cano::Occurrence;
using cano::Overlap;
using cano::Schedule;
using cano::Scheduler;
using cano::Spread;
using cano::VirtualTime;
using cano_test::do_nothing;
using cano_test::InVirtualTime;
using cano_test::refusal;
using cano_test::seconds_of;
using cano_test::Slow;
using cano_test::Starts;
using cano_test::Step;
using cano_test::utc;
namespace asio = boost::asio;
using namespace std::chrono_literals;

// g++ 12 warns of coroutines over types of an unnamed namespace.
namespace scheduler_jobs {

struct Account {
  int balance = 100;
};

}  // namespace scheduler_jobs

using scheduler_jobs::Account;

// ---- schedules

TEST_CASE_METHOD(InVirtualTime,
                 "an interval is due at its start and then at whole intervals from it") {
  Starts starts;
  scheduler.every("a", Slow{starts, 0s}, 2s);
  time.run_for(1s);
  CHECK(starts.times.empty());
  scheduler.start();
  time.run_for(7s);
  CHECK(seconds_of(starts.times, time.wall_now() - 7s) == std::vector<double>{0, 2, 4, 6});
  CHECK(starts.lateness == std::vector<Duration>(4, Duration::zero()));
}

TEST_CASE_METHOD(InVirtualTime, "an interval may begin with a pause, later, and end") {
  Starts late, dated, few, past;
  scheduler.every("late", Slow{late, 0s}, 2s, {.first_run = cano::FirstRun::AfterInterval});
  scheduler.every("dated", Slow{dated, 0s}, 2s, {.start_at = start + 3s, .end_at = start + 7s});
  scheduler.every("few", Slow{few, 0s}, 2s, {.max_runs = 2});
  scheduler.every("past", Slow{past, 0s}, 4s, {.start_at = start - 1h});
  scheduler.start();
  time.run_for(10s);
  CHECK(seconds_of(late.times, start) == std::vector<double>{2, 4, 6, 8, 10});
  CHECK(seconds_of(dated.times, start) == std::vector<double>{3, 5, 7});
  CHECK(seconds_of(few.times, start) == std::vector<double>{0, 2});
  CHECK(seconds_of(past.times, start) == std::vector<double>{0, 4, 8});
  CHECK_FALSE(scheduler.status("few")->next_run);
  CHECK_FALSE(scheduler.status("dated")->next_run);
}

TEST_CASE("a cron expression is due by the clock on the wall, never at the start itself") {
  VirtualTime time{utc("2024-03-01 09:00")};
  const auto start = time.wall_now();
  Scheduler scheduler{time.get_executor()};
  Starts starts, dated;
  scheduler.cron("a", Slow{starts, 0s}, "*/15 * * * *");
  scheduler.cron("b", Slow{dated, 0s}, "*/15 * * * *",
                 {.start_at = start + 30min, .end_at = start + 45min});
  scheduler.start();
  time.run_for(1h);
  CHECK(seconds_of(starts.times, start) == std::vector<double>{900, 1800, 2700, 3600});
  CHECK(seconds_of(dated.times, start) == std::vector<double>{1800, 2700});
}

TEST_CASE("a cron expression follows its zone and the policies for changes of the clock") {
  // Clocks go from 02:00 to 03:00 on 2025-03-30, as in Berlin.
  VirtualTime time{utc("2025-03-29 12:00")};
  Scheduler scheduler{time.get_executor()};
  Starts shifted, skipped;
  const auto schedule = Schedule::cron("30 2 * * *", cano_test::berlin_2025());
  scheduler.add("shifted", schedule, Slow{shifted, 0s});
  scheduler.add("skipped", schedule, Slow{skipped, 0s}, {.gap = cano::DstGap::Skip});
  scheduler.start();
  time.run_for(48h);
  CHECK(shifted.times ==
        std::vector<cano::system_time>{utc("2025-03-30 01:30"), utc("2025-03-31 00:30")});
  CHECK(skipped.times == std::vector<cano::system_time>{utc("2025-03-31 00:30")});
}

TEST_CASE_METHOD(InVirtualTime,
                 "jobs that are due at one time run in the order in which they were added") {
  std::string order;
  for (const char* id : {"c", "a", "b"})
    scheduler.every(id, [&order](const Occurrence& now) { order += now.id; }, 1min);
  scheduler.start();
  time.run_for(1min);
  CHECK(order == "cabcab");
}

TEST_CASE("cron jobs that are due at one time all run then, however many") {
  VirtualTime time{utc("2024-01-01 00:30")};
  Scheduler scheduler{time.get_executor()};
  Starts starts;
  for (int i = 0; i < 200; ++i)
    scheduler.cron("job " + std::to_string(i), Slow{starts, 0s}, "0 * * * *");
  scheduler.start();
  time.run_for(30min);
  CHECK(starts.times == std::vector<cano::system_time>(200, utc("2024-01-01 01:00")));
}

TEST_CASE_METHOD(
    InVirtualTime,
    "a hashed spread delays a job by the same time at each occurrence, and by its id") {
  std::set<double> delays;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "job" + std::to_string(i);
    scheduler.cron(id, do_nothing, "0 * * * *", {.spread = Spread::hashed(10min)});
    const auto runs = scheduler.next_runs(id, 3);
    REQUIRE(runs.size() == 3);
    const double delay = seconds_of({runs[0]}, start + 1h)[0];
    CHECK(delay >= 0);
    CHECK(delay <= 600);
    CHECK(runs[1] - runs[0] == 1h);
    CHECK(runs[2] - runs[1] == 1h);
    delays.insert(delay);
  }
  CHECK(delays.size() == 20);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a spread is never early and never as late as the next occurrence") {
  Starts interval, cron;
  scheduler.every("a", Slow{interval, 0s}, 10s, {.spread = Spread::random(1h)});
  scheduler.cron("b", Slow{cron, 0s}, "* * * * *", {.spread = Spread::random(1h)});
  scheduler.start();
  time.run_for(1h);
  REQUIRE(interval.times.size() >= 359);
  std::set<Duration> delays;
  for (std::size_t i = 0; i < interval.times.size(); ++i) {
    const Duration delay = interval.times[i] - (start + i * 10s);
    CHECK((delay >= 0s && delay < 10s));
    delays.insert(delay);
  }
  CHECK(delays.size() > 300);
  for (std::size_t i = 0; i < cron.times.size(); ++i) {
    const Duration delay = cron.times[i] - (start + (i + 1) * 1min);
    CHECK((delay >= 0s && delay < 1min));
  }
  CHECK(interval.lateness == std::vector<Duration>(interval.times.size()));
}

TEST_CASE("next_runs gives when a job will be due, before the start as after it") {
  VirtualTime time{utc("2024-05-01 00:00")};
  const auto start = time.wall_now();
  Scheduler scheduler{time.get_executor()};
  scheduler.every("interval", do_nothing, 90s, {.max_runs = 3});
  scheduler.cron("cron", do_nothing, "0 0 1 * *");
  scheduler.manual("manual", do_nothing);
  scheduler.every("spread", do_nothing, 1min, {.spread = Spread::random(30s)});
  using Times = std::vector<cano::system_time>;
  CHECK(scheduler.next_runs("interval", 5) == Times{start, start + 90s, start + 180s});
  scheduler.start();
  time.run_for(100s);
  CHECK(scheduler.next_runs("interval", 5) == Times{start + 180s});
  CHECK(scheduler.status("interval")->next_run == start + 180s);
  CHECK(scheduler.next_runs("cron", 2) == Times{utc("2024-06-01 00:00"), utc("2024-07-01 00:00")});
  CHECK(scheduler.next_runs("manual", 2).empty());
  CHECK(scheduler.next_runs("cron", 0).empty());
  Starts seen;
  const Times foretold = scheduler.next_runs("spread", 4);
  scheduler.remove("interval");
  std::vector<cano::system_time> ran;
  for (const auto& next : foretold) {
    time.run_until(next);
    ran.push_back(*scheduler.status("spread")->last_run);
  }
  CHECK(ran == foretold);
  CHECK(refusal([&] { (void)scheduler.next_runs("interval", 1); }) ==
        "Job 'interval': there is no job with this id");
}

// ---- jobs

TEST_CASE_METHOD(InVirtualTime, "a workflow gets a fresh store for each run, and its run id") {
  std::vector<std::string> ids;
  cano::Workflow<Step> workflow{Step::Begin};
  workflow
      .add(Step::Begin,
           [&ids](MemoryStore& store, cano::TaskContext& context) {
             CHECK(store.empty());
             store.put("left behind", 1);
             ids.emplace_back(context.run_id());
             return Step::End;
           })
      .add_exit_state(Step::End);
  scheduler.every("flow", workflow, 1s);
  scheduler.start();
  time.run_for(2s);
  CHECK(ids == std::vector<std::string>{"flow#1", "flow#2", "flow#3"});
}

TEST_CASE_METHOD(InVirtualTime, "workflows of different states and stores share a scheduler") {
  int balance = 0;
  cano::Workflow<std::string, Account> named{"open"};
  named
      .add("open",
           [&balance](Account& account) {
             balance = ++account.balance;
             return std::string{"closed"};
           })
      .add_exit_state("closed");
  cano::Workflow<Step> failing{Step::Begin};
  failing.add(Step::Begin, [](MemoryStore&) -> Step { throw std::logic_error{"no such table"}; });
  scheduler.manual("named", named);
  scheduler.manual("failing", failing);
  scheduler.start();
  CHECK(time.run(scheduler.trigger_and_wait("named")).is_success());
  CHECK(balance == 101);
  const JobOutcome outcome = time.run(scheduler.trigger_and_wait("failing"));
  CHECK(outcome.is_failed());
  CHECK(outcome.error_message() == "no such table");
  CHECK_THROWS_AS(std::rethrow_exception(outcome.error), std::logic_error);
  CHECK(scheduler.status("failing")->status == FlowStatus::Failed);
}

TEST_CASE_METHOD(InVirtualTime, "a batch is a job; it fails when an instance does") {
  std::atomic<int> calls{0};
  cano::ConcurrentWorkflow<Step> workflow{Step::Begin};
  workflow
      .add(Step::Begin,
           [&calls](MemoryStore&) {
             if (++calls > 3 && calls % 3 == 0) throw std::logic_error{"third"};
             return Step::End;
           })
      .add_exit_state(Step::End);
  scheduler.manual("batch", workflow.batch(3, cano::WaitForever{}));
  CHECK(scheduler.status("batch")->concurrent_instances == 3);
  CHECK_FALSE(scheduler.status("batch")->last_batch);
  scheduler.start();
  CHECK(time.run(scheduler.trigger_and_wait("batch")).is_success());
  CHECK(scheduler.status("batch")->last_batch->completed == 3);
  const JobOutcome outcome = time.run(scheduler.trigger_and_wait("batch"));
  CHECK(outcome.is_failed());
  CHECK(outcome.error_message() ==
        "Task execution error: 1 of 3 instances failed, the first with: third");
  CHECK(scheduler.status("batch")->last_batch->failed == 1);
  CHECK(scheduler.status("batch")->failure_count == 1);
}

TEST_CASE_METHOD(InVirtualTime, "a batch of which a stop left something undone was cancelled") {
  cano::ConcurrentWorkflow<Step> workflow{Step::Begin};
  workflow
      .add(Step::Begin,
           [](MemoryStore&) -> asio::awaitable<Step> {
             co_await cano::sleep_for(1h);
             co_return Step::End;
           })
      .add_exit_state(Step::End);
  scheduler.manual("batch", workflow.batch(2, cano::WaitForever{}));
  scheduler.start();
  scheduler.trigger("batch");
  time.run_for(1s);
  const auto report = time.run(scheduler.stop(0s));
  CHECK(report.cancelled == std::vector<std::string>{"batch"});
  const auto status = *scheduler.status("batch");
  CHECK(status.cancel_count == 1);
  CHECK(status.last_batch->cancelled == 2);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a batch that came to its end is a success, whatever is asked then") {
  cano::ConcurrentWorkflow<Step> workflow{Step::Begin};
  workflow
      .add(Step::Begin,
           [this](MemoryStore&) {
             scheduler.stop_now();
             return Step::End;
           })
      .add_exit_state(Step::End);
  scheduler.manual("batch", workflow.batch(1, cano::WaitForever{}));
  scheduler.start();
  scheduler.trigger("batch");
  time.run_until_idle();
  const auto status = *scheduler.status("batch");
  REQUIRE(status.last_batch);
  CHECK(status.success_count == status.last_batch->completed);
  CHECK(status.cancel_count == status.last_batch->cancelled);
  CHECK(status.success_count + status.cancel_count == 1);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a job that throws anything has failed, and runs again when it is due") {
  int calls = 0;
  scheduler.every(
      "coroutine",
      [&calls]() -> asio::awaitable<void> {
        co_await cano::sleep_for(1ms);
        if (++calls % 2 == 1) throw calls;
      },
      1s);
  scheduler.every("function", [] { throw std::string{"text"}; }, 1s);
  scheduler.every("never begun", []() -> asio::awaitable<void> { throw "early"; }, 1s);
  scheduler.every("no coroutine", [] { return asio::awaitable<void>{}; }, 1s);
  scheduler.start();
  time.run_for(3500ms);
  const auto status = *scheduler.status("coroutine");
  CHECK(status.run_count == 4);
  CHECK(status.success_count == 2);
  CHECK(status.failure_count == 2);
  CHECK(status.last_error == "exception of type int: 3");
  CHECK(status.last_failure == time.wall_now() - 1499ms);
  CHECK(status.status == FlowStatus::Idle);
  CHECK(scheduler.status("function")->last_error == "text");
  CHECK(scheduler.status("function")->failure_count == 4);
  CHECK(scheduler.status("never begun")->last_error == "early");
  CHECK(scheduler.status("no coroutine")->last_error ==
        "Task execution error: The job returned an Async or awaitable that holds no coroutine: it "
        "was moved from or has been awaited");
}

TEST_CASE_METHOD(InVirtualTime, "a job that only moves, a function and a std::function are jobs") {
  int sum = 0;
  scheduler.manual("moves", [&sum, part = std::make_unique<int>(1)] { sum += *part; });
  scheduler.manual("pointer", &do_nothing);
  scheduler.manual("function", std::function<void()>{[&sum] { sum += 10; }});
  scheduler.start();
  for (const char* id : {"moves", "pointer", "function"})
    CHECK(time.run(scheduler.trigger_and_wait(id)).is_success());
  CHECK(sum == 11);
}

TEST_CASE_METHOD(InVirtualTime, "what cannot be a job is refused, and nothing is added") {
  scheduler.manual("a", do_nothing);
  CHECK(refusal([&] { scheduler.every("a", do_nothing, 1s); }) ==
        "Job 'a': another job has this id");
  CHECK(refusal([&] { scheduler.manual("", do_nothing); }) == "Job '': the id is empty");
  CHECK(refusal([&] { scheduler.manual("b", std::function<void()>{}); }) ==
        "Job 'b': the function is empty");
  CHECK(refusal([&] { scheduler.every("b", do_nothing, 0s); }) ==
        "Schedule::every: the interval must be at least 1 ns, not 0 s");
  CHECK(refusal([&] { scheduler.cron("b", do_nothing, "61 * * * *"); }).find("minute") !=
        std::string::npos);
  CHECK(refusal([&] { scheduler.manual("b", do_nothing, {.misfire_grace = -1s}); }) ==
        "Job 'b': misfire_grace is negative");
  CHECK(refusal([&] { scheduler.manual("b", do_nothing, {.max_runs = 0}); }) ==
        "Job 'b': max_runs must be at least 1, not 0");
  const auto now = time.wall_now();
  CHECK(refusal([&] {
          scheduler.manual("b", do_nothing, {.start_at = now, .end_at = now - 1s});
        }) == "Job 'b': end_at is earlier than start_at");
  CHECK(scheduler.list().size() == 1);
}

TEST_CASE("a time zone that throws fails its job, and no other") {
  struct Broken final : cano::ZoneRules {
    std::string_view name() const noexcept override { return "Nowhere"; }
    cano::ZoneSpan span_at(std::chrono::sys_seconds time) const override {
      if (time > utc("2024-01-01 02:30")) throw std::runtime_error{"no data"};
      return {utc("2000-01-01 00:00"), utc("2024-01-01 02:00"), 0s};
    }
  };
  VirtualTime time{utc("2024-01-01 00:30")};
  Scheduler scheduler{time.get_executor()};
  const cano::TimeZone zone{std::make_shared<Broken>()};
  scheduler.add("bad", Schedule::cron("0 * * * *", zone), do_nothing);
  scheduler.cron("good", do_nothing, "0 * * * *");
  scheduler.start();
  time.run_for(5h);
  CHECK(scheduler.status("good")->run_count == 5);
  CHECK(scheduler.status("bad")->status == FlowStatus::Failed);
  CHECK(scheduler.status("bad")->last_error.find("Nowhere") != std::string::npos);
  CHECK_FALSE(scheduler.status("bad")->next_run);
}

// ---- executors

TEST_CASE("on a Runtime runs are spread over the shards") {
  cano::Runtime runtime{3};
  Scheduler scheduler{runtime};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  scheduler.manual("a",
                   [&] {
                     const std::lock_guard lock{mutex};
                     threads.insert(std::this_thread::get_id());
                   },
                   {.overlap = Overlap::Allow(100)});
  scheduler.start();
  for (int i = 0; i < 30; ++i)
    scheduler.trigger("a");
  const auto report = cano::run(scheduler.stop());
  CHECK(report.completed.size() <= 30);
  CHECK(scheduler.status("a")->success_count == 30);
  CHECK(threads.size() == 3);
}
