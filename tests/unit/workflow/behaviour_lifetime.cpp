// SPDX-License-Identifier: MIT
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::Errc;
using cano::VirtualTime;

namespace {

asio::awaitable<S> sleep_then_done(Data& data) {
  co_await cano::sleep_for(10ms);
  ++data.calls;
  co_return S::Done;
}

Flow short_flow() { return Flow{S::A}.add(S::A, sleep_then_done).add_exit_state(S::Done); }

class MoveOnly {
 public:
  explicit MoveOnly(int by) : by_{std::make_unique<int>(by)} {}
  S run(Data& data) const {
    data.calls += *by_;
    return S::Done;
  }

 private:
  std::unique_ptr<int> by_;
};

}  // namespace

TEST_CASE("a workflow that was moved from is still whole") {
  Data data;
  Flow first = short_flow();
  const Flow second = std::move(first);
  CHECK(run(second, data) == S::Done);
  CHECK(run(first, data) == S::Done);  // NOLINT(bugprone-use-after-move): that is the point
  Flow third{S::Other};
  third = std::move(first);
  CHECK(run(third, data) == S::Done);
}

TEST_CASE("the awaitable of a temporary workflow can be awaited later") {
  Data data;
  VirtualTime time;
  std::optional<asio::awaitable<S>> work;
  {
    work.emplace(short_flow().orchestrate(data));
  }
  CHECK(time.run(std::move(*work)) == S::Done);
  CHECK(data.calls == 1);
}

TEST_CASE("an awaitable that is never awaited runs nothing") {
  Data data;
  {
    const auto unused = short_flow().orchestrate(data);
  }
  CHECK(data.calls == 0);
}

TEST_CASE("a workflow may be destroyed while a run of it goes on") {
  Data data;
  VirtualTime time;
  auto flow = std::make_unique<Flow>(short_flow());
  CancellableRun spawned{time.get_executor(), flow->orchestrate(data)};
  after(time, 5ms, [&] { flow.reset(); });
  time.run_until_idle();
  CHECK(spawned.completions == 1);
  CHECK_FALSE(spawned.error);
  CHECK(spawned.state == S::Done);
}

TEST_CASE("a run that is destroyed with its execution context is reported as cancelled") {
  for (const bool is_in_scope : {false, true}) {
    Data data;
    Flow flow = short_flow();
    const auto seen = std::make_shared<EventLog>();
    flow.with_observer(seen);
    if (is_in_scope) flow.with_total_timeout(1h);
    {
      VirtualTime time;
      CancellableRun spawned{time.get_executor(), flow.orchestrate(data)};
      time.run_for(1ms);
      CHECK(spawned.completions == 0);
    }
    CHECK(seen->lines.back().find("run_finished") == 0);
    CHECK(seen->lines.back().find("cancelled") != std::string::npos);
    CHECK(seen->lines.back().find("destroyed with its execution context") != std::string::npos);
  }
}

TEST_CASE("a run does not see what is changed in the workflow after it began") {
  Data data;
  VirtualTime time;
  Flow flow = Flow{S::A}
                  .add(S::A,
                       [](Data&) -> asio::awaitable<S> {
                         co_await cano::sleep_for(10ms);
                         co_return S::B;
                       })
                  .add_exit_state(S::Done);
  CancellableRun spawned{time.get_executor(), flow.orchestrate(data)};
  after(time, 5ms, [&] {
    flow.add(S::B, [](Data&) { return S::Done; }).start_at(S::B).with_total_timeout(1ms);
  });
  time.run_until_idle();
  CHECK(inside(spawned.error).message() == "No task registered for state: B");
  CHECK(time.run(flow.orchestrate(data)) == S::Done);
}

TEST_CASE("copies are independent once one of them is changed") {
  Data data;
  const Flow first = short_flow();
  Flow second = first;
  second.start_at(S::B).add(S::B, [](Data&) { return S::A; });
  CHECK(run(first, data) == S::Done);
  CHECK(data.calls == 1);
  CHECK(run(second, data) == S::Done);
  CHECK(first.graph().nodes.size() == 2);
  CHECK(second.graph().nodes.size() == 3);
}

