// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/branch_result.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/duration.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/shutdown_report.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/scheduling.hpp"

using cano::Duration;
using cano::MemoryStore;
using cano::Occurrence;
using cano::Overlap;
using cano::Scheduler;
using cano_test::insist;
using cano_test::InVirtualTime;
using cano_test::refusal;
using cano_test::Slow;
using cano_test::Starts;
using cano_test::Step;
namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST_CASE_METHOD(InVirtualTime, "a scheduler is started once, and again after it has stopped") {
  Starts starts;
  scheduler.every("a", Slow{starts, 1s}, 10s);
  CHECK(time.run(scheduler.stop()).is_clean());
  scheduler.start();
  CHECK(refusal([&] { scheduler.start(); }) ==
        "Scheduler::start: the scheduler is running already");
  time.run_for(5500ms);
  scheduler.trigger("a");
  time.run_for(Duration::zero());
  scheduler.stop_now();
  CHECK(refusal([&] { scheduler.start(); }) ==
        "Scheduler::start: the scheduler is still stopping, wait for stop()");
  time.run(scheduler.stop());
  time.run_for(1h);
  CHECK(starts.times.size() == 2);
  scheduler.start();
  time.run_for(15s);
  CHECK(starts.times.size() == 4);
  CHECK(scheduler.status("a")->run_count == 4);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a stop lets runs end in the time it gives, and cancels and joins the others") {
  Starts starts;
  bool done = false;
  scheduler.every("quick", Slow{starts, 1s}, 1h);
  scheduler.every("slow", Slow{starts, 1h}, 1h);
  scheduler.every("deaf", [&done] { return insist(10s, done); }, 1h);
  scheduler.every("queues", Slow{starts, 2s}, 200ms, {.overlap = Overlap::QueueAll(9)});
  scheduler.start();
  time.run_for(500ms);
  CHECK(scheduler.running_count() == 4);
  const auto before = time.elapsed();
  const auto report = time.run(scheduler.stop(5s));
  CHECK(time.elapsed() - before == 9500ms);  // the deaf one is waited for
  CHECK(report.completed == std::vector<std::string>{"deaf", "queues", "quick"});
  CHECK(report.cancelled == std::vector<std::string>{"slow"});
  CHECK(report.dropped == 2);
  CHECK(report.elapsed == 9500ms);
  CHECK_FALSE(report.is_clean());
  CHECK(done);
  CHECK(starts.ended() == starts.begun);
  CHECK(scheduler.running_count() == 0);
  CHECK(scheduler.history("slow").back().is_cancelled());
  CHECK(scheduler.status("queues")->occurrences.shutdown == 2);
  const auto again = time.run(scheduler.stop());
  CHECK(again.cancelled == report.cancelled);
}

TEST_CASE_METHOD(InVirtualTime, "a stop may give a time that overflows") {
  scheduler.manual("slow", [] { return cano::sleep_for(24h); });
  scheduler.start();
  scheduler.trigger("slow");
  time.run_for(1s);
  CHECK(time.run(scheduler.stop(std::chrono::hours::max())).is_clean());
  CHECK(scheduler.status("slow")->success_count == 1);
}

TEST_CASE_METHOD(InVirtualTime, "stops that meet wait for one end, and the shorter time counts") {
  Starts starts;
  scheduler.every("a", Slow{starts, 1h}, 2h);
  scheduler.start();
  time.run_for(1s);
  std::vector<Duration> ends;
  for (const Duration drain : {Duration{20s}, Duration{5s}, Duration{30min}}) {
    asio::co_spawn(time.get_executor(), scheduler.stop(drain),
                   [&](std::exception_ptr, const cano::ShutdownReport& report) {
                     CHECK(report.cancelled.size() == 1);
                     ends.push_back(time.elapsed());
                   });
  }
  time.run_for(1min);
  CHECK(ends == std::vector<Duration>(3, Duration{6s}));
}

