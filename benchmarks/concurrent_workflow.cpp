// SPDX-License-Identifier: MIT
// What does an instance of a batch cost, by what its ten hops do and by the number of instances,
// shards and instances in flight? Beside it the same instances run one after the other, and spawned
// by hand one by one. All in processor time of all threads: on two shards it passes half as fast.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/time/yield_now.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using countdown::Count;
using countdown::Step;

constexpr int hops_each = 10;

struct YieldingTask {
  Step other;
  asio::awaitable<Step> run(Count& count) const {
    co_await cano::yield_now();
    co_return countdown::next(count, other);
  }
};

// Arguments: instances, shards.
template <class Task> void batch(benchmark::State& state) {
  const auto instances = static_cast<std::size_t>(state.range(0));
  cano::Runtime runtime{static_cast<std::size_t>(state.range(1))};
  const cano::ConcurrentWorkflow flow{countdown::workflow<Task>()};
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    benchmark::DoNotOptimize(runtime.run(flow.execute_concurrent(stores, cano::WaitForever{})));
  }
  report_each(state, "instance", static_cast<double>(instances));
}

// Arguments: the most instances in flight.
void bounded(benchmark::State& state) {
  constexpr std::size_t instances = 100'000;
  cano::Runtime runtime{2};
  const auto flow =
      cano::ConcurrentWorkflow{countdown::workflow<YieldingTask>()}.with_max_in_flight(
          static_cast<std::size_t>(state.range(0)));
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    benchmark::DoNotOptimize(runtime.run(flow.execute_concurrent(stores, cano::WaitForever{})));
  }
  report_each(state, "instance", static_cast<double>(instances));
}

asio::awaitable<void> one_after_the_other(const cano::Workflow<Step, Count>& flow,
                                          std::vector<Count>& stores) {
  for (Count& count : stores) {
    auto run = flow.try_orchestrate(count);
    benchmark::DoNotOptimize(co_await std::move(run));
  }
}

template <class Task> void sequence(benchmark::State& state) {
  const auto instances = static_cast<std::size_t>(state.range(0));
  const auto flow = countdown::workflow<Task>();
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    cano::run(one_after_the_other(flow, stores));
  }
  report_each(state, "instance", static_cast<double>(instances));
}

asio::awaitable<void> yield_ten_times(Count& count) {
  const YieldingTask task{Step::A};
  while (co_await task.run(count) != Step::Done) {
  }
}

void spawned_by_hand(benchmark::State& state) {
  const auto instances = static_cast<std::size_t>(state.range(0));
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    asio::io_context context{1};
    for (Count& count : stores)
      asio::co_spawn(context, yield_ten_times(count), asio::detached);
    context.run();
  }
  report_each(state, "instance", static_cast<double>(instances));
}

void sizes_and_shards(benchmark::internal::Benchmark* of) {
  for (const std::int64_t instances : {1, 100, 10'000, 1'000'000})
    of->Args({instances, 2});
  of->Args({100'000, 1})->Args({100'000, 2})->MeasureProcessCPUTime();
}

BENCHMARK(batch<countdown::PlainTask>)->Name("plain/batch")->Apply(sizes_and_shards);
BENCHMARK(sequence<countdown::PlainTask>)->Name("plain/sequence")->Arg(100'000);
BENCHMARK(batch<countdown::AwaitableTask>)->Name("awaitable/batch")->Apply(sizes_and_shards);
BENCHMARK(sequence<countdown::AwaitableTask>)->Name("awaitable/sequence")->Arg(100'000);
BENCHMARK(batch<YieldingTask>)->Name("yielding/batch")->Apply(sizes_and_shards);
BENCHMARK(spawned_by_hand)->Name("yielding/spawned_by_hand")->Arg(100'000);
BENCHMARK(bounded)
    ->Name("yielding/max_in_flight")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000)
    ->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
