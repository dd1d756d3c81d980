// SPDX-License-Identifier: MIT
// What does it cost a hop that it could be cancelled: by a stop token, an attempt timeout, a
// timeout of the state, a total timeout? None of them happens here. Beside it the same hop without
// any, and with a timer set and cancelled by hand around each.
#include <stop_token>
#include <utility>

#include <benchmark/benchmark.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>

#include <cano/run_options.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/report.hpp"

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::TaskConfig;
using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::hops;
using countdown::PlainTask;
using countdown::Step;

template <class Task>
void run_with(benchmark::State& state, const TaskConfig& config, const cano::RunOptions& options) {
  const auto flow = countdown::workflow<Task>(config);
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(cano::run(flow, count, options));
  }
  report_each(state, "hop", hops);
}

template <class Task> void nothing(benchmark::State& state) {
  run_with<Task>(state, TaskConfig::minimal(), {});
}
template <class Task> void stop_token(benchmark::State& state) {
  const std::stop_source source;
  run_with<Task>(state, TaskConfig::minimal(), cano::RunOptions{}.with_stop(source.get_token()));
}
template <class Task> void attempt_timeout(benchmark::State& state) {
  run_with<Task>(state, TaskConfig::minimal().with_attempt_timeout(1h), {});
}
template <class Task> void state_timeout(benchmark::State& state) {
  run_with<Task>(state, TaskConfig::minimal().with_timeout(1h), {});
}
template <class Task> void total_timeout(benchmark::State& state) {
  run_with<Task>(state, TaskConfig::minimal(), cano::RunOptions{}.with_timeout(1h));
}
template <class Task> void all_of_them(benchmark::State& state) {
  const std::stop_source source;
  run_with<Task>(state, TaskConfig::minimal().with_attempt_timeout(1h).with_timeout(1h),
                 cano::RunOptions{}.with_stop(source.get_token()).with_timeout(1h));
}

template <class Task>
auto timer_a_hop(Count& count) -> decltype(std::declval<const Task&>().run(count)) {
  const Task a{Step::B};
  const Task b{Step::A};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  Step at = Step::A;
  while (at != Step::Done) {
    timer.expires_after(1h);
    timer.async_wait([](boost::system::error_code) {});
    at = co_await (at == Step::A ? a : b).run(count);
    timer.cancel();
  }
  co_return at;
}

template <auto Coroutine> void coroutine_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(by_hand::run(Coroutine(count)));
  }
  report_each(state, "hop", hops);
}

BENCHMARK(nothing<AsyncTask>)->Name("async/nothing");
BENCHMARK(stop_token<AsyncTask>)->Name("async/stop_token");
BENCHMARK(attempt_timeout<AsyncTask>)->Name("async/attempt_timeout");
BENCHMARK(state_timeout<AsyncTask>)->Name("async/state_timeout");
BENCHMARK(total_timeout<AsyncTask>)->Name("async/total_timeout");
BENCHMARK(all_of_them<AsyncTask>)->Name("async/all_of_them");
BENCHMARK(coroutine_by_hand<by_hand::switch_over<AsyncTask>>)->Name("async/nothing_by_hand");
BENCHMARK(coroutine_by_hand<timer_a_hop<AsyncTask>>)->Name("async/timer_by_hand");
BENCHMARK(nothing<AwaitableTask>)->Name("awaitable/nothing");
BENCHMARK(stop_token<AwaitableTask>)->Name("awaitable/stop_token");
BENCHMARK(attempt_timeout<AwaitableTask>)->Name("awaitable/attempt_timeout");
BENCHMARK(state_timeout<AwaitableTask>)->Name("awaitable/state_timeout");
BENCHMARK(total_timeout<AwaitableTask>)->Name("awaitable/total_timeout");
BENCHMARK(coroutine_by_hand<by_hand::switch_over<AwaitableTask>>)
    ->Name("awaitable/nothing_by_hand");
BENCHMARK(coroutine_by_hand<timer_a_hop<AwaitableTask>>)->Name("awaitable/timer_by_hand");
BENCHMARK(nothing<PlainTask>)->Name("plain/nothing");
BENCHMARK(stop_token<PlainTask>)->Name("plain/stop_token");
BENCHMARK(attempt_timeout<PlainTask>)->Name("plain/attempt_timeout");
BENCHMARK(state_timeout<PlainTask>)->Name("plain/state_timeout");
BENCHMARK(total_timeout<PlainTask>)->Name("plain/total_timeout");

}  // namespace

BENCHMARK_MAIN();