TEST_CASE_METHOD(InVirtualTime, "a job may stop its scheduler and wait for it") {
  Starts starts;
  std::optional<cano::ShutdownReport> report;
  scheduler.every("a", Slow{starts, 3s}, 1h);
  const auto stop_it = [&]() -> asio::awaitable<void> {
    co_await cano::sleep_for(1s);
    report = co_await scheduler.stop(10s);
    co_await cano::sleep_for(1s);  // it is not cancelled
  };
  scheduler.every("stopper", stop_it, 1h);
  scheduler.every("other stopper", stop_it, 1h);
  scheduler.start();
  time.run_for(3500ms);
  REQUIRE(report);
  CHECK(report->completed == std::vector<std::string>{"a"});
  CHECK(scheduler.running_count() == 2);
  time.run_for(1s);
  CHECK(scheduler.running_count() == 0);
  CHECK(scheduler.status("stopper")->success_count == 1);
  scheduler.start();
  time.run_for(Duration::zero());
  CHECK(scheduler.running_count() == 3);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a job that gives others no time to end is not cancelled with them") {
  Starts starts;
  std::optional<cano::ShutdownReport> report;
  scheduler.every("a", Slow{starts, 1h}, 2h);
  scheduler.manual("stopper", [&]() -> asio::awaitable<void> {
    report = co_await scheduler.stop(0s);
    co_await cano::sleep_for(1s);
  });
  scheduler.start();
  time.run_for(1s);
  scheduler.trigger("stopper");
  time.run_for(500ms);
  REQUIRE(report);
  CHECK(report->cancelled == std::vector<std::string>{"a"});
  CHECK(scheduler.running_count() == 1);
  time.run_for(1s);
  CHECK(scheduler.status("stopper")->success_count == 1);
}

TEST_CASE_METHOD(
    InVirtualTime,
    "a job that fails for a reason of its own after a stop is cancelled, and says it") {
  bool done = false;
  scheduler.manual("a", [&done]() -> asio::awaitable<void> {
    co_await insist(1s, done);
    throw std::runtime_error{"own"};
  });
  scheduler.start();
  scheduler.trigger("a");
  time.run_for(500ms);
  const auto report = time.run(scheduler.stop(0s));
  CHECK(done);
  CHECK(report.cancelled == std::vector<std::string>{"a"});
  CHECK(scheduler.status("a")->failure_count == 0);
  CHECK(scheduler.history("a").back().is_cancelled());
  CHECK(scheduler.history("a").back().error_message() == "own");
}

TEST_CASE("a task of a workflow may stop the scheduler that runs it") {
  asio::io_context context;
  Scheduler scheduler{context.get_executor()};
  cano::Workflow<Step> workflow{Step::Begin};
  bool stopped = false;
  workflow
      .add(Step::Begin,
           [&](MemoryStore&) -> asio::awaitable<Step> {
             co_await scheduler.stop();
             stopped = true;
             co_return Step::End;
           })
      .add_exit_state(Step::End);
  scheduler.manual("a", workflow);
  scheduler.start();
  scheduler.trigger("a");
  context.run();  // returns: a scheduler that has stopped is no work
  CHECK(stopped);
  CHECK(scheduler.status("a")->success_count == 1);
}

TEST_CASE(
    "a job of coroutines of both types may stop its scheduler, however deep and by whatever way") {
  asio::io_context context;
  Scheduler scheduler{context.get_executor()};
  int stopped = 0;
  const auto stop = [&]() -> cano::Async<void> {
    auto stopping = scheduler.stop();
    co_await std::move(stopping);
    ++stopped;
  };
  const auto in_awaitable = [&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    const auto strand = asio::make_strand(executor);
    co_await asio::co_spawn(strand, stop(), asio::use_awaitable);
    co_await stop();
  };
  scheduler.manual("async", stop);
  scheduler.manual("awaitable in async", [&]() -> cano::Async<void> {
    auto stopping = in_awaitable();
    co_await std::move(stopping);
  });
  scheduler.manual("async in awaitable", [&]() -> asio::awaitable<void> {
    co_await stop();
    co_await in_awaitable();
  });
  scheduler.start();
  for (const char* id : {"async", "awaitable in async", "async in awaitable"})
    scheduler.trigger(id);
  context.run();
  CHECK(stopped == 6);
  for (const auto& info : scheduler.list())
    CHECK(info.success_count == 1);
}