TEST_CASE("functions and function pointers are tasks") {
  Data data;
  S (*const pointer)(Data&) = [](Data& d) { return d.calls += 10, S::A; };
  const Flow flow =
      Flow{S::B}.add(S::B, pointer).add(S::A, sleep_then_done).add_exit_state(S::Done);
  CHECK(run(flow, data) == S::Done);
  CHECK(data.calls == 11);
}

TEST_CASE("a move-only task runs as often as the workflow, in all its copies") {
  Data data;
  const Flow flow = Flow{S::A}.add(S::A, MoveOnly{5}).add_exit_state(S::Done);
  const Flow copy = flow;
  CHECK(run(flow, data) == S::Done);
  CHECK(run(copy, data) == S::Done);
  CHECK(data.calls == 10);
}

TEST_CASE("a coroutine lambda keeps its captures for as long as it runs") {
  Data data;
  VirtualTime time;
  std::optional<asio::awaitable<S>> work;
  {
    const std::string text(100, 'x');
    work.emplace(Flow{S::A}
                     .add(S::A,
                          [text](Data& d) -> asio::awaitable<S> {
                            co_await cano::sleep_for(1ms);
                            d.log.push_back(text);
                            co_return S::Done;
                          })
                     .add_exit_state(S::Done)
                     .orchestrate(data));
  }
  CHECK(time.run(std::move(*work)) == S::Done);
  CHECK(data.log.at(0) == std::string(100, 'x'));
}

TEST_CASE("a task that returns an awaitable without a coroutine is an error") {
  const auto empty = [](Data& d) -> asio::awaitable<S> {
    ++d.calls;
    return asio::awaitable<S>{};
  };
  const auto empty_result = [](Data& d) -> asio::awaitable<cano::Result<S>> {
    ++d.calls;
    return asio::awaitable<cano::Result<S>>{};
  };
  for (const auto& flow :
       {Flow{S::A}.add(S::A, empty, once()), Flow{S::A}.add(S::A, empty_result, once()),
        Flow{S::A}.add(S::A, empty, once().with_attempt_timeout(1s))}) {
    Data data;
    VirtualTime time;
    const auto result = result_of(time, flow, data);
    CHECK(result.is_failed());
    const auto error = inside(result.error());
    CHECK(error.errc() == Errc::TaskExecution);
    CHECK(error.message() ==
          "The task of state A returned an Async or awaitable that holds no coroutine: it was "
          "moved from or has been awaited");
    CHECK(data.calls == 1);
  }
}

TEST_CASE("a run can be part of a task of another run") {
  Data data;
  VirtualTime time;
  const Flow inner = short_flow();
  const Flow outer = Flow{S::A}
                         .add(S::A, [inner](Data& d) { return inner.orchestrate(d); })
                         .add(S::Done,
                              [inner](Data& d) -> asio::awaitable<S> {
                                const S state = co_await inner.orchestrate(d);
                                co_return state == S::Done ? S::Other : S::C;
                              })
                         .add_exit_state(S::Other);
  CHECK(time.run(outer.orchestrate(data)) == S::Other);
  CHECK(data.calls == 2);
  CHECK(time.elapsed() == 20ms);
}

TEST_CASE("a limit of the outer run cancels and joins the inner one, and is retried") {
  Data data;
  VirtualTime time;
  int alive = 0;
  const Flow inner =
      Flow{S::A}
          .add(
              S::A,
              [&alive](Data& d) -> asio::awaitable<S> {
                const Alive guard{alive};
                co_await cano::sleep_for(++d.calls == 1 ? cano::Duration{1h} : cano::Duration{1ms});
                co_return S::Done;
              },
              once().with_attempt_timeout(2h))
          .add_exit_state(S::Done);
  const Flow outer = Flow{S::A}
                         .add(
                             S::A, [&inner](Data& d) { return inner.orchestrate(d); },
                             retries(1, 10ms).with_attempt_timeout(100ms))
                         .add_exit_state(S::Done);
  const auto result = result_of(time, outer, data);
  CHECK(result.error_message().empty());
  CHECK(result.attempts() == 2);
  CHECK(result.elapsed() == 111ms);
  CHECK(alive == 0);
}

