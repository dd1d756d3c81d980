// SPDX-License-Identifier: MIT

// How late do 10,000 interval jobs on one thread start, what do 100,000 idle schedules cost, and
// what does it cost to add a job, to trigger one, and to run one that is due?

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/spread.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/run.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Of this thread, in seconds.
double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double microseconds(cano::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

void report_lateness(benchmark::State& state, std::vector<cano::Duration>& lateness, double cpu) {
  if (lateness.empty()) return state.SkipWithError("no job ran");
  std::sort(lateness.begin(), lateness.end());
  const auto percentile = [&](double share) {
    const auto last = static_cast<double>(lateness.size() - 1);
    return microseconds(lateness[static_cast<std::size_t>(last * share)]);
  };
  state.counters["p50_us"] = percentile(0.5);
  state.counters["p99_us"] = percentile(0.99);
  state.counters["p99.9_us"] = percentile(0.999);
  state.counters["max_us"] = percentile(1);
  state.counters["runs"] = static_cast<double>(lateness.size());
  state.counters["cpu_us/run"] = cpu * 1e6 / static_cast<double>(lateness.size());
}

// Each once a second, spread over it: 10,000 runs a second.
void lateness_of_interval_jobs(benchmark::State& state) {
  std::vector<cano::Duration> lateness;
  double cpu = 0;
  for (auto _ : state) {
    asio::io_context context{1};
    cano::Scheduler scheduler{context.get_executor()};
    for (int i = 0; i < state.range(0); ++i) {
      scheduler.every(
          "job" + std::to_string(i),
          [&lateness](const cano::Occurrence& now) { lateness.push_back(now.lateness); }, 1s,
          {.spread = cano::Spread::hashed(1s), .history_limit = 0});
    }
    scheduler.start();
    context.run_for(500ms);  // what starts at once is not what is asked for
    lateness.clear();
    const double before = cpu_time();
    context.run_for(3s);
    cpu += cpu_time() - before;
  }
  report_lateness(state, lateness, cpu);
}

// The same by hand: a coroutine with a timer for each, which cannot be inspected or stopped.
asio::awaitable<void> tick(cano::Duration delay, std::vector<cano::Duration>& lateness) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  auto due = std::chrono::steady_clock::now() + delay;
  for (;;) {
    timer.expires_at(due);
    co_await timer.async_wait(asio::deferred);
    lateness.push_back(std::chrono::steady_clock::now() - due);
    due += 1s;
  }
}

void lateness_of_timers(benchmark::State& state) {
  std::vector<cano::Duration> lateness;
  double cpu = 0;
  for (auto _ : state) {
    asio::io_context context{1};
    for (int i = 0; i < state.range(0); ++i)
      asio::co_spawn(context, tick(i * (cano::Duration{1s} / state.range(0)), lateness),
                     asio::detached);
    context.run_for(500ms);
    lateness.clear();
    const double before = cpu_time();
    context.run_for(3s);
    cpu += cpu_time() - before;
  }
  report_lateness(state, lateness, cpu);
}

// Likewise in coroutines of our own, which sleep.
cano::Async<void> tick_asleep(cano::Duration delay, std::vector<cano::Duration>& lateness) {
  auto due = std::chrono::steady_clock::now() + delay;
  for (;;) {
    co_await cano::sleep_until(due);
    lateness.push_back(std::chrono::steady_clock::now() - due);
    due += 1s;
  }
}

// They are destroyed when it returns.
cano::Async<double> run_sleeps(std::int64_t count, std::vector<cano::Duration>& lateness) {
  const auto executor = co_await asio::this_coro::executor;
  for (std::int64_t i = 0; i < count; ++i) {
    tick_asleep(i * (cano::Duration{1s} / count),
                lateness)(asio::bind_executor(executor, asio::detached));
  }
  co_await cano::sleep_for(500ms);
  lateness.clear();
  const double before = cpu_time();
  co_await cano::sleep_for(3s);
  co_return cpu_time() - before;
}

