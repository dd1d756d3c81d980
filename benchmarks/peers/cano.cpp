// SPDX-License-Identifier: MIT
// cano on the questions of README.md, on a Runtime of two threads.
#define CANO_COUNT_ALLOCATIONS

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/error.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/result.hpp>
#include <cano/run_options.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "peers/measure.hpp"
#include "peers/time_store.hpp"
#include "support/by_hand.hpp"
#include "support/composition.hpp"
#include "support/countdown.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using by_hand::Awaitable;
using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::hops;
using countdown::Step;

using Flow = cano::Workflow<Step, Count>;

constexpr int instances = 200'000;
constexpr int waiting = 500'000;

measure::Results results{"cano"};

template <template <class> class Coroutine> struct YieldingTask {
  Step other;
  Coroutine<Step> run(Count& count) const {
    co_await cano::yield_now();
    co_return countdown::next(count, other);
  }
};

double resident_before = 0;
std::atomic<int> asleep{0};

double bytes_each() { return (measure::resident_bytes() - resident_before) / waiting; }
void add_memory(cano::Async<Step>) { results.add("async_waiting_instance_bytes", bytes_each()); }
void add_memory(asio::awaitable<Step>) {
  const double bytes = bytes_each();
  results.add("waiting_instance_bytes", bytes);
  results.add("cancellable_instance_bytes", bytes);  // as each instance is
}

template <template <class> class Coroutine> struct SleepingTask {
  Step other;
  Coroutine<Step> run(Count&) const {
    if (++asleep == waiting) {
      add_memory(Coroutine<Step>{});
      results.print();
      std::_Exit(EXIT_SUCCESS);
    }
    co_await cano::sleep_for(1h);
    co_return other;
  }
};

void run(const Flow& flow, const cano::RunOptions& options = {}) {
  Count count{hops};
  measure::keep(cano::run(flow, count, options));
}

template <template <class> class Coroutine>
Coroutine<void> fail_often(const Flow& flow, Count& count) {
  for (int i = 0; i < hops; ++i) {
    auto failed = flow.try_orchestrate(count);
    const auto result = co_await std::move(failed);
    measure::keep(result.is_failed());
  }
}

// What a whole run costs whose one attempt fails, awaited in a coroutine of that type.
template <template <class> class Coroutine, class Task>
void time_failures(const char* name, Task task) {
  const auto flow = Flow{Step::A}
                        .add(Step::A, std::move(task), cano::TaskConfig::minimal())
                        .add_exit_state(Step::Done);
  results.time(name, hops, 1, [&] {
    Count count{1};
    cano::run(fail_often<Coroutine>(flow, count));
  });
}

cano::Result<Step> fail_by_result(Count&) {
  return cano::Error{cano::Errc::TaskExecution, "not this time"};
}
Step fail_by_throw(Count&) { throw std::runtime_error{"not this time"}; }

void count_allocations(const char* name, const Flow& flow) {
  const std::uint64_t before = measure::allocations;
  run(flow);
  results.add(name, static_cast<double>(measure::allocations - before) / hops);
}

// With what may end a task early, and does not.
void time_limits() {
  const auto minimal = cano::TaskConfig::minimal();
  const std::stop_source source;
  const auto options = cano::RunOptions{}.with_stop(source.get_token());
  const Flow flow = countdown::workflow<AsyncTask>();
  results.time("stop_token_hop_ns", hops, 1, [&] { run(flow, options); });
  const Flow limited = countdown::workflow<AsyncTask>(minimal.with_attempt_timeout(1h));
  results.time("attempt_timeout_hop_ns", hops, 1, [&] { run(limited); });
}

template <class Task> void time_batch(const char* name, cano::Runtime& runtime) {
  const cano::ConcurrentWorkflow flow{countdown::workflow<Task>()};
  std::vector<Count> stores(instances);
  results.time(name, instances, 2, [&] {
    stores.assign(instances, Count{10});
    measure::keep(runtime.run(flow.execute_concurrent(stores, cano::WaitForever{})));
  });
}

// It ends the process as soon as all of them wait.
template <class Task> int wait_forever() {
  cano::Runtime runtime{2};
  const cano::ConcurrentWorkflow sleep{countdown::workflow<Task>()};
  std::vector<Count> stores(waiting);
  resident_before = measure::resident_bytes();
  runtime.run(sleep.execute_concurrent(stores, cano::WaitForever{}));
  return EXIT_FAILURE;
}

