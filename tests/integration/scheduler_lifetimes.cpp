// SPDX-License-Identifier: MIT

// The order of destruction: the scheduler, its execution context, a job, a waiter. For
// AddressSanitizer.

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cano/async/async.hpp>
#include <cano/duration.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/shutdown_report.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/run.hpp>

#include "support/catch.hpp"

using cano::JobOutcome;
using cano::Overlap;
using cano::Scheduler;
using cano::VirtualTime;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// A job that says whether something of it is still alive.
struct Sleeper {
  std::shared_ptr<int> token;

  asio::awaitable<void> operator()() const {
    const auto held = token;
    co_await cano::sleep_for(1h);
  }
};

}  // namespace

TEST_CASE("destroying a scheduler cancels its runs and does not wait for them") {
  VirtualTime time;
  const auto token = std::make_shared<int>();
  auto scheduler = std::make_unique<Scheduler>(time.get_executor());
  const auto seen = std::make_shared<cano::RecordingObserver>();
  scheduler->with_observer(seen);
  scheduler->every("a", Sleeper{token}, 2h);
  scheduler->start();
  time.run_for(1s);
  CHECK(token.use_count() == 3);
  scheduler.reset();
  CHECK(token.use_count() == 3);
  time.run_for(cano::Duration::zero());
  CHECK(token.use_count() == 1);
  CHECK(time.elapsed() == 1s);
  CHECK(seen->all("occurrence_finished").at(0).text().find("cancelled") != std::string::npos);
}

TEST_CASE("a scheduler that was never started, or has no time to begin, leaves nothing behind") {
  VirtualTime time;
  const auto token = std::make_shared<int>();
  {
    Scheduler idle{time.get_executor()};
    idle.every("a", Sleeper{token}, 1s);
    Scheduler started{time.get_executor()};
    started.every("a", Sleeper{token}, 1s);
    started.start();
    started.trigger("a");
  }
  time.run_for(1s);
  CHECK(token.use_count() == 1);
}

TEST_CASE("an execution context may be destroyed before its scheduler") {
  const auto token = std::make_shared<int>();
  const auto test = [&](auto make_context, auto work) {
    auto context = make_context();
    Scheduler scheduler{context->get_executor()};
    scheduler.manual("a", Sleeper{token}, {.overlap = Overlap::QueueAll(3)});
    scheduler.every("b", Sleeper{token}, 1h);
    scheduler.cron("c", Sleeper{token}, "* * * * *");
    scheduler.start();
    for (int i = 0; i < 3; ++i)
      scheduler.trigger("a");
    asio::co_spawn(*context, scheduler.trigger_and_wait("a"), asio::detached);
    work(*context);
    context.reset();
    CHECK(scheduler.running_count() == 0);
    const auto info = *scheduler.status("a");
    CHECK(info.cancel_count == 1);
    CHECK(info.occurrences.shutdown >= 2);
    CHECK(info.occurrences.due == info.occurrences.started + info.occurrences.skipped());
    CHECK(scheduler.history("a").size() == 2);
    CHECK(scheduler.list().size() == 3);
  };
  const auto make_context = [] { return std::make_unique<asio::io_context>(); };
  test(make_context, [](asio::io_context& context) { context.poll(); });
  test(make_context, [](asio::io_context&) {});
  CHECK(token.use_count() == 1);
}

TEST_CASE("a job's coroutines are destroyed before the job and its occurrence") {
  std::string seen;
  struct Reads {
    const cano::Occurrence& now;
    std::string& seen;
    ~Reads() { seen += now.id; }
  };
  const auto waits = [&](const cano::Occurrence& now) -> asio::awaitable<void> {
    const Reads reads{now, seen};
    co_await cano::sleep_for(1h);
  };
  auto context = std::make_unique<asio::io_context>();
  Scheduler scheduler{context->get_executor()};
  scheduler.every("awaitable", waits, 2h);
  scheduler.every(
      "async",
      [&](const cano::Occurrence& now) -> cano::Async<void> {
        const Reads reads{now, seen};
        auto waiting = waits(now);
        co_await std::move(waiting);
      },
      2h);
  scheduler.start();
  context->poll();
  context.reset();
  CHECK(seen.size() == std::string{"awaitableasyncasync"}.size());
  CHECK(scheduler.list().size() == 2);
  for (const auto& info : scheduler.list())
    CHECK(info.cancel_count == 1);
}

TEST_CASE("virtual time may be destroyed before its scheduler") {
  const auto token = std::make_shared<int>();
  std::optional<VirtualTime> time{std::in_place};
  Scheduler scheduler{time->get_executor()};
  scheduler.every("a", Sleeper{token}, 2h);
  scheduler.start();
  time->run_for(3s);
  time.reset();
  CHECK(scheduler.status("a")->cancel_count == 1);
  scheduler.remove("a");
  CHECK(token.use_count() == 1);
}