TEST_CASE_METHOD(InVirtualTime,
                 "a job that is an Async fails, is cancelled and ends as others do") {
  scheduler.manual("fails", []() -> cano::Async<void> {
    throw std::runtime_error{"own"};
    co_return;
  });
  scheduler.manual("empty", [] { return cano::Async<void>{}; });
  scheduler.manual("waits", [](const Occurrence&) -> cano::Async<void> {
    auto waiting = cano::sleep_for(1h);
    co_await std::move(waiting);
  });
  scheduler.start();
  for (const char* id : {"fails", "empty", "waits"})
    scheduler.trigger(id);
  time.run_for(1s);
  CHECK(scheduler.status("fails")->last_error == "own");
  CHECK(scheduler.status("empty")->last_error ==
        "Task execution error: The job returned an Async or awaitable that holds no coroutine: it "
        "was moved from or has been awaited");
  CHECK(scheduler.running_count() == 1);
  const auto report = time.run(scheduler.stop(1s));
  CHECK(report.cancelled == std::vector<std::string>{"waits"});
  CHECK(time.elapsed() == 2s);
}

TEST_CASE_METHOD(InVirtualTime, "stop_now cancels without waiting") {
  Starts starts;
  scheduler.every("a", Slow{starts, 1h}, 2h);
  scheduler.start();
  time.run_for(1s);
  scheduler.stop_now();
  CHECK(scheduler.running_count() == 1);
  const auto report = time.run(scheduler.stop(1h));
  CHECK(report.cancelled == std::vector<std::string>{"a"});
  CHECK(time.elapsed() == 1s);
}

TEST_CASE_METHOD(InVirtualTime, "a job learns by its stop token that it is to end") {
  bool asked = false;
  scheduler.manual("a", [&](Occurrence now) -> asio::awaitable<void> {
    const std::stop_callback callback{now.stop, [&] { asked = true; }};
    co_await cano::sleep_for(1h);
  });
  scheduler.start();
  scheduler.trigger("a");
  time.run_for(1s);
  scheduler.stop_now();
  CHECK(asked);
  time.run(scheduler.stop());
}

TEST_CASE_METHOD(InVirtualTime, "a run that was to end before it began does not begin") {
  bool ran = false;
  scheduler.manual("a", [&ran] { ran = true; });
  scheduler.start();
  scheduler.trigger("a");
  scheduler.stop_now();
  const auto report = time.run(scheduler.stop());
  CHECK(report.cancelled.size() + report.completed.size() == 1);
  CHECK(ran == report.cancelled.empty());
}

// ---- a task of a run that stops the scheduler of the run

namespace {

cano::Async<const cano::detail::Loop*> this_loop() {
  const cano::detail::Environment& environment = co_await cano::detail::ThisEnvironment{};
  co_return &environment.loop();
}

// A scheduler and a job that is part of it. What the job does on other loops than its own stops the
// scheduler. A stop that is not known as the job's own waits for the job, which waits for the stop,
// until the job is cancelled.
struct StoppedElsewhere {
  Scheduler scheduler;
  std::atomic<const cano::detail::Loop*> home{nullptr};
  std::atomic<int> stopped{0};

  template <class Place> explicit StoppedElsewhere(Place& place) : scheduler{place} {}

  cano::Async<void> stop() {
    auto asking = this_loop();
    const cano::detail::Loop* const here = co_await std::move(asking);
    if (here == home) {
      while (stopped == 0)
        co_await cano::yield_now();
    } else {
      auto stopping = scheduler.stop(20s);
      co_await std::move(stopping);
      ++stopped;
    }
  }

  // A workflow whose task does that, as a coroutine of that type.
  template <class Coroutine> cano::Workflow<Step> workflow() {
    const auto task = [this](MemoryStore&) -> Coroutine {
      co_await stop();
      co_return Step::End;
    };
    return cano::Workflow<Step>{Step::Begin}.add(Step::Begin, task).add_exit_state(Step::End);
  }

