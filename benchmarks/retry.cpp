// SPDX-License-Identifier: MIT
// What does an attempt cost that fails and is tried again at once, by an Error that is returned or
// by an exception? Beside each the same in a loop written by hand.
#include <cstddef>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
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
struct ReturnsErrorAwaitable {
  asio::awaitable<cano::Result<Step>> run(Count& count) const { co_return fail_by_result(count); }
};
struct ThrowsAwaitable {
  asio::awaitable<Step> run(Count& count) const { co_return fail_by_throw(count); }
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

BENCHMARK(retried<ReturnsError>)->Name("result/plain/cano");
BENCHMARK(retried<ReturnsErrorAwaitable>)->Name("result/awaitable/cano");
BENCHMARK(result_loop)->Name("result/loop");
BENCHMARK(retried<Throws>)->Name("throw/plain/cano");
BENCHMARK(retried<ThrowsAwaitable>)->Name("throw/awaitable/cano");
BENCHMARK(throw_loop)->Name("throw/loop");

}  // namespace

BENCHMARK_MAIN();
