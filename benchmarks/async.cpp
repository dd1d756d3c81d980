// SPDX-License-Identifier: MIT
// What does an await cost: of a coroutine in one of its own type and of the other one, of an
// operation of Asio's, of two pieces of work at once, of a call on another thread? Beside it the
// same by hand, in coroutines of Asio's alone.
#include <cstddef>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/async/async.hpp>
#include <cano/async/blocking.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/workflow/run.hpp>

#include "support/by_hand.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using by_hand::Awaitable;
using cano::Async;

constexpr int many = 10'000;

template <template <class> class Coroutine> Coroutine<int> plus_one(int number) {
  co_return number + 1;
}

template <template <class> class Outer, template <class> class Inner>
Outer<int> await_often(int times) {
  int number = 0;
  for (int i = 0; i < times; ++i)
    number = co_await plus_one<Inner>(number);
  co_return number;
}

template <template <class> class Coroutine> Coroutine<int> post_often(int times) {
  const auto executor = co_await asio::this_coro::executor;
  for (int i = 0; i < times; ++i)
    co_await asio::post(executor, asio::deferred);
  co_return times;
}

// ---- two at once

Async<int> yield(int number) {
  co_await cano::yield_now();
  co_return number;
}
Awaitable<int> post(int number) {
  co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
  co_return number;
}

template <auto Work> Async<int> all_of_two(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    const auto [first, second] = co_await cano::when_all(Work(i), Work(i));
    sum += first - second;
  }
  co_return sum;
}

template <auto Work> Awaitable<int> both(int times) {
  using namespace asio::experimental::awaitable_operators;
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    const auto [first, second] = co_await (Work(i) && Work(i));
    sum += first - second;
  }
  co_return sum;
}

// ---- a call on another thread

int call() { return 1; }

Async<int> block_often(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i)
    sum += co_await cano::blocking(call);
  co_return sum;
}

Async<int> block_pool_often(asio::thread_pool& pool, int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i)
    sum += co_await cano::blocking(pool, call);
  co_return sum;
}

// To the pool and back.
Awaitable<int> visit_pool_often(asio::thread_pool& pool, int times) {
  const auto executor = co_await asio::this_coro::executor;
  int sum = 0;
  for (int i = 0; i < times; ++i) {
    co_await asio::post(asio::bind_executor(pool, asio::deferred));
    sum += call();
    co_await asio::post(asio::bind_executor(executor, asio::deferred));
  }
  co_return sum;
}

// A coroutine of either type as cano runs it.
template <auto Coroutine, int Times = many> void in_cano(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(cano::run(Coroutine(Times)));
  report_each(state, "await", Times);
}

// One of Asio's without cano around it.
template <auto Coroutine, int Times = many> void in_asio(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(by_hand::run(Coroutine(Times)));
  report_each(state, "await", Times);
}

constexpr int calls = 1000;

template <auto Coroutine> void on_a_pool(benchmark::State& state) {
  asio::thread_pool pool{1};
  for (auto _ : state)
    benchmark::DoNotOptimize(by_hand::run(Coroutine(pool, calls)));
  report_each(state, "await", calls);
}

BENCHMARK(in_cano<await_often<Async, Async>>)->Name("coroutine/async_in_async");
BENCHMARK(in_cano<await_often<Async, Awaitable>>)->Name("coroutine/awaitable_in_async");
BENCHMARK(in_cano<await_often<Awaitable, Async>>)->Name("coroutine/async_in_awaitable");
BENCHMARK(in_asio<await_often<Awaitable, Async>>)->Name("coroutine/async_in_awaitable_of_asio");
BENCHMARK(in_asio<await_often<Awaitable, Awaitable>>)->Name("coroutine/awaitable_in_awaitable");

BENCHMARK(in_cano<post_often<Async>>)->Name("operation/in_async");
BENCHMARK(in_cano<post_often<Awaitable>>)->Name("operation/in_awaitable");
BENCHMARK(in_asio<post_often<Awaitable>>)->Name("operation/in_awaitable_of_asio");

BENCHMARK(in_cano<all_of_two<plus_one<Async>>>)->Name("two/when_all");
BENCHMARK(in_asio<both<plus_one<Awaitable>>>)->Name("two/operator_and");
BENCHMARK(in_cano<all_of_two<yield>>)->Name("two_that_yield/when_all");
BENCHMARK(in_asio<both<post>>)->Name("two_that_yield/operator_and");

BENCHMARK(in_cano<block_often, calls>)->Name("thread/blocking")->UseRealTime();
BENCHMARK(on_a_pool<block_pool_often>)->Name("thread/blocking_on_a_pool")->UseRealTime();
BENCHMARK(on_a_pool<visit_pool_often>)->Name("thread/post")->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
