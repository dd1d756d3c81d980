// SPDX-License-Identifier: MIT

// What does the clock seam cost over Asio's own timers, per wait and per coroutine that waits?

#include <chrono>
#include <cstddef>

#if defined(__linux__)
#include <malloc.h>
#endif

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/timer.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Many at once: a lone wait measures nothing but the system calls of the reactor.
constexpr int coroutines = 1000;
constexpr int waits = 100;
constexpr int sleepers = 20'000;

asio::awaitable<void> wait_on_steady_timer() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (int i = 0; i < waits; ++i) {
    timer.expires_after(0s);
    co_await timer.async_wait(asio::deferred);
  }
}

asio::awaitable<void> wait_on_timer() {
  cano::Timer timer{co_await asio::this_coro::executor};
  for (int i = 0; i < waits; ++i) {
    timer.expires_after(0s);
    co_await timer.async_wait(asio::deferred);
  }
}

// The hand-written sleep_for: a timer for each.
asio::awaitable<void> plain_sleep(cano::Duration duration) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::deferred);
}

asio::awaitable<void> call_plain_sleep() {
  for (int i = 0; i < waits; ++i)
    co_await plain_sleep(0s);
}

asio::awaitable<void> call_sleep_for() {
  for (int i = 0; i < waits; ++i)
    co_await cano::sleep_for(0s);
}

asio::awaitable<void> sleep_for_hours() {
  for (int i = 0; i < waits; ++i)
    co_await cano::sleep_for(1h);
}

template <auto Work> void real_waits(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    for (int i = 0; i < coroutines; ++i)
      asio::co_spawn(context, Work(), asio::detached);
    context.restart();
    context.run();
  }
  state.SetItemsProcessed(state.iterations() * coroutines * waits);
}

void virtual_waits(benchmark::State& state) {
  cano::VirtualTime time;
  for (auto _ : state) {
    for (int i = 0; i < coroutines; ++i) {
      asio::co_spawn(time.get_executor(), sleep_for_hours(), asio::detached);
    }
    time.run_until_idle();
  }
  state.SetItemsProcessed(state.iterations() * coroutines * waits);
}

std::size_t heap_in_use() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  return mallinfo2().uordblks;
#else
  return 0;
#endif
}

// Many coroutines that sleep at once; "bytes" is what each of them holds.
template <auto Sleep> void many_sleepers(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    asio::io_context context{1};
    const std::size_t before = heap_in_use();
    for (int i = 0; i < sleepers; ++i)
      asio::co_spawn(context, Sleep(1h), asio::detached);
    context.poll();
    bytes = static_cast<double>(heap_in_use() - before) / sleepers;
  }
  state.counters["bytes"] = bytes;
  state.SetItemsProcessed(state.iterations() * sleepers);
}

void steady_clock_now(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(std::chrono::steady_clock::now());
}

void clock_now(benchmark::State& state) {
  asio::io_context context;
  const cano::Clock clock = cano::Clock::of(context);
  for (auto _ : state)
    benchmark::DoNotOptimize(clock.now());
}

// A process that has a VirtualTime asks each context for its clock; all others only see a counter.
void wait_beside_virtual_time(benchmark::State& state) {
  const cano::VirtualTime time;
  real_waits<call_sleep_for>(state);
}

BENCHMARK(steady_clock_now);
BENCHMARK(clock_now);
BENCHMARK(real_waits<wait_on_steady_timer>)
    ->Name("wait/steady_timer")
    ->Unit(benchmark::kMillisecond);
BENCHMARK(real_waits<wait_on_timer>)->Name("wait/Timer")->Unit(benchmark::kMillisecond);
BENCHMARK(real_waits<call_plain_sleep>)->Name("sleep/steady_timer")->Unit(benchmark::kMillisecond);
BENCHMARK(real_waits<call_sleep_for>)->Name("sleep/sleep_for")->Unit(benchmark::kMillisecond);
BENCHMARK(wait_beside_virtual_time)
    ->Name("sleep/sleep_for_beside_virtual_time")
    ->Unit(benchmark::kMillisecond);
BENCHMARK(virtual_waits)->Name("sleep/virtual")->Unit(benchmark::kMillisecond);
BENCHMARK(many_sleepers<plain_sleep>)->Name("sleepers/steady_timer")->Unit(benchmark::kMillisecond);
BENCHMARK(many_sleepers<cano::sleep_for<>>)
    ->Name("sleepers/sleep_for")
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
