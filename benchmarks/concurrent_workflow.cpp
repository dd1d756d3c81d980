// SPDX-License-Identifier: MIT
// What does an instance of a batch cost, by what its ten hops do and by the number of instances,
// shards and instances in flight, and what memory one that waits? Beside it the same instances run
// one after the other, and spawned by hand one by one, in coroutines of either type. All in
// processor time of all threads: on two shards it passes half as fast.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/run_options.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/heap.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using by_hand::Awaitable;
using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::Step;

constexpr int hops_each = 10;

template <template <class> class Coroutine> struct YieldingIn {
  Step other;
  Coroutine<Step> run(Count& count) const {
    co_await cano::yield_now();
    co_return countdown::next(count, other);
  }
};
using AsyncYielding = YieldingIn<cano::Async>;
using AwaitableYielding = YieldingIn<Awaitable>;

// The hand-written one yields by Asio's own means.
struct Posting {
  Step other;
  asio::awaitable<Step> run(Count& count) const {
    co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
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
template <class Task> void bounded(benchmark::State& state) {
  constexpr std::size_t instances = 100'000;
  cano::Runtime runtime{2};
  const auto flow = cano::ConcurrentWorkflow{countdown::workflow<Task>()}.with_max_in_flight(
      static_cast<std::size_t>(state.range(0)));
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    benchmark::DoNotOptimize(runtime.run(flow.execute_concurrent(stores, cano::WaitForever{})));
  }
  report_each(state, "instance", static_cast<double>(instances));
}

cano::Async<void> one_after_the_other(const cano::Workflow<Step, Count>& flow,
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

// A coroutine with a switch for each, all at once on one thread.
template <class Task> void spawned_by_hand(benchmark::State& state) {
  const auto instances = static_cast<std::size_t>(state.range(0));
  std::vector<Count> stores(instances);
  for (auto _ : state) {
    stores.assign(instances, Count{hops_each});
    by_hand::run_all(instances,
                     [&](std::size_t i) { return by_hand::switch_over<Task>(stores[i]); });
  }
  report_each(state, "instance", static_cast<double>(instances));
}

// ---- instances that wait, each of which can be cancelled; "bytes" is what each of them holds

constexpr int waiting = 20'000;

struct Waiting {
  std::size_t heap_before = 0;
  int asleep = 0;
  double bytes = 0;
  std::stop_source stop;

  // Of the last one the heap is measured, and all of them are cancelled.
  bool is_last() {
    if (++asleep < waiting) return false;
    bytes = static_cast<double>(heap_in_use() - heap_before) / waiting;
    return true;
  }
};

template <template <class> class Coroutine> struct Sleeping {
  Waiting* all;
  Coroutine<Step> run(Count&) const {
    if (all->is_last()) {
      all->stop.request_stop();
      co_return Step::Done;
    }
    co_await cano::sleep_for(1h);
    co_return Step::Done;
  }
};

template <template <class> class Coroutine> void waiting_batch(benchmark::State& state) {
  Waiting all;
  std::vector<Count> stores(waiting);
  for (auto _ : state) {
    all = Waiting{};
    const auto flow = cano::ConcurrentWorkflow<Step, Count>{Step::A}
                          .add(Step::A, Sleeping<Coroutine>{&all}, cano::TaskConfig::minimal())
                          .add_exit_state(Step::Done);
    all.heap_before = heap_in_use();
    cano::run(flow.execute_concurrent(stores, cano::WaitForever{},
                                      cano::RunOptions{}.with_stop(all.stop.get_token())));
  }
  state.counters["bytes"] = all.bytes;
}

// By hand that takes a signal for each.
using Signals = std::vector<asio::cancellation_signal>;

// The last one has no need.
void cancel_all_but_last(Signals& signals) {
  for (auto signal = signals.begin(); signal != std::prev(signals.end()); ++signal)
    signal->emit(asio::cancellation_type::terminal);
}

asio::awaitable<Step> wait_for_timer(Waiting& all, Signals& signals) {
  if (all.is_last()) {
    cancel_all_but_last(signals);
    co_return Step::Done;
  }
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  co_await timer.async_wait(asio::deferred);
  co_return Step::Done;
}
asio::awaitable<void> wait_by_hand(Waiting& all, Signals& signals) {
  Step at = Step::A;
  while (at != Step::Done)
    at = co_await wait_for_timer(all, signals);
}

void start_waiting(asio::io_context& context, Waiting& all, Signals& signals) {
  for (asio::cancellation_signal& signal : signals) {
    asio::co_spawn(context, wait_by_hand(all, signals),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
  }
}

cano::Async<Step> sleep_by_hand(Waiting& all, Signals& signals) {
  if (all.is_last()) {
    cancel_all_but_last(signals);
    co_return Step::Done;
  }
  co_await cano::sleep_for(1h);
  co_return Step::Done;
}
cano::Async<void> wait_by_hand_async(Waiting& all, Signals& signals) {
  Step at = Step::A;
  while (at != Step::Done)
    at = co_await sleep_by_hand(all, signals);
}

cano::Async<void> start_waiting_async(Waiting& all, Signals& signals) {
  const auto executor = co_await asio::this_coro::executor;
  for (asio::cancellation_signal& signal : signals) {
    wait_by_hand_async(all, signals)(
        asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(executor, asio::detached)));
  }
  while (all.asleep < waiting)
    co_await cano::yield_now();
}

void run_waiting(std::type_identity<cano::Async<void>>, Waiting& all, Signals& signals) {
  cano::run(start_waiting_async(all, signals));
}
void run_waiting(std::type_identity<asio::awaitable<void>>, Waiting& all, Signals& signals) {
  asio::io_context context{1};
  start_waiting(context, all, signals);
  context.run();
}

template <class Coroutine> void waiting_by_hand(benchmark::State& state) {
  Waiting all;
  for (auto _ : state) {
    all = Waiting{};
    all.heap_before = heap_in_use();
    Signals signals(waiting);
    run_waiting(std::type_identity<Coroutine>{}, all, signals);
  }
  state.counters["bytes"] = all.bytes;
}

void sizes_and_shards(benchmark::internal::Benchmark* of) {
  for (const std::int64_t instances : {1, 100, 10'000, 1'000'000})
    of->Args({instances, 2});
  of->Args({100'000, 1})->Args({100'000, 2})->MeasureProcessCPUTime();
}

void limits(benchmark::internal::Benchmark* of) {
  of->Arg(10)->Arg(1000)->Arg(100'000)->MeasureProcessCPUTime();
}

BENCHMARK(batch<countdown::PlainTask>)->Name("plain/batch")->Apply(sizes_and_shards);
BENCHMARK(sequence<countdown::PlainTask>)->Name("plain/sequence")->Arg(100'000);
BENCHMARK(batch<AsyncTask>)->Name("async/batch")->Apply(sizes_and_shards);
BENCHMARK(sequence<AsyncTask>)->Name("async/sequence")->Arg(100'000);
BENCHMARK(spawned_by_hand<AsyncTask>)->Name("async/spawned_by_hand")->Arg(100'000);
BENCHMARK(batch<AwaitableTask>)->Name("awaitable/batch")->Apply(sizes_and_shards);
BENCHMARK(sequence<AwaitableTask>)->Name("awaitable/sequence")->Arg(100'000);
BENCHMARK(spawned_by_hand<AwaitableTask>)->Name("awaitable/spawned_by_hand")->Arg(100'000);
BENCHMARK(batch<AsyncYielding>)->Name("async_yielding/batch")->Apply(sizes_and_shards);
BENCHMARK(spawned_by_hand<AsyncYielding>)->Name("async_yielding/spawned_by_hand")->Arg(100'000);
BENCHMARK(bounded<AsyncYielding>)->Name("async_yielding/max_in_flight")->Apply(limits);
BENCHMARK(batch<AwaitableYielding>)->Name("awaitable_yielding/batch")->Apply(sizes_and_shards);
BENCHMARK(spawned_by_hand<Posting>)->Name("awaitable_yielding/spawned_by_hand")->Arg(100'000);
BENCHMARK(bounded<AwaitableYielding>)->Name("awaitable_yielding/max_in_flight")->Apply(limits);
BENCHMARK(waiting_batch<cano::Async>)->Name("async_waiting/batch");
BENCHMARK(waiting_by_hand<cano::Async<void>>)->Name("async_waiting/spawned_by_hand");
BENCHMARK(waiting_batch<Awaitable>)->Name("awaitable_waiting/batch");
BENCHMARK(waiting_by_hand<asio::awaitable<void>>)->Name("awaitable_waiting/spawned_by_hand");

}  // namespace

BENCHMARK_MAIN();