  // `work`: what the job does, it gives an `Async<void>`.
  template <class Work> void check(Work work) {
    scheduler.manual("job", [&]() -> cano::Async<void> {
      auto asking = this_loop();
      home = co_await std::move(asking);
      auto working = work();
      co_await std::move(working);
    });
    scheduler.start();
    const auto outcome = cano::run(scheduler.trigger_and_wait("job"));
    CHECK(outcome.is_success());
    CHECK(outcome.error_message().empty());
    CHECK(cano::run(scheduler.stop()).is_clean());
    CHECK(stopped > 0);
  }
};

// One instance at a time on each loop, so that there are some on every loop.
template <class Coroutine> auto batch_of(StoppedElsewhere& job) {
  return cano::ConcurrentWorkflow{job.workflow<Coroutine>()}.with_max_in_flight(3).batch(
      6, cano::WaitForever{});
}

template <class Coroutine, class Place> void check_batch(Place& place) {
  StoppedElsewhere job{place};
  const auto batch = batch_of<Coroutine>(job);
  job.check([&]() -> cano::Async<void> {
    auto running = batch.execute();
    const auto result = co_await std::move(running);
    CHECK(result.status.completed == 6);
  });
}

}  // namespace

TEST_CASE("an instance of a batch in a scheduled run may stop the scheduler, on any shard") {
  cano::Runtime runtime{3};
  SECTION("Async") { check_batch<cano::Async<Step>>(runtime); }
  SECTION("asio::awaitable") { check_batch<asio::awaitable<Step>>(runtime); }
}

TEST_CASE("an instance of a batch in a scheduled run may stop the scheduler, on any strand") {
  asio::thread_pool pool{3};
  const auto executor = pool.get_executor();
  SECTION("Async") { check_batch<cano::Async<Step>>(executor); }
  SECTION("asio::awaitable") { check_batch<asio::awaitable<Step>>(executor); }
  pool.join();
}

TEST_CASE("a batch that is itself the job may stop its scheduler") {
  cano::Runtime runtime{3};
  StoppedElsewhere job{runtime};
  job.scheduler.manual("job", batch_of<cano::Async<Step>>(job));
  job.scheduler.start();
  CHECK(cano::run(job.scheduler.trigger_and_wait("job")).is_success());
  CHECK(job.stopped == 6);
}

TEST_CASE("a branch of a workflow in a scheduled run may stop the scheduler, on any shard") {
  cano::Runtime runtime{3};
  StoppedElsewhere job{runtime};
  const auto async = [&job](const MemoryStore&) { return job.stop(); };
  const auto awaitable = [&job](const MemoryStore&) -> asio::awaitable<void> {
    co_await job.stop();
  };
  const auto end = [](MemoryStore&, cano::BranchResult<std::monostate>&) { return Step::End; };
  const auto check = [&](const auto& branch) {
    const auto workflow =
        cano::Workflow<Step>{Step::Begin}
            .add(Step::Begin, cano::split(branch).on(runtime).join(cano::Join::all(), end))
            .add_exit_state(Step::End);
    job.check([&]() -> cano::Async<void> {
      MemoryStore store;
      auto running = workflow.orchestrate(store);
      co_await std::move(running);
    });
  };
  SECTION("Async") { check(async); }
  SECTION("asio::awaitable") { check(awaitable); }
}

TEST_CASE("a workflow that a scheduled run awaits on another shard may stop the scheduler") {
  cano::Runtime runtime{3};
  StoppedElsewhere job{runtime};
  const auto check = [&](const auto& workflow) {
    job.check([&]() -> cano::Async<void> {
      for (std::size_t i = 0; i < runtime.size(); ++i) {
        if (cano::detail::Loop::of(runtime.shard(i)).get() == job.home) continue;
        MemoryStore store;
        auto running = workflow.async_orchestrate(runtime.shard(i), store, asio::deferred);
        co_await std::move(running);
      }
    });
    CHECK(job.stopped == 2);
  };
  SECTION("Async") { check(job.workflow<cano::Async<Step>>()); }
  SECTION("asio::awaitable") { check(job.workflow<asio::awaitable<Step>>()); }
}

TEST_CASE_METHOD(InVirtualTime, "a task of a group that a scheduled run made may stop it") {
  std::optional<cano::ShutdownReport> report;
  scheduler.manual("job", [&]() -> cano::Async<void> {
    cano::TaskGroup group{co_await asio::this_coro::executor};
    const auto stop = [&]() -> cano::Async<void> {
      auto stopping = scheduler.stop(1h);
      report = co_await std::move(stopping);
    };
    group.spawn(stop());
    auto joined = group.join();
    co_await std::move(joined);
  });
  scheduler.start();
  CHECK(time.run(scheduler.trigger_and_wait("job")).is_success());
  REQUIRE(report);
  CHECK(report->is_clean());
  CHECK(time.elapsed() == 0s);
}

