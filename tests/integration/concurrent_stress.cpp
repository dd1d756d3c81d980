// SPDX-License-Identifier: MIT
// Races of everything that can end a batch, on real threads: for the sanitizers. Every batch must
// come back, with counters that say what its results say, and leave its stores alone afterwards.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"

using namespace cano;
using namespace std::chrono_literals;

namespace {

// Each run is tiny: what matters is which of its three ends comes first.
constexpr int rounds = races(15'000, 5'000);

enum class Step { Start, Wait, Done };

struct Store {
  std::size_t index = 0;
  int hops = 0;
};

asio::awaitable<Step> wait_a_moment(Store& store) {
  const auto executor = co_await asio::this_coro::executor;
  for (std::size_t i = 0; i < store.index; ++i)
    co_await asio::post(executor, asio::deferred);
  if (store.index % 2 == 1) co_await sleep_for(std::chrono::microseconds{20 * store.index});
  ++store.hops;
  co_return Step::Done;
}

ConcurrentWorkflow<Step, Store> workflow() {
  ConcurrentWorkflow<Step, Store> described{Step::Start};
  described.add(Step::Start, [](Store& store) {
    ++store.hops;
    return Step::Wait;
  });
  described.add(Step::Wait, wait_a_moment);
  described.add_exit_state(Step::Done);
  return described;
}

void check_sums(const ConcurrentResult<Step>& result) {
  std::size_t completed = 0;
  std::size_t cancelled = 0;
  for (const auto& each : result.results) {
    completed += each.is_success() ? 1 : 0;
    cancelled += each.is_cancelled() ? 1 : 0;
  }
  if (completed != result.status.completed || cancelled != result.status.cancelled ||
      completed + cancelled != result.results.size()) {
    FAIL("the counters and the results disagree");
  }
}

template <class T> bool is_ready(const std::future<T>& pending) {
  return pending.wait_for(0s) == std::future_status::ready;
}

template <class Execute> void race(Execute execute) {
  const auto described = workflow();
  std::uint32_t seed = 1;
  for (int round = 0; round < rounds; ++round) {
    seed = seed * 1664525U + 1013904223U;
    auto stores = std::make_unique<std::vector<Store>>(4);
    for (std::size_t i = 0; i < stores->size(); ++i)
      (*stores)[i].index = i;
    std::stop_source stop;
    const auto options = RunOptions{}.with_stop(stop.get_token());
    const WaitQuotaOrDuration strategy{seed >> 16U & 3U,
                                       std::chrono::microseconds{seed >> 20U & 63U}};
    auto pending = execute(described, *stores, strategy, options);
    for (std::uint32_t spins = seed >> 8U & 1023U; spins > 0 && !is_ready(pending); --spins)
      std::this_thread::yield();
    stop.request_stop();
    const auto result = pending.get();
    stores.reset();
    check_sums(result);
  }
}

}  // namespace

TEST_CASE("quota, duration and a stop request race on a thread pool", "[stress]") {
  asio::thread_pool pool{4};
  race([&](const auto& described, auto& stores, const auto& strategy, const auto& options) {
    return asio::co_spawn(pool, described.execute_concurrent(stores, strategy, options),
                          asio::use_future);
  });
}

TEST_CASE("quota, duration and a stop request race on a Runtime", "[stress]") {
  Runtime runtime{4};
  race([&](const auto& described, auto& stores, const auto& strategy, const auto& options) {
    return asio::co_spawn(runtime.get_executor(),
                          described.execute_concurrent(stores, strategy, options),
                          asio::use_future);
  });
}