void time_hops() {
  const Flow plain_hops = countdown::workflow<countdown::PlainTask>();
  const Flow async_hops = countdown::workflow<AsyncTask>();
  const Flow awaitable_hops = countdown::workflow<AwaitableTask>();
  const Flow plain_nodes = countdown::workflow<countdown::PlainNode>();
  const Flow async_nodes = countdown::workflow<countdown::AsyncNode>();
  const Flow awaitable_nodes = countdown::workflow<countdown::AwaitableNode>();
  results.time("plain_hop_ns", hops, 1, [&] { run(plain_hops); });
  results.time("async_hop_ns", hops, 1, [&] { run(async_hops); });
  results.time("awaitable_hop_ns", hops, 1, [&] { run(awaitable_hops); });
  results.time("plain_node_ns", hops, 1, [&] { run(plain_nodes); });
  results.time("async_node_ns", hops, 1, [&] { run(async_nodes); });
  results.time("awaitable_node_ns", hops, 1, [&] { run(awaitable_nodes); });
  count_allocations("async_hop_allocations", async_hops);
  count_allocations("hop_allocations", awaitable_hops);
  count_allocations("async_node_allocations", async_nodes);
  count_allocations("node_allocations", awaitable_nodes);
}

// ---- composites, limits and undoing

void time_composite(const char* name, int count, const composition::Flow& flow, int rounds) {
  results.time(name, count, 1, [&] {
    composition::Data data;
    data.left = rounds;
    measure::keep(cano::run(flow, data));
    measure::keep(data.sum);
  });
}

template <auto Step, auto Undo> void time_sagas(const char* name) {
  const auto run_all = [](const composition::Flow& flow) -> cano::Async<void> {
    for (int i = 0; i < composition::sagas; ++i) {
      composition::Data data{.items = {}, .sum = 0, .left = composition::steps};
      auto running = flow.try_orchestrate(data);
      const auto result = co_await std::move(running);
      measure::keep(result.is_failed());
    }
  };
  const auto flow = composition::saga_flow<Step, Undo>();
  results.time(name, composition::steps * composition::sagas, 1, [&] { cano::run(run_all(flow)); });
}

cano::Async<void> acquire_often(cano::Limit& limit) {
  for (int i = 0; i < composition::calls; ++i) {
    const cano::Permit permit = co_await limit.acquire();
    measure::keep(&permit);
  }
}

void time_limits_by_hand() {
  constexpr std::size_t plenty = 1'000'000'000;
  const auto limit = cano::rate_limit(plenty, 1s, plenty);
  results.time("limit_ns", composition::calls, 1, [&] { cano::run(acquire_often(*limit)); });
  results.time("try_limit_ns", composition::calls, 1, [&] {
    for (int i = 0; i < composition::calls; ++i)
      measure::keep(limit->try_acquire().has_value());
  });
  const auto breaker = cano::circuit_breaker();
  results.time("breaker_ns", composition::calls, 1, [&] {
    for (int i = 0; i < composition::calls; ++i)
      breaker->begin().succeeded();
  });
}

void time_composites(cano::Runtime& runtime) {
  using namespace composition;
  constexpr int all = branches * splits;
  time_composite("plain_branch_ns", all, split_flow<branch>(), splits);
  time_composite("async_branch_ns", all, split_flow<async_branch>(), splits);
  time_composite("plain_item_ns", items, each_flow<twice>(), 1);
  time_composite("async_item_ns", items, each_flow<async_twice>(), 1);
  const auto on_shards = each_flow<twice>(runtime);
  results.time("shard_item_ns", items, 2, [&] {
    Data data;
    measure::keep(cano::run(on_shards, data));
  });
  time_limits_by_hand();
  time_sagas<step, unstep>("plain_undo_ns");
  time_sagas<async_step, async_unstep>("async_undo_ns");
}

}  // namespace

// With an argument: the memory alone, since memory that was used before would not count.
int main(int argc, char** argv) {
  if (argc > 1) {
    return std::string_view{argv[1]} == "async" ? wait_forever<SleepingTask<cano::Async>>()
                                                : wait_forever<SleepingTask<Awaitable>>();
  }
  time_hops();
  time_limits();
  time_failures<cano::Async>("async_failing_result_ns", fail_by_result);
  time_failures<cano::Async>("async_failing_throw_ns", fail_by_throw);
  time_failures<Awaitable>("failing_result_ns", fail_by_result);
  time_failures<Awaitable>("failing_throw_ns", fail_by_throw);

  cano::Runtime runtime{2};
  time_batch<countdown::PlainTask>("plain_instance_ns", runtime);
  time_batch<AsyncTask>("async_instance_ns", runtime);
  time_batch<AwaitableTask>("awaitable_instance_ns", runtime);
  time_batch<YieldingTask<cano::Async>>("async_yielding_instance_ns", runtime);
  time_batch<YieldingTask<Awaitable>>("yielding_instance_ns", runtime);
  time_composites(runtime);
  time_store<cano::MemoryStore>(results);

  results.print();
}
