// SPDX-License-Identifier: MIT
// What does a branch of a split cost, an item of an each, and a step? Beside them the same by hand:
// a loop over the items, and coroutines that one awaits at once.
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <cano/async/async.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/stepped.hpp>
#include <cano/workflow/run.hpp>

#include "support/composition.hpp"
#include "support/composition_data.hpp"
#include "support/report.hpp"

namespace {

using cano::Async;
using composition::async_branch;
using composition::branch;
using composition::branches;
using composition::Data;
using composition::each_flow;
using composition::Flow;
using composition::once_more;
using composition::split_flow;
using composition::splits;
using composition::State;
using composition::twice;

// Each run of `flow` visits so many splits.
void runs_splits(benchmark::State& state, const Flow& flow) {
  Data data;
  for (auto _ : state) {
    data.left = splits;
    cano::run(flow, data);
  }
  benchmark::DoNotOptimize(data.sum);
  report_each(state, "branch", branches * splits);
}

Async<int> branch_yields(const Data& data) {
  co_await cano::yield_now();
  co_return data.left;
}

template <auto Work> void split_of_ten(benchmark::State& state) {
  runs_splits(state, split_flow<Work>());
}

// By hand: a call where it is plain, else all at once.
void calls_of_ten(benchmark::State& state) {
  const auto task = [](Data& data) {
    for (int i = 0; i < branches; ++i) {
      const int value = branch(data);
      benchmark::DoNotOptimize(value);
      data.sum += value;
    }
    return once_more(data);
  };
  runs_splits(state, Flow{State::Work}.add(State::Work, task).add_exit_state(State::Done));
}

template <auto Work> Async<State> all_of_ten(Data& data) {
  std::vector<Async<int>> works;
  works.reserve(branches);
  for (int i = 0; i < branches; ++i)
    works.push_back(Work(data));
  auto all = cano::when_all(std::move(works));
  for (const int value : co_await std::move(all))
    data.sum += value;
  co_return once_more(data);
}
template <auto Work> void when_all_of_ten(benchmark::State& state) {
  runs_splits(state,
              Flow{State::Work}.add(State::Work, all_of_ten<Work>).add_exit_state(State::Done));
}

// ---- items

Async<int> twice_later(const int& item) {
  co_await cano::yield_now();
  co_return item * 2;
}

template <auto Work> void each_of_many(benchmark::State& state) {
  const Flow flow = each_flow<Work>();
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  report_each(state, "item", static_cast<double>(data.items.size()));
}

// A loop that does by hand what an each promises: a copy of the items, an attempt that may throw,
// results in their order.
void loop_over_many(benchmark::State& state) {
  const auto task = [](Data& data) {
    const std::vector<int> items = data.items;
    std::vector<std::optional<int>> results(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      try {
        results[i] = twice(items[i]);
        benchmark::DoNotOptimize(results[i]);
      } catch (const std::runtime_error&) {
      }
    }
    for (const auto& result : results)
      data.sum += result.value_or(0);
    return State::Done;
  };
  const Flow flow = Flow{State::Work}.add(State::Work, task).add_exit_state(State::Done);
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  report_each(state, "item", static_cast<double>(data.items.size()));
}

// ---- steps

constexpr int steps = 10'000;

void plain_steps(benchmark::State& state) {
  const auto step = [](Data& data, std::optional<int> cursor) -> cano::Stepped<int, State> {
    const int at = cursor.value_or(0) + 1;
    data.sum += at;
    if (at == steps) return cano::Done{State::Done};
    return cano::More{at};
  };
  const Flow flow =
      Flow{State::Work}.add(State::Work, cano::stepped<int>(step)).add_exit_state(State::Done);
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  report_each(state, "step", steps);
}

BENCHMARK(split_of_ten<branch>)->Name("branch/plain");
BENCHMARK(calls_of_ten)->Name("branch/plain_by_hand");
BENCHMARK(split_of_ten<async_branch>)->Name("branch/async");
BENCHMARK(when_all_of_ten<async_branch>)->Name("branch/async_when_all");
BENCHMARK(split_of_ten<branch_yields>)->Name("branch/yields");
BENCHMARK(when_all_of_ten<branch_yields>)->Name("branch/yields_when_all");
BENCHMARK(each_of_many<twice>)->Name("item/plain");
BENCHMARK(loop_over_many)->Name("item/plain_by_hand");
BENCHMARK(each_of_many<twice_later>)->Name("item/yields");
BENCHMARK(plain_steps)->Name("step/plain");

}  // namespace

BENCHMARK_MAIN();