TEST_CASE_METHOD(InVirtualTime, "a run of a scheduler inside a run may stop the outer scheduler") {
  std::optional<cano::ShutdownReport> report;
  scheduler.manual("outer", [&]() -> cano::Async<void> {
    const auto executor = co_await asio::this_coro::executor;
    Scheduler inner{executor};
    inner.manual("inner", [&]() -> cano::Async<void> {
      auto stopping = scheduler.stop(1h);
      report = co_await std::move(stopping);
    });
    inner.start();
    auto running = inner.trigger_and_wait("inner");
    const auto outcome = co_await std::move(running);
    CHECK(outcome.is_success());
    auto stopping = inner.stop();
    co_await std::move(stopping);
  });
  scheduler.start();
  CHECK(time.run(scheduler.trigger_and_wait("outer")).is_success());
  REQUIRE(report);
  CHECK(report->is_clean());
  CHECK(time.elapsed() == 0s);
}

TEST_CASE_METHOD(InVirtualTime, "a job that stops another scheduler waits for the runs of that") {
  Scheduler other{time.get_executor()};
  other.manual("slow", [] { return cano::sleep_for(3s); });
  scheduler.manual("stops the other", [&]() -> cano::Async<void> {
    auto stopping = other.stop();
    co_await std::move(stopping);
  });
  other.start();
  scheduler.start();
  other.trigger("slow");
  CHECK(time.run(scheduler.trigger_and_wait("stops the other")).elapsed == 3s);
}

namespace {

// What each kind of job makes of its cancellation.
cano::Async<void> turns_it_into_a_failure() {
  bool cancelled = false;
  try {
    co_await cano::sleep_for(1h);
  } catch (...) {
    cancelled = true;
  }
  if (cancelled) throw std::logic_error{"half done"};
}
asio::awaitable<void> awaits_either() {
  using namespace asio::experimental::awaitable_operators;
  const auto waits = []() -> asio::awaitable<void> { co_await cano::sleep_for(1h); };
  co_await (waits() || waits());
}

}  // namespace

TEST_CASE_METHOD(InVirtualTime, "a job that fails after it was stopped is cancelled, by one rule") {
  const auto step = [](MemoryStore&) -> cano::Async<Step> {
    co_await turns_it_into_a_failure();
    co_return Step::End;
  };
  const auto workflow = cano::Workflow<Step>{Step::Begin}.add(Step::Begin, step);
  scheduler.manual("coroutine", turns_it_into_a_failure);
  scheduler.manual("either", awaits_either);
  scheduler.manual("workflow", workflow);
  scheduler.manual("batch", cano::ConcurrentWorkflow{workflow}.batch(2, cano::WaitForever{}));
  scheduler.start();
  for (const auto& info : scheduler.list())
    scheduler.trigger(info.id);
  time.run_for(1s);
  CHECK(scheduler.running_count() == 4);
  time.run(scheduler.stop(Duration::zero()));
  for (const auto& info : scheduler.list()) {
    INFO(info.id);
    REQUIRE_FALSE(scheduler.history(info.id).empty());
    CHECK(scheduler.history(info.id).back().is_cancelled());
    CHECK(info.failure_count == 0);
  }
}

TEST_CASE("scheduled runs on a Runtime are on the loops of its shards") {
  cano::Runtime runtime{2};
  std::mutex mutex;
  std::set<const cano::detail::Loop*> loops;
  const auto notes = [&]() -> cano::Async<void> {
    cano::detail::Environment& environment = co_await cano::detail::ThisEnvironment{};
    const std::lock_guard lock{mutex};
    loops.insert(&environment.loop());
  };
  cano::Scheduler scheduler{runtime};
  scheduler.manual("a", notes, {.overlap = Overlap::QueueAll(9)});
  scheduler.start();
  for (int i = 0; i < 4; ++i)
    CHECK(cano::run(scheduler.trigger_and_wait("a")).is_success());
  const std::set<const cano::detail::Loop*> shards{cano::detail::Loop::of(runtime.shard(0)).get(),
                                                   cano::detail::Loop::of(runtime.shard(1)).get()};
  CHECK(loops == shards);
}
