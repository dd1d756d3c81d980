// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <future>
#include <memory>
#include <random>
#include <stop_token>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/run_options.hpp>
#include <cano/workflow/workflow.hpp>

/// How random runs race.
struct RandomRuns {
  const std::vector<boost::asio::any_io_executor>& executors;
  int runs;
  std::size_t at_once;
  unsigned stopped_before;  // one of so many is stopped before it starts
  unsigned seed;
};

/// Keeps some runs of the workflow going at once, and stops some of them while they run or before.
///
/// `make_store(number)` gives a `std::unique_ptr`, `limit(options, number)` the options of the run,
/// `look(result, store)` sees each that has ended; its store is destroyed right after. Returns how
/// many succeeded, were cancelled, failed. A store with a member `stop` gets what stops its run.
template <class Flow, class MakeStore, class Limit, class Look>
std::array<int, 3> race_runs(const Flow& flow, const RandomRuns& how, MakeStore make_store,
                             Limit limit, Look look) {
  using Result = cano::WorkflowResult<typename Flow::state_type>;
  struct Running {
    std::unique_ptr<typename Flow::store_type> store;
    std::stop_source stop;
    std::future<Result> result;
  };
  std::array<int, 3> outcomes{};
  const auto finish = [&](Running& running) {
    const Result result = running.result.get();
    look(result, *running.store);
    running.store.reset();  // nothing of the run may touch it any more
    ++outcomes[result.is_success() ? 0 : result.is_cancelled() ? 1 : 2];
  };

  std::minstd_rand random{how.seed};
  std::vector<Running> running;
  for (int i = 0; i < how.runs; ++i) {
    const auto number = static_cast<unsigned>(random() >> 4U);
    Running& now =
        running.emplace_back(make_store(number), std::stop_source{}, std::future<Result>{});
    const auto options = limit(cano::RunOptions{}.with_stop(now.stop.get_token()), number);
    if constexpr (requires { now.store->stop = now.stop; }) now.store->stop = now.stop;
    if (number % how.stopped_before == 1) now.stop.request_stop();
    now.result =
        boost::asio::co_spawn(how.executors[number % how.executors.size()],
                              flow.try_orchestrate(*now.store, options), boost::asio::use_future);
    if (running.size() < how.at_once) continue;
    if (number % 3 == 0) running[number / 3 % running.size()].stop.request_stop();
    std::swap(running[number / 7 % running.size()], running.back());
    if (number % 5 == 0) running.back().stop.request_stop();
    finish(running.back());
    running.pop_back();
  }
  for (Running& last : running)
    finish(last);
  return outcomes;
}
