// SPDX-License-Identifier: MIT
// What does a hop cost, from the task of one state to that of the next? Plain tasks are measured
// beside a loop over virtual calls, coroutines of either type beside one with a switch, both
// written by hand.
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/report.hpp"

// Not in the unnamed namespace, and with a task of a second class for a state that is never
// entered: else the compiler sees that there is only one function to call, and calls none. The two
// states that alternate share a class, as they do in the workflow: which of two classes comes next
// is something that processors guess well or badly, depending on the address of the code.
namespace baseline {

template <class State> struct Task {
  virtual ~Task() = default;
  virtual State run(countdown::Count& count) const = 0;
};

template <class State, int Number> struct GoTo : Task<State> {
  GoTo(State to, State end) : other{std::move(to)}, done{std::move(end)} {}
  State run(countdown::Count& count) const override { return --count.left > 0 ? other : done; }
  State other;
  State done;
};

enum class Branch { A, B, C, D, Done };

inline Branch branch(countdown::Count& count, unsigned salt) {
  if (--count.left <= 0) return Branch::Done;
  unsigned mixed = (static_cast<unsigned>(count.left) + salt) * 2654435761U;
  mixed = (mixed ^ (mixed >> 15U)) * 2246822519U;
  return static_cast<Branch>(mixed >> 30U);
}

template <unsigned Salt> struct GoAnywhere : Task<Branch> {
  Branch run(countdown::Count& count) const override { return branch(count, Salt); }
};

}  // namespace baseline

namespace {

using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::hops;
using countdown::Step;

template <class Flow> void run_workflow(benchmark::State& state, const Flow& flow) {
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "hop", hops);
}

template <class Loop> void run_baseline(benchmark::State& state, const Loop& loop) {
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(loop(count));
  }
  report_each(state, "hop", hops);
}

// ---- two states that alternate

// As a task of a workflow: the same without a virtual function.
template <class State> struct GoToTask {
  State other;
  State done;
  State run(Count& count) const { return --count.left > 0 ? other : done; }
};

template <class State> cano::Workflow<State, Count> turns(State a, State b, State done) {
  return cano::Workflow<State, Count>{a}
      .add(a, GoToTask<State>{b, done}, cano::TaskConfig::minimal())
      .add(b, GoToTask<State>{a, done}, cano::TaskConfig::minimal())
      .add_exit_state(done);
}

void plain_enum(benchmark::State& state) {
  run_workflow(state, turns(Step::A, Step::B, Step::Done));
}
void plain_enum_baseline(benchmark::State& state) {
  std::vector<std::unique_ptr<baseline::Task<Step>>> tasks;
  tasks.push_back(std::make_unique<baseline::GoTo<Step, 0>>(Step::B, Step::Done));
  tasks.push_back(std::make_unique<baseline::GoTo<Step, 0>>(Step::A, Step::Done));
  tasks.push_back(std::make_unique<baseline::GoTo<Step, 1>>(Step::A, Step::Done));
  run_baseline(state, [&](Count& count) {
    Step at = Step::A;
    while (at != Step::Done)
      at = tasks[static_cast<std::size_t>(at)]->run(count);
    return at;
  });
}

void plain_int(benchmark::State& state) { run_workflow(state, turns(0, 1, 2)); }
void plain_int_baseline(benchmark::State& state) {
  std::vector<std::unique_ptr<baseline::Task<int>>> tasks;
  tasks.push_back(std::make_unique<baseline::GoTo<int, 0>>(1, 2));
  tasks.push_back(std::make_unique<baseline::GoTo<int, 0>>(0, 2));
  tasks.push_back(std::make_unique<baseline::GoTo<int, 1>>(0, 2));
  run_baseline(state, [&](Count& count) {
    int at = 0;
    while (at != 2)
      at = tasks[static_cast<std::size_t>(at)]->run(count);
    return at;
  });
}

void plain_string(benchmark::State& state) {
  run_workflow(state, turns<std::string>("collect", "deliver", "done"));
}
void plain_string_baseline(benchmark::State& state) {
  std::unordered_map<std::string, std::unique_ptr<baseline::Task<std::string>>> tasks;
  tasks.emplace("collect", std::make_unique<baseline::GoTo<std::string, 0>>("deliver", "done"));
  tasks.emplace("deliver", std::make_unique<baseline::GoTo<std::string, 0>>("collect", "done"));
  tasks.emplace("never", std::make_unique<baseline::GoTo<std::string, 1>>("never", "done"));
  run_baseline(state, [&](Count& count) {
    std::string at = "collect";
    for (;;) {
      const auto found = tasks.find(at);
      if (found == tasks.end()) return at;
      at = found->second->run(count);
    }
  });
}

// ---- four states; which one comes next is in the data, and hard to guess for the processor

using baseline::Branch;

template <unsigned Salt> struct BranchTask {
  Branch run(Count& count) const { return baseline::branch(count, Salt); }
};

void branching(benchmark::State& state) {
  run_workflow(state, cano::Workflow<Branch, Count>{Branch::A}
                          .add(Branch::A, BranchTask<0>{})
                          .add(Branch::B, BranchTask<1>{})
                          .add(Branch::C, BranchTask<2>{})
                          .add(Branch::D, BranchTask<3>{})
                          .add_exit_state(Branch::Done));
}
void branching_baseline(benchmark::State& state) {
  std::vector<std::unique_ptr<baseline::Task<Branch>>> tasks;
  tasks.push_back(std::make_unique<baseline::GoAnywhere<0>>());
  tasks.push_back(std::make_unique<baseline::GoAnywhere<1>>());
  tasks.push_back(std::make_unique<baseline::GoAnywhere<2>>());
  tasks.push_back(std::make_unique<baseline::GoAnywhere<3>>());
  run_baseline(state, [&](Count& count) {
    Branch at = Branch::A;
    while (at != Branch::Done)
      at = tasks[static_cast<std::size_t>(at)]->run(count);
    return at;
  });
}

// ---- coroutines that do not wait

template <class Task> void coroutines(benchmark::State& state) {
  run_workflow(state, countdown::workflow<Task>());
}
template <class Task> void coroutines_baseline(benchmark::State& state) {
  run_baseline(state, [](Count& count) { return by_hand::run(by_hand::switch_over<Task>(count)); });
}

BENCHMARK(plain_enum)->Name("plain/enum/cano");
BENCHMARK(plain_enum_baseline)->Name("plain/enum/virtual_calls");
BENCHMARK(plain_int)->Name("plain/int/cano");
BENCHMARK(plain_int_baseline)->Name("plain/int/virtual_calls");
BENCHMARK(plain_string)->Name("plain/string/cano");
BENCHMARK(plain_string_baseline)->Name("plain/string/virtual_calls");
BENCHMARK(branching)->Name("plain/branching/cano");
BENCHMARK(branching_baseline)->Name("plain/branching/virtual_calls");
BENCHMARK(coroutines<AsyncTask>)->Name("async/enum/cano");
BENCHMARK(coroutines_baseline<AsyncTask>)->Name("async/enum/switch");
BENCHMARK(coroutines<AwaitableTask>)->Name("awaitable/enum/cano");
BENCHMARK(coroutines_baseline<AwaitableTask>)->Name("awaitable/enum/switch");

}  // namespace

BENCHMARK_MAIN();
