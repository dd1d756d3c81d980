// SPDX-License-Identifier: MIT
// cano on the questions of README.md, on a Runtime of two threads.
#define CANO_COUNT_ALLOCATIONS

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/task_config.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/yield_now.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "peers/measure.hpp"
#include "peers/time_store.hpp"
#include "support/countdown.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::hops;
using countdown::Step;

using Flow = cano::Workflow<Step, Count>;

constexpr int instances = 200'000;
constexpr int waiting = 500'000;

measure::Results results{"cano"};

struct YieldingTask {
  Step other;
  asio::awaitable<Step> run(Count& count) const {
    co_await cano::yield_now();
    co_return countdown::next(count, other);
  }
};

double resident_before = 0;
std::atomic<int> asleep{0};

struct SleepingTask {
  Step other;
  asio::awaitable<Step> run(Count&) const {
    if (++asleep == waiting) {
      const double bytes = (measure::resident_bytes() - resident_before) / waiting;
      results.add("waiting_instance_bytes", bytes);
      results.add("cancellable_instance_bytes", bytes);  // as each instance is
      results.print();
      std::_Exit(EXIT_SUCCESS);
    }
    co_await cano::sleep_for(1h);
    co_return other;
  }
};

void run(const Flow& flow) {
  Count count{hops};
  measure::keep(cano::run(flow, count));
}

// What a whole run costs whose one attempt fails.
template <class Task> void time_failures(const char* name, Task task) {
  const auto flow = Flow{Step::A}
                        .add(Step::A, std::move(task), cano::TaskConfig::minimal())
                        .add_exit_state(Step::Done);
  const auto fail_often = [&](Count& count) -> asio::awaitable<void> {
    for (int i = 0; i < hops; ++i) {
      auto failed = flow.try_orchestrate(count);
      const auto result = co_await std::move(failed);
      measure::keep(result.is_failed());
    }
  };
  results.time(name, hops, 1, [&] {
    Count count{1};
    cano::run(fail_often(count));
  });
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
int wait_forever() {
  cano::Runtime runtime{2};
  const cano::ConcurrentWorkflow sleep{countdown::workflow<SleepingTask>()};
  std::vector<Count> stores(waiting);
  resident_before = measure::resident_bytes();
  runtime.run(sleep.execute_concurrent(stores, cano::WaitForever{}));
  return EXIT_FAILURE;
}

}  // namespace

// With an argument: the memory alone, since memory that was used before would not count.
int main(int argc, char**) {
  if (argc > 1) return wait_forever();
  const Flow plain_hops = countdown::workflow<countdown::PlainTask>();
  const Flow hops_that_await = countdown::workflow<AwaitableTask>();
  const Flow plain_nodes = countdown::workflow<countdown::PlainNode>();
  const Flow nodes_that_await = countdown::workflow<countdown::AwaitableNode>();
  results.time("plain_hop_ns", hops, 1, [&] { run(plain_hops); });
  results.time("awaitable_hop_ns", hops, 1, [&] { run(hops_that_await); });
  results.time("plain_node_ns", hops, 1, [&] { run(plain_nodes); });
  results.time("awaitable_node_ns", hops, 1, [&] { run(nodes_that_await); });
  for (const auto& [name, flow] :
       {std::pair{"hop_allocations", &hops_that_await}, {"node_allocations", &nodes_that_await}}) {
    const std::uint64_t before = measure::allocations;
    run(*flow);
    results.add(name, static_cast<double>(measure::allocations - before) / hops);
  }

  time_failures("failing_result_ns", [](Count&) -> cano::Result<Step> {
    return cano::Error{cano::Errc::TaskExecution, "not this time"};
  });
  time_failures("failing_throw_ns",
                [](Count&) -> Step { throw std::runtime_error{"not this time"}; });

  cano::Runtime runtime{2};
  time_batch<countdown::PlainTask>("plain_instance_ns", runtime);
  time_batch<AwaitableTask>("awaitable_instance_ns", runtime);
  time_batch<YieldingTask>("yielding_instance_ns", runtime);
  time_store<cano::MemoryStore>(results);

  results.print();
}
