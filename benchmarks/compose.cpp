// SPDX-License-Identifier: MIT
// What does a branch of a split cost, an item of an each, and a step? Beside them the same by hand:
// a loop over the items, and coroutines that one awaits at once.
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <cano/async/async.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/stepped.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/report.hpp"

namespace {

using cano::Async;
using cano::BranchResult;
using cano::Join;

enum class State { Work, Done };

struct Data {
  std::vector<int> items = std::vector<int>(10'000, 1);
  long sum = 0;
  int rounds = 0;
};

using Flow = cano::Workflow<State, Data>;

constexpr int many = 1000;  // visits of the state, each of ten branches

// Once more, as often as is asked for.
State once_more(Data& data) { return ++data.rounds % many == 0 ? State::Done : State::Work; }

int plain(const Data& data) { return data.rounds; }
Async<int> returns(const Data& data) { co_return data.rounds; }
Async<int> yields(const Data& data) {
  co_await cano::yield_now();
  co_return data.rounds;
}

template <auto Work> Flow split_flow() {
  const auto join = [](Data& data, std::span<BranchResult<int>> results) {
    for (auto& result : results)
      data.sum += result.value();
    return once_more(data);
  };
  return Flow{State::Work}
      .add(State::Work, cano::split(Work, Work, Work, Work, Work, Work, Work, Work, Work, Work)
                            .join(Join::all(), join))
      .add_exit_state(State::Done);
}

template <auto Work> void split_of_ten(benchmark::State& state) {
  const Flow flow = split_flow<Work>();
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  benchmark::DoNotOptimize(data.sum);
  report_each(state, "branch", 10 * many);
}

// By hand: a call where it is plain, else all at once.
void calls_of_ten(benchmark::State& state) {
  const auto task = [](Data& data) {
    for (int i = 0; i < 10; ++i) {
      const int value = plain(data);
      benchmark::DoNotOptimize(value);
      data.sum += value;
    }
    return once_more(data);
  };
  const Flow flow = Flow{State::Work}.add(State::Work, task).add_exit_state(State::Done);
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  report_each(state, "branch", 10 * many);
}

template <auto Work> Async<State> all_of_ten(Data& data) {
  std::vector<Async<int>> works;
  works.reserve(10);
  for (int i = 0; i < 10; ++i)
    works.push_back(Work(data));
  auto all = cano::when_all(std::move(works));
  for (const int value : co_await std::move(all))
    data.sum += value;
  co_return once_more(data);
}
template <auto Work> void when_all_of_ten(benchmark::State& state) {
  const Flow flow =
      Flow{State::Work}.add(State::Work, all_of_ten<Work>).add_exit_state(State::Done);
  Data data;
  for (auto _ : state)
    cano::run(flow, data);
  report_each(state, "branch", 10 * many);
}

// ---- items

int twice(const int& item) { return item * 2; }
Async<int> twice_later(const int& item) {
  co_await cano::yield_now();
  co_return item * 2;
}

template <auto Work> void each_of_many(benchmark::State& state) {
  const auto join = [](Data& data, std::span<BranchResult<int>> results) {
    for (auto& result : results)
      data.sum += result.value();
    return State::Done;
  };
  const auto items = [](const Data& data) -> const std::vector<int>& { return data.items; };
  const Flow flow = Flow{State::Work}
                        .add(State::Work, cano::each(items, Work).join(Join::all(), join))
                        .add_exit_state(State::Done);
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

BENCHMARK(split_of_ten<plain>)->Name("branch/plain");
BENCHMARK(calls_of_ten)->Name("branch/plain_by_hand");
BENCHMARK(split_of_ten<returns>)->Name("branch/async");
BENCHMARK(when_all_of_ten<returns>)->Name("branch/async_when_all");
BENCHMARK(split_of_ten<yields>)->Name("branch/yields");
BENCHMARK(when_all_of_ten<yields>)->Name("branch/yields_when_all");
BENCHMARK(each_of_many<twice>)->Name("item/plain");
BENCHMARK(loop_over_many)->Name("item/plain_by_hand");
BENCHMARK(each_of_many<twice_later>)->Name("item/yields");
BENCHMARK(plain_steps)->Name("step/plain");

}  // namespace

BENCHMARK_MAIN();
