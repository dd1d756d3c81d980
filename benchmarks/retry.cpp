// SPDX-License-Identifier: MIT
// What does an attempt cost that fails and is tried again at once, by an Error that is returned or
// by an exception? Beside each the same in a loop written by hand, in a coroutine of either type.
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>

#include <cano/async/async.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

using namespace std::chrono_literals;
using by_hand::Awaitable;
using countdown::Count;
using countdown::Step;

constexpr int attempts = 1000;

cano::Result<Step> fail_by_result(Count& count) {
  if (--count.left > 0) return cano::Error{cano::Errc::TaskExecution, "not this time"};
  return Step::Done;
}

Step fail_by_throw(Count& count) {
  if (--count.left > 0) throw std::runtime_error{"not this time"};
  return Step::Done;
}

struct ReturnsError {
  cano::Result<Step> run(Count& count) const { return fail_by_result(count); }
};
struct Throws {
  Step run(Count& count) const { return fail_by_throw(count); }
};
template <template <class> class Coroutine> struct ReturnsErrorIn {
  Coroutine<cano::Result<Step>> run(Count& count) const { co_return fail_by_result(count); }
};
template <template <class> class Coroutine> struct ThrowsIn {
  Coroutine<Step> run(Count& count) const { co_return fail_by_throw(count); }
};

template <class Task> void retried(benchmark::State& state) {
  const auto flow = cano::Workflow<Step, Count>{Step::A}
                        .add(Step::A, Task{}, cano::TaskConfig{}.with_fixed_retry(attempts, 0ms))
                        .add_exit_state(Step::Done);
  for (auto _ : state) {
    Count count{attempts};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "attempt", attempts);
}

void result_loop(benchmark::State& state) {
  for (auto _ : state) {
    Count count{attempts};
    for (;;) {
      const cano::Result<Step> outcome = fail_by_result(count);
      if (outcome.has_value()) break;
      benchmark::DoNotOptimize(outcome.error().errc());
    }
  }
  report_each(state, "attempt", attempts);
}

void throw_loop(benchmark::State& state) {
  for (auto _ : state) {
    Count count{attempts};
    for (;;) {
      try {
        benchmark::DoNotOptimize(fail_by_throw(count));
        break;
      } catch (const std::exception& error) {
        benchmark::DoNotOptimize(error.what());
      }
    }
  }
  report_each(state, "attempt", attempts);
}

template <template <class> class Coroutine> Coroutine<Step> result_coroutine(Count& count) {
  const ReturnsErrorIn<Coroutine> task;
  for (;;) {
    const cano::Result<Step> outcome = co_await task.run(count);
    if (outcome.has_value()) co_return *outcome;
    benchmark::DoNotOptimize(outcome.error().errc());
  }
}

template <template <class> class Coroutine> Coroutine<Step> throw_coroutine(Count& count) {
  const ThrowsIn<Coroutine> task;
  for (;;) {
    try {
      co_return co_await task.run(count);
    } catch (const std::exception& error) {
      benchmark::DoNotOptimize(error.what());
    }
  }
}

template <auto Coroutine> void coroutine_loop(benchmark::State& state) {
  for (auto _ : state) {
    Count count{attempts};
    benchmark::DoNotOptimize(by_hand::run(Coroutine(count)));
  }
  report_each(state, "attempt", attempts);
}

BENCHMARK(retried<ReturnsError>)->Name("result/plain/cano");
BENCHMARK(result_loop)->Name("result/plain/loop");
BENCHMARK(retried<ReturnsErrorIn<cano::Async>>)->Name("result/async/cano");
BENCHMARK(coroutine_loop<result_coroutine<cano::Async>>)->Name("result/async/loop");
BENCHMARK(retried<ReturnsErrorIn<Awaitable>>)->Name("result/awaitable/cano");
BENCHMARK(coroutine_loop<result_coroutine<Awaitable>>)->Name("result/awaitable/loop");
BENCHMARK(retried<Throws>)->Name("throw/plain/cano");
BENCHMARK(throw_loop)->Name("throw/plain/loop");
BENCHMARK(retried<ThrowsIn<cano::Async>>)->Name("throw/async/cano");
BENCHMARK(coroutine_loop<throw_coroutine<cano::Async>>)->Name("throw/async/loop");
BENCHMARK(retried<ThrowsIn<Awaitable>>)->Name("throw/awaitable/cano");
BENCHMARK(coroutine_loop<throw_coroutine<Awaitable>>)->Name("throw/awaitable/loop");

}  // namespace

BENCHMARK_MAIN();
