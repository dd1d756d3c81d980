// SPDX-License-Identifier: MIT
// What does it cost a hop that somebody watches? One observer that only counts, two of them, and
// nobody.
#include <cstddef>
#include <memory>
#include <utility>

#include <benchmark/benchmark.h>

#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/workflow/run.hpp>

#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

using countdown::Count;
using countdown::hops;

struct CountStates : cano::Observer {
  void on_state_entered(const cano::StateEntered&) override { ++states; }
  std::size_t states = 0;
};

template <class Task, class... Observers>
void watched_by(benchmark::State& state, std::shared_ptr<Observers>... observers) {
  auto flow = countdown::workflow<Task>();
  (flow.with_observer(std::move(observers)), ...);
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "hop", hops);
}

template <class Task> void nobody(benchmark::State& state) { watched_by<Task>(state); }
template <class Task> void one(benchmark::State& state) {
  watched_by<Task>(state, std::make_shared<CountStates>());
}
template <class Task> void two(benchmark::State& state) {
  watched_by<Task>(state, std::make_shared<CountStates>(), std::make_shared<CountStates>());
}
BENCHMARK(nobody<countdown::PlainTask>)->Name("plain/nobody");
BENCHMARK(one<countdown::PlainTask>)->Name("plain/one");
BENCHMARK(two<countdown::PlainTask>)->Name("plain/two");
BENCHMARK(nobody<countdown::AwaitableTask>)->Name("awaitable/nobody");
BENCHMARK(one<countdown::AwaitableTask>)->Name("awaitable/one");

}  // namespace

BENCHMARK_MAIN();
