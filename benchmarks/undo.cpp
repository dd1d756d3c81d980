// SPDX-License-Identifier: MIT
// What does a step cost that can be undone, kept and undone? Beside it by hand: a stack of
// functions that one calls in reverse. And what keeping alone costs where the run succeeds.
#include <utility>

#include <benchmark/benchmark.h>

#include <cano/async/async.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/composition.hpp"
#include "support/composition_data.hpp"
#include "support/report.hpp"

namespace {

using composition::async_step;
using composition::async_unstep;
using composition::Data;
using composition::Flow;
using composition::State;
using composition::step;
using composition::steps;
using composition::unstep;

cano::Async<void> run_once(const Flow& flow, Data& data) {
  auto running = flow.try_orchestrate(data);
  const auto result = co_await std::move(running);
  benchmark::DoNotOptimize(result.is_failed());
}

void runs(benchmark::State& state, const Flow& flow) {
  Data data;
  for (auto _ : state) {
    data.left = steps;
    cano::run(run_once(flow, data));
  }
  benchmark::DoNotOptimize(data.sum);
  report_each(state, "step", steps);
}

// Steps that are done and undone.
void plain(benchmark::State& state) { runs(state, composition::saga_flow<step, unstep>()); }
void async(benchmark::State& state) {
  runs(state, composition::saga_flow<async_step, async_unstep>());
}

// Steps that are kept, and not undone.
void kept(benchmark::State& state) {
  const Flow flow = composition::saga_flow<step, unstep>().on_failure(State::Fail, State::Done);
  runs(state, flow);
}
void without_undo(benchmark::State& state) {
  const auto once = cano::TaskConfig::minimal();
  runs(state, Flow{State::Work}
                  .add(State::Work, step, once)
                  .add(State::Fail, composition::no_seat, once)
                  .on_failure(State::Fail, State::Done)
                  .add_exit_state(State::Done));
}

// A branch that can be undone and is.
void branch(benchmark::State& state) {
  const auto work = cano::undoable([](const Data& data) { return data.left; },
                                   [](Data& data) { ++data.sum; }, cano::TaskConfig::minimal());
  const Flow flow =
      Flow{State::Work}
          .add(State::Work, cano::split(work, work, work, work, work, work, work, work, work, work)
                                .join(cano::Join::all(), State::Fail))
          .add(State::Fail, composition::no_seat, cano::TaskConfig::minimal());
  Data data;
  for (auto _ : state)
    cano::run(run_once(flow, data));
  benchmark::DoNotOptimize(data.sum);
  report_each(state, "branch", composition::branches);
}

void plain_by_hand(benchmark::State& state) {
  Data data;
  for (auto _ : state)
    composition::saga_by_hand(data);
  benchmark::DoNotOptimize(data.sum);
  report_each(state, "step", steps);
}

BENCHMARK(plain)->Name("step/plain");
BENCHMARK(plain_by_hand)->Name("step/plain_by_hand");
BENCHMARK(async)->Name("step/async");
BENCHMARK(kept)->Name("step/kept");
BENCHMARK(without_undo)->Name("step/without_undo");
BENCHMARK(branch)->Name("branch/plain");

}  // namespace

BENCHMARK_MAIN();
