// SPDX-License-Identifier: MIT

// What does a wait cost over Asio's own timers, in a coroutine of either type: on a timer, in a
// sleep, in a yield, and for each coroutine that sleeps?

#include <chrono>
#include <cstddef>

#include <benchmark/benchmark.h>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/timer.hpp>
#include <cano/workflow/run.hpp>

#include "support/by_hand.hpp"
#include "support/heap.hpp"
#include "support/report.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using by_hand::Awaitable;
using cano::Async;

// Many at once: a lone wait measures nothing but the system calls of the reactor.
constexpr int coroutines = 1000;
constexpr int waits = 100;
constexpr int sleepers = 20'000;

// So short that it has passed when the others have begun to wait, but no mere yield.
constexpr auto moment = 1us;

template <template <class> class Coroutine> Coroutine<void> wait_on_steady_timer() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (int i = 0; i < waits; ++i) {
    timer.expires_after(moment);
    co_await timer.async_wait(asio::deferred);
  }
}

template <template <class> class Coroutine> Coroutine<void> wait_on_timer() {
  cano::Timer timer{co_await asio::this_coro::executor};
  for (int i = 0; i < waits; ++i) {
    timer.expires_after(moment);
    co_await timer.async_wait(asio::deferred);
  }
}

// The hand-written sleep_for: a timer for each.
template <template <class> class Coroutine> Coroutine<void> plain_sleep(cano::Duration duration) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::deferred);
}

template <template <class> class Coroutine> Coroutine<void> call_plain_sleep() {
  for (int i = 0; i < waits; ++i)
    co_await plain_sleep<Coroutine>(moment);
}

template <template <class> class Coroutine> Coroutine<void> call_sleep_for() {
  for (int i = 0; i < waits; ++i)
    co_await cano::sleep_for(moment);
}

template <template <class> class Coroutine> Coroutine<void> sleep_for_hours() {
  for (int i = 0; i < waits; ++i)
    co_await cano::sleep_for(1h);
}

template <template <class> class Coroutine> Coroutine<void> call_yield_now() {
  for (int i = 0; i < waits; ++i)
    co_await cano::yield_now();
}

// The hand-written yield_now.
template <template <class> class Coroutine> Coroutine<void> call_post() {
  const auto executor = co_await asio::this_coro::executor;
  for (int i = 0; i < waits; ++i)
    co_await asio::post(executor, asio::deferred);
}

template <auto Work> void real_waits(benchmark::State& state) {
  for (auto _ : state)
    by_hand::run_all(coroutines, [](std::size_t) { return Work(); });
  report_each(state, "wait", coroutines * waits);
}

// Those of Asio where cano runs them, as the tasks of a workflow.
template <auto Work> void waits_in_cano(benchmark::State& state) {
  for (auto _ : state)
    by_hand::run_all_in_cano(coroutines, [](std::size_t) { return Work(); });
  report_each(state, "wait", coroutines * waits);
}

template <auto Work> void virtual_waits(benchmark::State& state) {
  cano::VirtualTime time;
  for (auto _ : state) {
    for (int i = 0; i < coroutines; ++i)
      asio::co_spawn(time.get_executor(), Work(), asio::detached);
    time.run_until_idle();
  }
  report_each(state, "wait", coroutines * waits);
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
  report_each(state, "sleeper", sleepers);
}

template <auto Sleep> cano::Async<double> measure_async_sleepers() {
  const auto executor = co_await asio::this_coro::executor;
  const std::size_t before = heap_in_use();
  for (int i = 0; i < sleepers; ++i)
    Sleep(1h)(asio::bind_executor(executor, asio::detached));
  co_await cano::yield_now();
  co_return static_cast<double>(heap_in_use() - before) / sleepers;
}

// What sleeps when `run` returns is destroyed.
template <auto Sleep> void many_async_sleepers(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state)
    bytes = cano::run(measure_async_sleepers<Sleep>());
  state.counters["bytes"] = bytes;
  report_each(state, "sleeper", sleepers);
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
template <auto Work> void beside_virtual_time(benchmark::State& state) {
  const cano::VirtualTime time;
  real_waits<Work>(state);
}

void in_milliseconds(benchmark::internal::Benchmark* of) { of->Unit(benchmark::kMillisecond); }

BENCHMARK(steady_clock_now);
BENCHMARK(clock_now);
BENCHMARK(real_waits<wait_on_timer<Async>>)->Name("wait/async/Timer")->Apply(in_milliseconds);
BENCHMARK(real_waits<wait_on_steady_timer<Async>>)
    ->Name("wait/async/steady_timer")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<wait_on_timer<Awaitable>>)
    ->Name("wait/awaitable_of_asio/Timer")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<wait_on_steady_timer<Awaitable>>)
    ->Name("wait/awaitable_of_asio/steady_timer")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_sleep_for<Async>>)->Name("sleep/async/sleep_for")->Apply(in_milliseconds);
BENCHMARK(beside_virtual_time<call_sleep_for<Async>>)
    ->Name("sleep/async/sleep_for_beside_virtual_time")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_plain_sleep<Async>>)
    ->Name("sleep/async/steady_timer")
    ->Apply(in_milliseconds);
BENCHMARK(waits_in_cano<call_sleep_for<Awaitable>>)
    ->Name("sleep/awaitable/sleep_for")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_sleep_for<Awaitable>>)
    ->Name("sleep/awaitable_of_asio/sleep_for")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_plain_sleep<Awaitable>>)
    ->Name("sleep/awaitable_of_asio/steady_timer")
    ->Apply(in_milliseconds);
BENCHMARK(virtual_waits<sleep_for_hours<Async>>)
    ->Name("sleep/async/virtual")
    ->Apply(in_milliseconds);
BENCHMARK(virtual_waits<sleep_for_hours<Awaitable>>)
    ->Name("sleep/awaitable/virtual")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_yield_now<Async>>)->Name("yield/async/yield_now")->Apply(in_milliseconds);
BENCHMARK(real_waits<call_post<Async>>)->Name("yield/async/post")->Apply(in_milliseconds);
BENCHMARK(waits_in_cano<call_yield_now<Awaitable>>)
    ->Name("yield/awaitable/yield_now")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_yield_now<Awaitable>>)
    ->Name("yield/awaitable_of_asio/yield_now")
    ->Apply(in_milliseconds);
BENCHMARK(real_waits<call_post<Awaitable>>)
    ->Name("yield/awaitable_of_asio/post")
    ->Apply(in_milliseconds);
BENCHMARK(many_async_sleepers<cano::sleep_for<>>)
    ->Name("sleepers/async/sleep_for")
    ->Apply(in_milliseconds);
BENCHMARK(many_async_sleepers<plain_sleep<Async>>)
    ->Name("sleepers/async/steady_timer")
    ->Apply(in_milliseconds);
BENCHMARK(many_sleepers<cano::sleep_for<>>)
    ->Name("sleepers/co_spawn/sleep_for")
    ->Apply(in_milliseconds);
BENCHMARK(many_sleepers<plain_sleep<Awaitable>>)
    ->Name("sleepers/awaitable_of_asio/steady_timer")
    ->Apply(in_milliseconds);

}  // namespace

BENCHMARK_MAIN();
