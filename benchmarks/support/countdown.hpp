// SPDX-License-Identifier: MIT
// The tasks and Nodes that the benchmarks of the engine have in common, and their workflow.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/count.hpp"

namespace countdown {

namespace asio = boost::asio;

struct PlainTask {
  Step other;
  Step run(Count& count) const { return next(count, other); }
};

struct AsyncTask {
  Step other;
  cano::Async<Step> run(Count& count) const { co_return next(count, other); }
};

struct AwaitableTask {
  Step other;
  asio::awaitable<Step> run(Count& count) const { co_return next(count, other); }
};

struct PlainNode {
  Step other;
  int prep(Count& count) const { return count.left; }
  int exec(int left) const { return left - 1; }
  Step post(Count& count, int left) const {
    count.left = left;
    return left > 0 ? other : Step::Done;
  }
};

struct AsyncNode {
  Step other;
  cano::Async<int> prep(Count& count) const { co_return count.left; }
  cano::Async<int> exec(int left) const { co_return left - 1; }
  cano::Async<Step> post(Count& count, int left) const {
    count.left = left;
    co_return left > 0 ? other : Step::Done;
  }
};

struct AwaitableNode {
  Step other;
  asio::awaitable<int> prep(Count& count) const { co_return count.left; }
  asio::awaitable<int> exec(int left) const { co_return left - 1; }
  asio::awaitable<Step> post(Count& count, int left) const {
    count.left = left;
    co_return left > 0 ? other : Step::Done;
  }
};

/// Two states that alternate, each with a task of type `Task`.
template <class Task>
cano::Workflow<Step, Count> workflow(const cano::TaskConfig& config = cano::TaskConfig::minimal()) {
  return cano::Workflow<Step, Count>{Step::A}
      .add(Step::A, Task{Step::B}, config)
      .add(Step::B, Task{Step::A}, config)
      .add_exit_state(Step::Done);
}

}  // namespace countdown
