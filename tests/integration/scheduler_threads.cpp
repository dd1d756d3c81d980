// SPDX-License-Identifier: MIT

// Every call from several threads at once, while jobs run, fail and use the scheduler themselves.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"
#include "support/scheduling.hpp"

using cano::Occurrence;
using cano::Overlap;
using cano::Schedule;
using cano::Scheduler;
using cano_test::Step;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Tally final : cano::Observer {
  std::atomic<std::uint64_t> due{0};
  std::atomic<std::uint64_t> started{0};
  std::atomic<std::uint64_t> finished{0};
  std::atomic<std::uint64_t> skipped{0};

  void on_occurrence_due(const cano::OccurrenceDue& e) override { due += e.count; }
  void on_occurrence_started(const cano::OccurrenceStarted&) override { ++started; }
  void on_occurrence_finished(const cano::OccurrenceFinished&) override { ++finished; }
  void on_occurrence_skipped(const cano::OccurrenceSkipped& e) override { skipped += e.count; }
};

// At most one run of a job that may not overlap.
struct Alone {
  std::shared_ptr<std::atomic<int>> inside = std::make_shared<std::atomic<int>>(0);
  std::atomic<int>* overlaps;

  asio::awaitable<void> operator()(const Occurrence& now) const {
    if (inside->fetch_add(1) != 0) ++*overlaps;
    const std::shared_ptr<void> leave{nullptr, [inside = inside](void*) { --*inside; }};
    if (now.run % 3 == 0) throw std::runtime_error{"third"};
    co_await cano::sleep_for(std::chrono::microseconds{100 * (now.run % 5)});
  }
};

cano::Workflow<Step> workflow() {
  cano::Workflow<Step> made{Step::Begin};
  made.add(Step::Begin,
           [](cano::MemoryStore&) -> asio::awaitable<Step> {
             co_await cano::sleep_for(200us);
             co_return Step::End;
           })
      .add_exit_state(Step::End);
  return made;
}

class Storm {
 public:
  explicit Storm(Scheduler& scheduler) : scheduler_{scheduler} {
    scheduler_.with_observer(tally_);
    const Overlap policies[] = {Overlap::Skip, Overlap::QueueOne, Overlap::QueueAll(3),
                                Overlap::CancelRunning};
    for (int i = 0; i < 4; ++i) {
      scheduler_.every("job" + std::to_string(i), Alone{.overlaps = &overlaps_}, 1ms,
                       {.overlap = policies[i]});
    }
    scheduler_.every("job4", workflow(), 2ms, {.overlap = Overlap::Allow(4)});
    scheduler_.every(
        "job5", cano::ConcurrentWorkflow<Step>{workflow()}.batch(5, cano::WaitForQuota{3}), 5ms);
    scheduler_.manual("meddler", [this](const Occurrence& now) { return meddle(now); });
    scheduler_.start();
  }

  void rage() {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([this, t] {
        std::mt19937 random{t};
        for (int i = 0; i < 250; ++i) {
          if (random() % 14 == 0) {
            try_to([&] { cano::run(scheduler_.trigger_and_wait(some_job(random))); });
          } else {
            call_something(random);
          }
        }
      });
    }
    threads.emplace_back([this] { stop_and_start(); });
    for (auto& thread : threads)
      thread.join();
    // Another thread may have started it again meanwhile.
    cano::run(scheduler_.stop(1s));
    check();
  }

 private:
  static std::string some_job(std::mt19937& random) { return "job" + std::to_string(random() % 6); }

  // It awaits the other job: to block its shard would leave no thread to run that job there.
  asio::awaitable<void> meddle(const Occurrence& now) {
    std::mt19937 random{static_cast<unsigned>(now.run)};
    call_something(random);
    co_await cano::sleep_for(50us);
    call_something(random);
    try {
      auto outcome = scheduler_.trigger_and_wait(some_job(random));
      co_await std::move(outcome);
    } catch (const cano::Error& error) {  // it was stopped meanwhile
      if (error.errc() != cano::Errc::Configuration) ++surprises_;
    }
  }

  void stop_and_start() {
    for (int i = 0; i < 5; ++i) {
      cano::run(cano::sleep_for(3ms));
      cano::run(scheduler_.stop(std::chrono::milliseconds{i}));
      try_to([&] { scheduler_.start(); });
    }
  }

  template <class Call> void try_to(Call call) {
    try {
      call();
    } catch (const cano::Error& error) {
      if (error.errc() != cano::Errc::Configuration) ++surprises_;
    } catch (...) {
      ++surprises_;
    }
  }

  void call_something(std::mt19937& random) {
    const std::string id = some_job(random);
    const std::string own = "own" + std::to_string(random() % 4);
    switch (random() % 13) {
      case 0:
        return try_to([&] { scheduler_.trigger(id); });
      case 1:
        return try_to([&] { scheduler_.trigger("meddler"); });
      case 2:
        return try_to([&] { scheduler_.pause(id); });
      case 3:
      case 4:
        return try_to([&] { scheduler_.resume(id); });
      case 5:
        return try_to([&] { scheduler_.replace(id, Schedule::every(1ms)); });
      case 6:
        return try_to([&] { scheduler_.add(own, Schedule::every(2ms), [] {}); });
      case 7:
        return try_to([&] { scheduler_.remove(own); });
      case 8:
        return try_to([&] { (void)scheduler_.status(id); });
      case 9:
        return try_to([&] { (void)scheduler_.list(); });
      case 10:
        return try_to([&] { (void)scheduler_.next_runs(id, 5); });
      case 11:
        return try_to([&] { (void)scheduler_.history(id); });
      default:
        return try_to([&] { (void)scheduler_.running_count(); });
    }
  }

  void check() {
    CHECK(overlaps_ == 0);
    CHECK(surprises_ == 0);
    CHECK_FALSE(scheduler_.has_running_flows());
    CHECK(tally_->started == tally_->finished);
    CHECK(tally_->due == tally_->started + tally_->skipped);
    CHECK(tally_->started > 20);
    for (const auto& info : scheduler_.list()) {
      const auto& counts = info.occurrences;
      CHECK(counts.due == counts.started + counts.skipped());
      CHECK(info.run_count == info.success_count + info.failure_count + info.cancel_count);
    }
  }

  Scheduler& scheduler_;
  std::shared_ptr<Tally> tally_ = std::make_shared<Tally>();
  std::atomic<int> overlaps_{0};
  std::atomic<int> surprises_{0};
};

}  // namespace

