// SPDX-License-Identifier: MIT
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/task/task_context.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::TaskContext;
using cano::VirtualTime;

namespace {

template <class Task>
Result run_task(Task task, cano::TaskConfig config = once(), cano::RunOptions options = {}) {
  VirtualTime time;
  Data data;
  const Flow flow = Flow{S::A}.add(S::A, task, std::move(config)).add_exit_state(S::Done);
  return result_of(time, flow, data, std::move(options));
}

}  // namespace

TEST_CASE("a context belongs to one attempt: it is not copied") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<TaskContext>);
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<TaskContext>);
}

TEST_CASE("a task may ask for its attempt, state and run") {
  std::vector<std::string> seen;
  const auto task = [&](Data&, TaskContext& context) -> S {
    seen.push_back(std::to_string(context.attempt()) + '/' +
                   std::to_string(context.max_attempts()) + ' ' +
                   std::string{context.state_name()} + ' ' + std::string{context.run_id()} + ' ' +
                   std::to_string(context.instance_id()));
    if (context.attempt() < 3) throw std::runtime_error{"again"};
    return S::Done;
  };
  CHECK(run_task(task, retries(4), cano::RunOptions{}.with_run_id("r1")).is_success());
  CHECK(seen == std::vector<std::string>{"1/5 A r1 0", "2/5 A r1 0", "3/5 A r1 0"});
}

TEST_CASE("every run has an id of its own") {
  std::vector<std::string> ids;
  const auto task = [&](Data&, TaskContext& context) {
    ids.emplace_back(context.run_id());
    return S::Done;
  };
  run_task(task);
  run_task(task);
  REQUIRE(ids.size() == 2);
  CHECK_FALSE(ids[0].empty());
  CHECK(ids[0] != ids[1]);
}

TEST_CASE("remaining counts down to the nearest limit") {
  std::vector<std::optional<cano::Duration>> left;
  const auto task = [&](Data&, TaskContext& context) -> asio::awaitable<S> {
    left.push_back(context.remaining());
    co_await cano::sleep_for(30ms);
    left.push_back(context.remaining());
    if (context.attempt() == 1) throw std::runtime_error{"again"};
    co_return S::Done;
  };
  using Left = std::vector<std::optional<cano::Duration>>;
  CHECK(run_task(task, retries(1, 10ms).with_attempt_timeout(100ms)).is_success());
  CHECK(left == Left{100ms, 70ms, 100ms, 70ms});
  left.clear();
  CHECK(run_task(task, retries(1, 10ms).with_attempt_timeout(100ms).with_timeout(120ms))
            .is_success());
  CHECK(left == Left{100ms, 70ms, 80ms, 50ms});
  left.clear();
  CHECK(run_task(task, retries(1, 10ms), cano::RunOptions{}.with_timeout(90ms)).is_success());
  CHECK(left == Left{90ms, 60ms, 50ms, 20ms});
  left.clear();
  CHECK(run_task(task, retries(1, 10ms)).is_success());
  CHECK(left == Left{std::nullopt, std::nullopt, std::nullopt, std::nullopt});
}

TEST_CASE("remaining is negative when the limit has passed") {
  std::optional<cano::Duration> left;
  const auto task = [&](Data&, TaskContext& context) -> asio::awaitable<S> {
    co_await uncancellable_sleep(150ms);
    left = context.remaining();
    co_return S::Done;
  };
  CHECK(run_task(task, once().with_attempt_timeout(100ms)).is_failed());
  CHECK(left == cano::Duration{-50ms});
}

TEST_CASE("without a limit and a stop token nothing can stop an attempt") {
  const auto task = [&](Data&, TaskContext& context) {
    CHECK_FALSE(context.stop_token().stop_requested());
    return S::Done;
  };
  CHECK(run_task(task).is_success());
}

TEST_CASE("log lines go to the observers with their fields, and nowhere without one") {
  const auto events = std::make_shared<EventLog>();
  const auto task = [](Data&, TaskContext& context) {
    context.log(cano::Level::Info, "Order accepted", cano::Field{"id", "o-1"},
                cano::Field{"items", 3});
    context.log(cano::Level::Warn, "plain");
    return S::Done;
  };
  VirtualTime time;
  Data data;
  Flow flow = Flow{S::A}.add(S::A, task).add_exit_state(S::Done);
  CHECK(result_of(time, flow, data).is_success());
  flow.with_observer(events);
  CHECK(result_of(time, flow, data).is_success());
  std::vector<std::string> lines;
  for (const std::string& line : events->lines) {
    if (line.substr(0, 4) == "log ") lines.push_back(line);
  }
  CHECK(lines ==
        std::vector<std::string>{"log A 1 INFO Order accepted id items", "log A 1 WARN plain"});
}
