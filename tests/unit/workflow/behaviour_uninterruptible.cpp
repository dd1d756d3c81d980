// SPDX-License-Identifier: MIT
// Attempts that must not be cut short.
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/busy_time.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::TaskContext;
using cano::VirtualTime;

namespace {

cano::Async<void> step(Data& data, std::string what) {
  co_await cano::sleep_for(100ms);
  data.log.push_back(std::move(what));
}

// Commits in three steps of 100 ms, as each kind of coroutine.
cano::Async<S> commit(Data& data) {
  ++data.calls;
  co_await step(data, "began");
  auto left = step(data, "left");
  auto right = step(data, "right");
  co_await cano::when_all(std::move(left), std::move(right));
  co_await step(data, "committed");
  co_return S::B;
}
asio::awaitable<S> commit_by_asio(Data& data) {
  ++data.calls;
  co_await step(data, "began");
  co_await cano::sleep_for(100ms);
  co_await step(data, "committed");
  co_return S::B;
}
// The same in a workflow of its own.
cano::Async<S> commit_in_child(Data& data) {
  const Flow child = Flow{S::A}.add(S::A, commit, once()).add_exit_state(S::B);
  co_return co_await child.orchestrate(data);
}

S count(Data& data) {
  data.calls += 10;
  return S::Done;
}

template <class Task> Flow committing(Task task, const cano::TaskConfig& config) {
  return Flow{S::A}
      .add(S::A, task, config.uninterruptible())
      .add(S::B, count, once())
      .add_exit_state(S::Done);
}

std::vector<std::string> logs_of(const cano::RecordingObserver& observer) {
  std::vector<std::string> lines;
  for (const auto& event : observer.events())
    if (event.name == "log") lines.push_back(event.message);
  return lines;
}

template <class Check> void for_each_kind(Check check) {
  check(commit);
  check(commit_by_asio);
  check(commit_in_child);
}

}  // namespace

TEST_CASE("a stop waits until an uninterruptible attempt has ended, then ends the run") {
  for_each_kind([](auto task) {
    Data data;
    VirtualTime time;
    std::stop_source source;
    after(time, 50ms, [&] { source.request_stop(); });
    after(time, 150ms, [&] { source.request_stop(); });
    const auto result = result_of(time, committing(task, retries(3)), data,
                                  RunOptions{}.with_stop(source.get_token()));
    CHECK(result.is_cancelled());
    CHECK(result.state() == S::B);
    CHECK(data.log.back() == "committed");
    CHECK(data.calls == 1);
    CHECK(result.elapsed() == 300ms);
  });
}

TEST_CASE("limits wait until an uninterruptible attempt has ended, and what it gave counts") {
  for_each_kind([](auto task) {
    Data data;
    VirtualTime time;
    auto result = result_of(time, committing(task, retries(3).with_attempt_timeout(50ms)), data);
    CHECK(result.is_success());
    CHECK(data.calls == 11);
    CHECK(result.elapsed() == 300ms);

    data = {};
    result = result_of(time, committing(task, retries(3).with_timeout(150ms)), data);
    CHECK(result.is_success());
    CHECK(data.calls == 11);

    data = {};
    result = result_of(time, committing(task, retries(3)), data, RunOptions{}.with_timeout(250ms));
    CHECK(result.error_message() ==
          "Timeout: The total timeout of 250 ms passed in state B, before attempt 1 of 1");
    CHECK(data.log.back() == "committed");
    CHECK(data.calls == 1);
  });
}

TEST_CASE("an exit behind an uninterruptible attempt is reached, whatever waited") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const Flow flow = Flow{S::A}
                        .add(S::A, commit, once().with_timeout(10ms).uninterruptible())
                        .add_exit_state(S::B);
  after(time, 50ms, [&] { source.request_stop(); });
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  CHECK(result.is_success());
  CHECK(data.log.back() == "committed");
}