TEST_CASE("threads call everything at once, on a Runtime") {
  cano::Runtime runtime{3};
  Scheduler scheduler{runtime};
  Storm{scheduler}.rage();
}

TEST_CASE("threads call everything at once, on one context of several threads") {
  asio::thread_pool pool{3};
  Scheduler scheduler{pool.get_executor()};
  Storm{scheduler}.rage();
  pool.join();  // a scheduler that has stopped is no work
}

TEST_CASE("jobs of several threads stop their scheduler at the same time") {
  for (int round = 0; round < 20; ++round) {
    cano::Runtime runtime{2};
    Scheduler scheduler{runtime};
    std::atomic<int> stopped{0};
    for (int i = 0; i < 4; ++i) {
      scheduler.every(
          "job" + std::to_string(i),
          [&]() -> asio::awaitable<void> {
            co_await scheduler.stop(1s);
            ++stopped;
          },
          1h);
    }
    scheduler.start();
    cano::run(cano::sleep_for(500us));
    cano::run(scheduler.stop(1s));
    while (scheduler.has_running_flows())
      std::this_thread::yield();
    std::uint64_t successes = 0;
    for (const auto& info : scheduler.list()) {
      CHECK(info.success_count == info.run_count);
      successes += info.success_count;
    }
    CHECK(stopped == static_cast<int>(successes));
  }
}

namespace {

constexpr int homecomings = races(8'000, 2'000);

}  // namespace

TEST_CASE("a waiter for a run or a stop elsewhere may destroy its own context upon it") {
  cano::Runtime runtime{2};
  Scheduler scheduler{runtime};
  scheduler.manual("a", [] {});
  for (int i = 0; i < homecomings; ++i) {
    scheduler.start();
    // Each has a context of its own, which is gone when the wait is over.
    const auto outcome = cano::run(scheduler.trigger_and_wait("a"));
    const auto report = cano::run(scheduler.stop());
    if (!outcome.is_success() || !report.is_clean()) FAIL("a run was not waited for");
  }
  CHECK(scheduler.status("a")->success_count == homecomings);
}

TEST_CASE("a context may be destroyed just when what is awaited there ends elsewhere") {
  cano::Runtime runtime{1};
  Scheduler scheduler{runtime};
  scheduler.manual("a", [] {}, {.overlap = Overlap::QueueAll(homecomings)});
  scheduler.start();
  for (int i = 0; i < homecomings; ++i) {
    auto context = std::make_unique<asio::io_context>();
    asio::co_spawn(asio::make_strand(*context), scheduler.trigger_and_wait("a"), asio::detached);
    context->poll();
    for (int spins = i % 64; spins > 0; --spins)
      std::this_thread::yield();
    if (i % 2 == 0) context->poll();
    context.reset();
  }
  // The last in line: a stop would drop whatever still waits there.
  CHECK(cano::run(scheduler.trigger_and_wait("a")).is_success());
  const auto report = cano::run(scheduler.stop());
  CHECK(report.cancelled.empty());
  CHECK(report.dropped == 0);
  CHECK(scheduler.status("a")->success_count == homecomings + 1);
}

namespace {

// Waits twice on a context that does not run, and once here.
struct WaitsElsewhere {
  asio::io_context* elsewhere;
  std::shared_ptr<std::atomic<int>> alive;

  static asio::awaitable<void> wait(asio::io_context& where) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        [&where](auto handler) {
          asio::post(where, [own = std::move(handler)]() mutable { std::move(own)(); });
        },
        asio::use_awaitable);
  }
  static asio::awaitable<void> sleep() { co_await cano::sleep_for(1h); }

  struct Guard {
    explicit Guard(std::shared_ptr<std::atomic<int>> count) : held{std::move(count)} { ++*held; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --*held; }
    std::shared_ptr<std::atomic<int>> held;
  };
  cano::Async<void> operator()() const {
    const Guard guard{alive};
    co_await cano::when_all(wait(*elsewhere), wait(*elsewhere), sleep());
  }
};

}  // namespace

TEST_CASE("two contexts are destroyed at once under a job's coroutines that are on both") {
  for (int race = 0; race < races(200, 50); ++race) {
    const auto alive = std::make_shared<std::atomic<int>>(0);
    auto elsewhere = std::make_unique<asio::io_context>();
    auto here = std::make_unique<asio::io_context>();
    cano::Scheduler scheduler{here->get_executor()};
    scheduler.manual("a", WaitsElsewhere{elsewhere.get(), alive});
    scheduler.start();
    scheduler.trigger("a");
    while (*alive == 0)
      here->run_one();
    here->poll();
    std::latch both{2};
    std::thread destroyer{[&] {
      both.arrive_and_wait();
      elsewhere.reset();
    }};
    both.arrive_and_wait();
    here.reset();
    destroyer.join();
    CHECK(*alive == 0);
  }
}
