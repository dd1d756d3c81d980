// SPDX-License-Identifier: MIT
// What does an observer cost a hop? One that only counts, two of them, and none; and one by hand.
#include <cstddef>
#include <memory>
#include <utility>

#include <benchmark/benchmark.h>

#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/workflow/run.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/report.hpp"

// Not in the unnamed namespace, and with a second class: else the compiler sees that there is only
// one function to call.
namespace baseline {

struct Watcher {
  virtual ~Watcher() = default;
  virtual void entered(countdown::Step step) = 0;
};
template <int Number> struct CountEntered : Watcher {
  void entered(countdown::Step) override { states += Number; }
  std::size_t states = 0;
};

inline std::unique_ptr<Watcher> make_watcher(bool other) {
  if (other) return std::make_unique<CountEntered<2>>();
  return std::make_unique<CountEntered<1>>();
}

}  // namespace baseline

namespace {

using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::hops;
using countdown::Step;

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

template <class Task> void unobserved(benchmark::State& state) { watched_by<Task>(state); }
template <class Task> void one(benchmark::State& state) {
  watched_by<Task>(state, std::make_shared<CountStates>());
}
template <class Task> void two(benchmark::State& state) {
  watched_by<Task>(state, std::make_shared<CountStates>(), std::make_shared<CountStates>());
}

// The same by hand: a coroutine that calls a virtual function at each state.
template <class Task>
auto watched_loop(Count& count, baseline::Watcher& watcher)
    -> decltype(std::declval<const Task&>().run(count)) {
  const Task a{Step::B};
  const Task b{Step::A};
  Step at = Step::A;
  while (at != Step::Done) {
    watcher.entered(at);
    at = co_await (at == Step::A ? a : b).run(count);
  }
  co_return at;
}

template <class Task> void by_hand_one(benchmark::State& state) {
  const auto watcher = baseline::make_watcher(state.max_iterations == 0);
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(by_hand::run(watched_loop<Task>(count, *watcher)));
  }
  report_each(state, "hop", hops);
}

BENCHMARK(unobserved<countdown::PlainTask>)->Name("plain/nobody");
BENCHMARK(one<countdown::PlainTask>)->Name("plain/one");
BENCHMARK(two<countdown::PlainTask>)->Name("plain/two");
BENCHMARK(unobserved<AsyncTask>)->Name("async/nobody");
BENCHMARK(one<AsyncTask>)->Name("async/one");
BENCHMARK(two<AsyncTask>)->Name("async/two");
BENCHMARK(by_hand_one<AsyncTask>)->Name("async/one_by_hand");
BENCHMARK(unobserved<AwaitableTask>)->Name("awaitable/nobody");
BENCHMARK(one<AwaitableTask>)->Name("awaitable/one");
BENCHMARK(two<AwaitableTask>)->Name("awaitable/two");
BENCHMARK(by_hand_one<AwaitableTask>)->Name("awaitable/one_by_hand");

}  // namespace

BENCHMARK_MAIN();
