// SPDX-License-Identifier: MIT
// How does the cost of a hop depend on the number of states, and that of a run on the number of
// hops? The states form a ring; each has a task of its own. (Instances and threads:
// concurrent_workflow.cpp.)
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using countdown::Count;

template <class State> State name_of(std::int64_t number);
template <> int name_of<int>(std::int64_t number) { return static_cast<int>(number); }
template <> std::string name_of<std::string>(std::int64_t number) {
  return "state_" + std::to_string(number);
}

template <class State> struct PlainTask {
  State other;
  State done;
  State run(Count& count) const { return --count.left > 0 ? other : done; }
};
template <class State> struct AwaitableTask {
  State other;
  State done;
  asio::awaitable<State> run(Count& count) const { co_return --count.left > 0 ? other : done; }
};

template <class State> struct AsyncTask {
  State other;
  State done;
  cano::Async<State> run(Count& count) const { co_return --count.left > 0 ? other : done; }
};

template <class State, template <class> class Task>
cano::Workflow<State, Count> ring(std::int64_t states) {
  const State done = name_of<State>(states);
  cano::Workflow<State, Count> flow{name_of<State>(0)};
  for (std::int64_t i = 0; i < states; ++i) {
    flow.add(name_of<State>(i), Task<State>{name_of<State>((i + 1) % states), done},
             cano::TaskConfig::minimal());
  }
  flow.add_exit_state(done);
  return flow;
}

template <class State, template <class> class Task> void states(benchmark::State& state) {
  const auto flow = ring<State, Task>(state.range(0));
  for (auto _ : state) {
    Count count{countdown::hops};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "hop", countdown::hops);
}

template <template <class> class Task> void hops(benchmark::State& state) {
  const auto flow = ring<int, Task>(2);
  const auto count_of_hops = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Count count{count_of_hops};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "hop", count_of_hops);
}

void numbers_of_states(benchmark::internal::Benchmark* of) {
  for (const std::int64_t states : {2, 10, 100, 1000})
    of->Arg(states);
}
void numbers_of_hops(benchmark::internal::Benchmark* of) {
  for (const std::int64_t hops : {1, 10, 100, 1000, 100'000, 10'000'000})
    of->Arg(hops);
}

BENCHMARK(states<int, PlainTask>)->Name("states/plain/int")->Apply(numbers_of_states);
BENCHMARK(states<std::string, PlainTask>)->Name("states/plain/string")->Apply(numbers_of_states);
BENCHMARK(states<int, AsyncTask>)->Name("states/async/int")->Apply(numbers_of_states);
BENCHMARK(states<int, AwaitableTask>)->Name("states/awaitable/int")->Apply(numbers_of_states);
BENCHMARK(hops<PlainTask>)->Name("hops/plain")->Apply(numbers_of_hops);
BENCHMARK(hops<AsyncTask>)->Name("hops/async")->Apply(numbers_of_hops);
BENCHMARK(hops<AwaitableTask>)->Name("hops/awaitable")->Apply(numbers_of_hops);

}  // namespace

BENCHMARK_MAIN();