TEST_CASE("an uninterruptible attempt that fails late is not made again after a stop or a limit") {
  const auto fails = [](Data& data) -> cano::Async<S> {
    ++data.calls;
    co_await cano::sleep_for(300ms);
    throw std::runtime_error{"constraint violated"};
  };
  Data data;
  VirtualTime time;
  std::stop_source source;
  after(time, 50ms, [&] { source.request_stop(); });
  auto result = result_of(time, committing(fails, retries(3)), data,
                          RunOptions{}.with_stop(source.get_token()).with_run_id("r"));
  CHECK(result.is_cancelled());
  CHECK(result.error_message() == "Cancelled: Run r was cancelled in state A: constraint violated");
  CHECK(data.calls == 1);

  data = {};
  result = result_of(time, committing(fails, retries(3).with_timeout(150ms)), data);
  CHECK(result.is_failed());
  CHECK(result.error_message() ==
        "Timeout: The timeout of 150 ms passed in state A after attempt 1 of 4: "
        "constraint violated");
  CHECK(data.calls == 1);

  data = {};  // the limit of an attempt is no reason against another one
  result = result_of(time, committing(fails, retries(3).with_attempt_timeout(150ms)), data);
  CHECK(result.error_message() == "constraint violated");
  CHECK(data.calls == 4);
}

TEST_CASE("the stop token of an uninterruptible attempt is not requested, that of the next is") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const auto asks_before = [](Data&, TaskContext& context) {
    CHECK_FALSE(context.stop_token().stop_requested());
    return S::A;
  };
  const auto asks = [](Data& d, TaskContext& context) -> cano::Async<S> {
    co_await cano::sleep_for(100ms);
    d.calls += context.stop_token().stop_requested() ? 100 : 1;
    co_return S::B;
  };
  const auto stops = [&](Data& d, TaskContext& context) {
    source.request_stop();
    d.calls += context.stop_token().stop_requested() ? 1 : 100;
    return S::Done;
  };
  for (const bool stopped_early : {false, true}) {
    data = {};
    source = std::stop_source{};
    const Flow flow = Flow{S::C}
                          .add(S::C, asks_before)
                          .add(S::A, asks, once().uninterruptible())
                          .add(S::B, stops, once())
                          .add_exit_state(S::Done);
    if (stopped_early) after(time, 50ms, [&] { source.request_stop(); });
    const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
    CHECK(result.is_cancelled() == stopped_early);
    CHECK(data.calls == (stopped_early ? 1 : 2));
  }
}

TEST_CASE("observers see that something waits, once for each reason") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  const auto events = std::make_shared<cano::RecordingObserver>();
  Flow flow = committing(commit, once().with_timeout(150ms));
  flow.with_observer(events);
  after(time, 50ms, [&] { source.request_stop(); });
  CHECK(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())).is_cancelled());
  CHECK(logs_of(*events) ==
        std::vector<std::string>{
            "The stop waits until the attempt has ended: it is uninterruptible",
            "The limit waits until the attempt has ended: it is uninterruptible"});
  CHECK(events->count("attempt_succeeded") == 1);
}

TEST_CASE("a plain function that is uninterruptible may be late") {
  Data data;
  BusyTime time;
  const auto slow = [&](Data& d) {
    ++d.calls;
    time.work(1s);
    return S::Done;
  };
  const Flow flow = Flow{S::A}
                        .add(S::A, slow, retries(3).with_attempt_timeout(1ms).uninterruptible())
                        .add_exit_state(S::Done);
  CHECK(time.run(flow.try_orchestrate(data)).is_success());
  CHECK(data.calls == 1);
}

TEST_CASE("a batch waits for its uninterruptible attempts") {
  VirtualTime time;
  std::vector<Data> stores(3);
  const cano::ConcurrentWorkflow batch{committing(commit, once())};
  const auto result = time.run(batch.execute_concurrent(stores, cano::WaitDuration{50ms}));
  CHECK(result.status.cancelled == 3);
  CHECK(result.status.elapsed == 300ms);
  for (const Data& data : stores)
    CHECK(data.log.back() == "committed");
}

TEST_CASE("an execution context that is destroyed takes an uninterruptible attempt with it") {
  auto data = std::make_unique<Data>();
  int completions = 0;
  {
    VirtualTime time;
    const Flow flow = committing(commit, once());
    flow.async_orchestrate(time.get_executor(), *data,
                           [&](std::exception_ptr, S) { ++completions; });
    time.run_for(150ms);
    CHECK(data->log.size() == 1);
  }
  CHECK(completions == 0);
}