void lateness_of_sleeps(benchmark::State& state) {
  std::vector<cano::Duration> lateness;
  double cpu = 0;
  for (auto _ : state)
    cpu += cano::run(run_sleeps(state.range(0), lateness));
  report_lateness(state, lateness, cpu);
}

// Cron expressions that are not due, for which the clock on the wall is looked at once a second.
void idle_schedules(benchmark::State& state) {
  double cpu = 0;
  double seconds = 0;
  for (auto _ : state) {
    asio::io_context context{1};
    cano::Scheduler scheduler{context.get_executor()};
    for (int i = 0; i < state.range(0); ++i) {
      const auto schedule =
          i % 2 == 0 ? cano::Schedule::cron("0 0 1 1 *") : cano::Schedule::every(100h);
      scheduler.add("job" + std::to_string(i), schedule, [] {},
                    {.first_run = cano::FirstRun::AfterInterval});
    }
    scheduler.start();
    context.run_for(100ms);
    const double before = cpu_time();
    context.run_for(3s);
    cpu += cpu_time() - before;
    seconds += 3;
  }
  state.counters["cpu_percent"] = 100 * cpu / seconds;
}

void add_a_job(benchmark::State& state) {
  asio::io_context context{1};
  cano::Scheduler scheduler{context.get_executor()};
  std::uint64_t number = 0;
  for (auto _ : state)
    scheduler.every("job" + std::to_string(++number), [] {}, 1h);
}

void plain_job() {}
cano::Async<void> async_job() { co_return; }
asio::awaitable<void> awaitable_job() { co_return; }

// From the call to the end of the run.
template <auto Job> void trigger_a_job(benchmark::State& state) {
  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.manual("job", Job);
  scheduler.start();
  for (auto _ : state) {
    scheduler.trigger("job");
    time.run_for(0s);
  }
}

// All that an occurrence costs, from the timer to the books.
template <auto Job> void run_what_is_due(benchmark::State& state) {
  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  for (int i = 0; i < state.range(0); ++i)
    scheduler.every("job" + std::to_string(i), Job, 1s);
  scheduler.start();
  for (auto _ : state)
    time.run_for(1s);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// One that is due every second, among others that are not due for long.
void run_one_among(benchmark::State& state) {
  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  for (int i = 1; i < state.range(0); ++i) {
    scheduler.every("other" + std::to_string(i), [] {}, 24h * 365 * 100,
                    {.first_run = cano::FirstRun::AfterInterval});
  }
  scheduler.every("job", [] {}, 1s);
  scheduler.start();
  time.run_for(0s);
  for (auto _ : state)
    time.run_for(1s);
}

BENCHMARK(lateness_of_interval_jobs)->Arg(10'000)->Iterations(1)->UseRealTime();
BENCHMARK(lateness_of_timers)->Arg(10'000)->Iterations(1)->UseRealTime();
BENCHMARK(lateness_of_sleeps)->Arg(10'000)->Iterations(1)->UseRealTime();
BENCHMARK(idle_schedules)->Arg(100'000)->Iterations(1)->UseRealTime();
BENCHMARK(add_a_job)->Iterations(100'000);
BENCHMARK(trigger_a_job<plain_job>)->Name("trigger_a_job/plain");
BENCHMARK(trigger_a_job<async_job>)->Name("trigger_a_job/async");
BENCHMARK(trigger_a_job<awaitable_job>)->Name("trigger_a_job/awaitable");
BENCHMARK(run_what_is_due<plain_job>)->Name("run_what_is_due/plain")->Arg(1)->Arg(1000);
BENCHMARK(run_what_is_due<async_job>)->Name("run_what_is_due/async")->Arg(1)->Arg(1000);
BENCHMARK(run_what_is_due<awaitable_job>)->Name("run_what_is_due/awaitable")->Arg(1)->Arg(1000);
BENCHMARK(run_one_among)->RangeMultiplier(10)->Range(1, 100'000);

}  // namespace

BENCHMARK_MAIN();
