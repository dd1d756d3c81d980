// SPDX-License-Identifier: MIT
// The questions of README.md on coroutines, answered with cano's coroutine type but without its
// workflows: a switch by hand, and on two threads as many coroutines as there are instances.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/workflow/run.hpp>

#include "peers/composition_by_hand.hpp"
#include "peers/failing.hpp"
#include "peers/measure.hpp"
#include "support/by_hand.hpp"
#include "support/countdown.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using countdown::AsyncTask;
using countdown::Count;
using countdown::hops;
using countdown::Step;

constexpr int instances = 200'000;
constexpr int waiting = 500'000;

measure::Results results{"hand_written_async"};

struct YieldingTask {
  Step other;
  cano::Async<Step> run(Count& count) const {
    co_await cano::yield_now();
    co_return countdown::next(count, other);
  }
};

double resident_before = 0;
std::atomic<int> asleep{0};

struct SleepingTask {
  Step other;
  cano::Async<Step> run(Count&) const {
    if (++asleep == waiting) {
      results.add("async_waiting_instance_bytes",
                  (measure::resident_bytes() - resident_before) / waiting);
      results.print();
      std::_Exit(EXIT_SUCCESS);
    }
    co_await cano::sleep_for(1h);
    co_return other;
  }
};

template <class Task> void run_alone() {
  Count count{hops};
  measure::keep(cano::run(by_hand::switch_over<Task>(count)));
}

template <class Task> void run_failures() {
  const std::unique_ptr<failing::FallibleTask> task = std::make_unique<Task>();
  Count count{0};
  cano::run(failing::fail_often<cano::Async>(*task, count));
}

// Half of the stores on each of two threads.
template <class RunHalf> void run_halves(std::size_t count, RunHalf run_half) {
  std::thread other{run_half, count / 2, count};
  run_half(0, count / 2);
  other.join();
}

template <class Task> void time_batch(const char* name, cano::Runtime& runtime) {
  std::vector<Count> stores(instances);
  std::vector<Step> ends(instances);
  results.time(name, instances, 2, [&] {
    stores.assign(instances, Count{10});
    run_halves(instances, [&](std::size_t first, std::size_t end) {
      const auto run_one = [&, first](std::size_t i) -> cano::Async<void> {
        ends[first + i] = co_await by_hand::switch_over<Task>(stores[first + i]);
      };
      runtime.run(by_hand::await_all(end - first, std::cref(run_one)));
    });
    measure::keep(ends.data());
  });
}

cano::Async<void> split_awaited(composition_by_hand::Data& data) {
  using namespace composition_by_hand;
  for (; data.left > 0; --data.left) {
    std::vector<cano::Async<int>> works;
    works.reserve(branches);
    for (int i = 0; i < branches; ++i)
      works.push_back(value_of<cano::Async>(data.left));
    auto all = cano::when_all(std::move(works));
    for (const int value : co_await std::move(all))
      data.sum += value;
  }
}

cano::Async<void> start_cancellable(Count* stores, asio::cancellation_signal* signals,
                                    std::size_t count) {
  const auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < count; ++i) {
    by_hand::switch_over<SleepingTask>(stores[i])(asio::bind_cancellation_slot(
        signals[i].slot(), asio::bind_executor(executor, asio::detached)));
  }
  co_await cano::sleep_for(1h);
}

// It ends the process as soon as all of them wait.
int wait_forever() {
  cano::Runtime runtime{2};
  std::vector<Count> stores(waiting, Count{10});
  resident_before = measure::resident_bytes();
  std::vector<asio::cancellation_signal> signals(waiting);
  run_halves(waiting, [&](std::size_t first, std::size_t end) {
    runtime.run(start_cancellable(&stores[first], &signals[first], end - first));
  });
  return EXIT_FAILURE;
}

}  // namespace

// With an argument: the memory alone, since memory that was used before would not count.
int main(int argc, char**) {
  if (argc > 1) return wait_forever();
  results.time("async_hop_ns", hops, 1, run_alone<AsyncTask>);
  results.time("async_node_ns", hops, 1, run_alone<by_hand::CoroutineANode<countdown::AsyncNode>>);
  results.time("async_failing_result_ns", hops, 1, run_failures<failing::FailingTask<0>>);
  results.time("async_failing_throw_ns", hops, 1, run_failures<failing::ThrowingTask<0>>);
  cano::Runtime runtime{2};
  time_batch<AsyncTask>("async_instance_ns", runtime);
  time_batch<YieldingTask>("async_yielding_instance_ns", runtime);
  composition_by_hand::time_coroutines<cano::Async>(results, split_awaited);

  results.print();
}
