// SPDX-License-Identifier: MIT
// What does a limit cost where there is room: an acquire and release, awaited and at once, and a
// call through a closed circuit breaker? Beside it a counter behind a mutex, by hand.
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

#include <benchmark/benchmark.h>

#include <cano/async/async.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/limit/sliding_window.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/report.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t many = 10'000;
constexpr std::size_t plenty = 1'000'000'000'000;

// ---- by hand: never waits, is not fair, knows no time

class CountByHand {
 public:
  explicit CountByHand(std::size_t count) : free_{count} {}
  bool try_acquire() {
    const std::lock_guard lock{mutex_};
    if (free_ == 0) return false;
    --free_;
    return true;
  }
  void release() {
    const std::lock_guard lock{mutex_};
    ++free_;
  }

 private:
  std::mutex mutex_;
  std::size_t free_;
};

void count_by_hand(benchmark::State& state) {
  CountByHand count{3};
  for (auto _ : state) {
    benchmark::DoNotOptimize(count.try_acquire());
    count.release();
  }
}

cano::Async<int> acquire_by_hand(CountByHand& count) { co_return count.try_acquire() ? 1 : 0; }
cano::Async<std::int64_t> acquire_often_by_hand(CountByHand& count) {
  std::int64_t acquired = 0;
  for (std::int64_t i = 0; i < many; ++i) {
    acquired += co_await acquire_by_hand(count);
    count.release();
  }
  co_return acquired;
}
void awaited_by_hand(benchmark::State& state) {
  CountByHand count{3};
  for (auto _ : state)
    benchmark::DoNotOptimize(cano::run(acquire_often_by_hand(count)));
  state.SetItemsProcessed(state.iterations() * many);
}

// ---- limits

void try_acquire(benchmark::State& state, const std::shared_ptr<cano::Limit>& limit) {
  for (auto _ : state) {
    const std::optional<cano::Permit> permit = limit->try_acquire();
    benchmark::DoNotOptimize(permit.has_value());
  }
}
void try_concurrency(benchmark::State& state) { try_acquire(state, cano::concurrency_limit(3)); }
void try_rate(benchmark::State& state) { try_acquire(state, cano::rate_limit(plenty, 1s, plenty)); }

cano::Async<std::int64_t> acquire_often(cano::Limit& limit) {
  for (std::int64_t i = 0; i < many; ++i)
    const cano::Permit permit = co_await limit.acquire();
  co_return many;
}
void awaited(benchmark::State& state, const std::shared_ptr<cano::Limit>& limit) {
  for (auto _ : state)
    benchmark::DoNotOptimize(cano::run(acquire_often(*limit)));
  state.SetItemsProcessed(state.iterations() * many);
}
void awaited_concurrency(benchmark::State& state) { awaited(state, cano::concurrency_limit(3)); }
void awaited_rate(benchmark::State& state) { awaited(state, cano::rate_limit(plenty, 1s, plenty)); }
void awaited_window(benchmark::State& state) {
  awaited(state, cano::sliding_window(100'000, 100us));
}

// ---- breakers

void breaker(benchmark::State& state, const std::shared_ptr<cano::CircuitBreaker>& breaker) {
  for (auto _ : state)
    breaker->begin().succeeded();
}
void closed_breaker(benchmark::State& state) { breaker(state, cano::circuit_breaker()); }
void closed_breaker_of_shares(benchmark::State& state) {
  breaker(state, cano::circuit_breaker({.failure_rate = 0.5}));
}

// ---- a hop of a workflow

enum class State { Work, Done };
struct Count {
  std::int64_t left = many;
};
State count_down(Count& count) { return --count.left == 0 ? State::Done : State::Work; }

void hops(benchmark::State& state, const cano::TaskConfig& config) {
  const auto workflow = cano::Workflow<State, Count>{State::Work}
                            .add(State::Work, count_down, config)
                            .add_exit_state(State::Done);
  for (auto _ : state) {
    Count count;
    benchmark::DoNotOptimize(cano::run(workflow, count));
  }
  state.SetItemsProcessed(state.iterations() * many);
}
void hop_with_a_timeout(benchmark::State& state) {
  hops(state, cano::TaskConfig::minimal().with_attempt_timeout(1h));
}
void hop_with_a_limit(benchmark::State& state) {
  hops(state, cano::TaskConfig::minimal().with_limit(cano::concurrency_limit(3)));
}
void hop_with_a_breaker(benchmark::State& state) {
  hops(state, cano::TaskConfig::minimal().with_circuit_breaker(cano::circuit_breaker()));
}

}  // namespace

BENCHMARK(count_by_hand);
BENCHMARK(try_concurrency);
BENCHMARK(try_rate);
BENCHMARK(awaited_by_hand);
BENCHMARK(awaited_concurrency);
BENCHMARK(awaited_rate);
BENCHMARK(awaited_window);
BENCHMARK(closed_breaker);
BENCHMARK(closed_breaker_of_shares);
BENCHMARK(hop_with_a_timeout);
BENCHMARK(hop_with_a_limit);
BENCHMARK(hop_with_a_breaker);

BENCHMARK_MAIN();