TEST_CASE("a Runtime may be destroyed before its scheduler") {
  const auto token = std::make_shared<int>();
  for (int i = 0; i < 20; ++i) {
    std::optional<cano::Runtime> runtime{std::in_place, 3U};
    Scheduler scheduler{*runtime};
    scheduler.every("a", Sleeper{token}, 100us, {.overlap = Overlap::Allow(50)});
    scheduler.start();
    cano::run(cano::sleep_for(1ms));
    runtime.reset();
    CHECK(scheduler.running_count() == 0);
    CHECK(scheduler.status("a")->cancel_count == scheduler.status("a")->run_count);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("a waiter on another executor learns that the scheduler's is gone") {
  auto context = std::make_unique<asio::io_context>();
  asio::io_context other;
  Scheduler scheduler{context->get_executor()};
  scheduler.manual("a", [] { return cano::sleep_for(1h); }, {.overlap = Overlap::QueueOne});
  scheduler.start();
  scheduler.trigger("a");
  context->poll();
  std::optional<JobOutcome> outcome;
  std::optional<cano::ShutdownReport> report;
  asio::co_spawn(other, scheduler.trigger_and_wait("a"),
                 [&](std::exception_ptr, JobOutcome ended) { outcome = std::move(ended); });
  other.poll();
  asio::co_spawn(other, scheduler.stop(1h), [&](std::exception_ptr, cano::ShutdownReport ended) {
    report = std::move(ended);
  });
  other.poll();
  REQUIRE(outcome);  // dropped when the stop began
  CHECK(outcome->skipped == cano::SkipReason::Shutdown);
  CHECK_FALSE(report);
  context.reset();
  other.run();
  REQUIRE(report);
  CHECK(report->cancelled.size() == 1);
}

TEST_CASE("the executor of a waiter may be destroyed before the scheduler's") {
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  scheduler.manual("a", [] { return cano::sleep_for(1s); });
  scheduler.start();
  {
    asio::io_context other;
    const auto strand = asio::make_strand(other);
    asio::co_spawn(strand, scheduler.trigger_and_wait("a"), asio::detached);
    asio::co_spawn(strand, scheduler.stop(1h), asio::detached);
    other.poll();
  }
  time.run_for(10s);
  CHECK(scheduler.status("a")->success_count == 1);
  CHECK_FALSE(scheduler.has_running_flows());
}

TEST_CASE("a job may destroy its scheduler, and so may an observer") {
  VirtualTime time;
  auto scheduler = std::make_unique<Scheduler>(time.get_executor());
  bool cancelled = false;
  scheduler->manual("a", [&]() -> asio::awaitable<void> {
    scheduler.reset();
    try {
      co_await cano::sleep_for(1h);
    } catch (...) {
      cancelled = true;
    }
  });
  scheduler->start();
  scheduler->trigger("a");
  time.run_for(1s);
  CHECK_FALSE(scheduler);
  CHECK(cancelled);

  struct Destroyer final : cano::Observer {
    std::unique_ptr<Scheduler>* victim = nullptr;
    void on_occurrence_due(const cano::OccurrenceDue&) override { victim->reset(); }
  };
  scheduler = std::make_unique<Scheduler>(time.get_executor());
  const auto destroyer = std::make_shared<Destroyer>();
  destroyer->victim = &scheduler;
  scheduler->with_observer(destroyer);
  scheduler->every("a", [] {}, 1s);
  scheduler->start();
  time.run_for(5s);
  CHECK_FALSE(scheduler);
}

TEST_CASE("the coroutine of a call keeps what it needs when the scheduler is destroyed") {
  VirtualTime time;
  auto scheduler = std::make_unique<Scheduler>(time.get_executor());
  scheduler->manual("a", [] { return cano::sleep_for(1s); });
  scheduler->start();
  auto triggered = scheduler->trigger_and_wait(std::string{"a"});
  auto stopped = scheduler->stop();
  scheduler.reset();
  CHECK_THROWS_AS(time.run(std::move(triggered)), cano::Error);
  CHECK(time.run(std::move(stopped)).is_clean());
}

TEST_CASE("a job is destroyed with its last run, outside of all locks") {
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  struct AsksWhenDestroyed {
    Scheduler* scheduler;
    std::shared_ptr<int> destroyed;

    AsksWhenDestroyed(Scheduler& s, std::shared_ptr<int> d)
        : scheduler{&s}, destroyed{std::move(d)} {}
    AsksWhenDestroyed(AsksWhenDestroyed&& other) noexcept
        : scheduler{std::exchange(other.scheduler, nullptr)}, destroyed{other.destroyed} {}
    AsksWhenDestroyed& operator=(AsksWhenDestroyed&&) = delete;
    ~AsksWhenDestroyed() {
      if (scheduler == nullptr) return;
      (void)scheduler->list();  // would deadlock under the lock
      ++*destroyed;
    }
    asio::awaitable<void> operator()() const { co_await cano::sleep_for(1s); }
  };
  const auto destroyed = std::make_shared<int>(0);
  for (const char* id : {"a", "b"})
    scheduler.manual(id, AsksWhenDestroyed{scheduler, destroyed});
  scheduler.start();
  scheduler.trigger("a");
  time.run_for(500ms);
  scheduler.remove("b");
  CHECK(*destroyed == 1);
  scheduler.remove("a");
  CHECK(*destroyed == 1);
  time.run_for(1s);
  CHECK(*destroyed == 2);
}

TEST_CASE("an exception in the history is destroyed outside of all locks") {
  struct Asking {
    std::shared_ptr<Scheduler*> scheduler;
    ~Asking() {
      if (scheduler.use_count() == 1 && *scheduler != nullptr) (void)(*scheduler)->list();
    }
  };
  VirtualTime time;
  Scheduler scheduler{time.get_executor()};
  scheduler.every("a", [&] { throw Asking{std::make_shared<Scheduler*>(&scheduler)}; }, 1s,
                  {.history_limit = 2});
  scheduler.start();
  time.run_for(10s);
  CHECK(scheduler.status("a")->failure_count == 11);
  time.run(scheduler.stop());
  scheduler.remove("a");
}