TEST_CASE("async_orchestrate takes a callback") {
  Data data;
  VirtualTime time;
  int calls = 0;
  short_flow().async_orchestrate(
      time.get_executor(), data,
      [&, only = std::make_unique<int>(1)](std::exception_ptr error, S state) {
        calls += *only;
        CHECK_FALSE(error);
        CHECK(state == S::Done);
      });
  CHECK(calls == 0);
  time.run_until_idle();
  CHECK(calls == 1);
}

TEST_CASE("async_orchestrate takes use_future") {
  Data data;
  asio::io_context context;
  auto good = short_flow().async_orchestrate(context.get_executor(), data, asio::use_future);
  auto bad = Flow{S::B}.async_orchestrate(context.get_executor(), data, cano::RunOptions{},
                                          asio::use_future);
  context.run();
  CHECK(good.get() == S::Done);
  CHECK(thrown_by([&] { bad.get(); }).message() == "No task registered for state: B");
}

TEST_CASE("async_orchestrate takes deferred, and starts when that is started") {
  Data data;
  VirtualTime time;
  auto operation = short_flow().async_orchestrate(time.get_executor(), data, asio::deferred);
  time.run_until_idle();
  CHECK(data.calls == 0);
  int calls = 0;
  std::move(operation)([&](std::exception_ptr, S state) { calls += state == S::Done; });
  time.run_until_idle();
  CHECK(calls == 1);
}

namespace {

asio::awaitable<S> through_use_awaitable(Flow flow, Data& data) {
  const auto executor = co_await asio::this_coro::executor;
  auto work = flow.async_orchestrate(executor, data, asio::use_awaitable);
  co_return co_await std::move(work);
}

}  // namespace

TEST_CASE("async_orchestrate takes use_awaitable") {
  Data data;
  VirtualTime time;
  CHECK(time.run(through_use_awaitable(short_flow(), data)) == S::Done);
  CHECK(thrown_by([&] { time.run(through_use_awaitable(Flow{S::C}, data)); }).message() ==
        "No task registered for state: C");
}

namespace {

// Boost 1.81's own awaiter of such an operation does not compile; and g++ 12 resumes a coroutine
// twice where one expression awaits twice.
asio::awaitable<int> through_deferred(Flow flow, Data& data) {
  const auto executor = co_await asio::this_coro::executor;
  const S state = co_await flow.async_orchestrate(executor, data, asio::deferred);
  CHECK(state == S::Done);
  co_return (co_await flow.orchestrate(data) == S::Done ? 1 : 0) +
      (co_await flow.orchestrate(data) == S::Done ? 2 : 0);
}

}  // namespace

TEST_CASE("async_orchestrate with deferred is awaited in an asio::awaitable") {
  Data data;
  VirtualTime time;
  CHECK(time.run(through_deferred(short_flow(), data)) == 3);
  CHECK(data.calls == 3);
}

TEST_CASE("async_orchestrate is cancelled by the slot of its token") {
  Data data;
  VirtualTime time;
  asio::cancellation_signal signal;
  std::exception_ptr error;
  short_flow().async_orchestrate(
      time.get_executor(), data,
      asio::bind_cancellation_slot(signal.slot(),
                                   [&](std::exception_ptr thrown, S) { error = thrown; }));
  time.run_for(5ms);
  signal.emit(asio::cancellation_type::terminal);
  time.run_until_idle();
  CHECK(inside(error).errc() == Errc::Cancelled);
  CHECK(time.elapsed() == 5ms);
}

TEST_CASE("many runs of one workflow share a thread") {
  VirtualTime time;
  const Flow flow = Flow{S::A}
                        .add(S::A, sleep_then_done, once().with_attempt_timeout(1s))
                        .add_exit_state(S::Done);
  std::vector<Data> stores(1000);
  int finished = 0;
  for (Data& data : stores) {
    flow.async_orchestrate(time.get_executor(), data,
                           [&](std::exception_ptr error, S) { finished += error == nullptr; });
  }
  time.run_until_idle();
  CHECK(finished == 1000);
  CHECK(time.elapsed() == 10ms);
}
