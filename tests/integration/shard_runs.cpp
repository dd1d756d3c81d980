// SPDX-License-Identifier: MIT
// Runs, batches and groups that a branch on a shard starts: they are part of the run of the branch,
// whose observers, span and id they have, on whichever thread.
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/observe/span.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

namespace shard_runs {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Async;

enum class Place { Outer, Inner, Done };

struct Bag {
  int hops = 0;
};

using Flow = cano::Workflow<Place, Bag>;

Flow inner_flow() {
  return Flow{Place::Inner}
      .add(Place::Inner,
           [](Bag&, cano::TaskContext& context) -> Async<Place> {
             context.log(cano::Level::Info, "inside");
             co_await cano::yield_now();
             co_return Place::Done;
           })
      .add_exit_state(Place::Done);
}
Async<void> run_inner(const Flow& inner) {
  Bag bag;
  co_await inner.orchestrate(bag);
}

// Each starts one or more runs in a branch, and waits for them.
struct Awaits {
  const Flow& inner;
  Async<int> run(const Bag&) const {
    co_await run_inner(inner);
    co_return 1;
  }
};
struct AwaitsInAsio {
  const Flow& inner;
  asio::awaitable<int> run(const Bag&) const {
    co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
    co_await run_inner(inner);
    co_return 1;
  }
};
struct AwaitsBranches {
  const Flow& inner;
  Async<int> run(const Bag&) const {
    auto both = cano::when_all(run_inner(inner), cano::timeout(1h, run_inner(inner)));
    co_await std::move(both);
    co_return 1;
  }
};
struct AwaitsGroup {
  const Flow& inner;
  Async<int> run(const Bag&) const {
    cano::TaskGroup group{co_await asio::this_coro::executor};
    group.spawn(run_inner(inner));
    co_await group.join();
    co_return 1;
  }
};
struct AwaitsBatch {
  const Flow& inner;
  Async<int> run(const Bag&) const {
    const cano::ConcurrentWorkflow<Place, Bag> batch{inner};
    std::vector<Bag> stores(3);
    auto running = batch.execute_concurrent(std::span{stores}, cano::WaitForever{});
    co_await std::move(running);
    co_return 1;
  }
};
struct NodeThatAwaits {
  const Flow& inner;
  int prep(Bag&) const { return 1; }
  Async<int> exec(int value) const {
    co_await run_inner(inner);
    co_return value;
  }
  int post(Bag&, int value) const { return value; }
};

template <class Work> struct Watched {
  std::shared_ptr<cano::RecordingObserver> seen = std::make_shared<cano::RecordingObserver>();
  Flow inner = inner_flow();
  Flow outer{Place::Outer};

  explicit Watched(cano::Runtime& runtime) {
    outer
        .add(Place::Outer, cano::split(Work{inner}, Work{inner}, Work{inner})
                               .on(runtime)
                               .join(cano::Join::all(), Place::Done))
        .add_exit_state(Place::Done);
  }
  void run() {
    Bag bag;
    cano::run(outer, bag, cano::RunOptions{}.with_run_id("outer"));
  }
};

template <class Work> void check_inheritance() {
  cano::Runtime runtime{3};
  Watched<Work> watched{runtime};
  const cano::Span span = cano::Span{"orders"}.with("user_id", 7);
  watched.outer.with_observer(watched.seen).with_tracing_span(span);
  watched.run();
  std::set<std::string> names;
  std::size_t of_inner = 0;
  for (const cano::RecordedEvent& event : watched.seen->events()) {
    if (event.run_id == "outer") continue;
    INFO(event.text());
    ++of_inner;
    names.insert(event.name);
    CHECK(event.parent_id == "outer");
    CHECK_FALSE(event.run_id.empty());
    REQUIRE(event.span);
    CHECK(*event.span == span);
  }
  CHECK(of_inner >= 9);
  CHECK(names.contains("run_started"));
  CHECK(names.contains("log"));
  CHECK(names.contains("run_finished"));
}

template <class Work> void check_own_observers() {
  cano::Runtime runtime{3};
  const auto own = std::make_shared<cano::RecordingObserver>();
  Watched<Work> watched{runtime};
  watched.inner.with_observer(own).with_tracing_span(cano::Span{"parts"});
  SECTION("the outer run is observed") { watched.outer.with_observer(watched.seen); }
  SECTION("it is not") {}
  watched.run();
  for (const cano::RecordedEvent& event : watched.seen->events())
    CHECK(event.run_id == "outer");
  REQUIRE(own->count("run_started") >= 3);
  for (const cano::RecordedEvent& event : own->events()) {
    CHECK(event.parent_id == "outer");
    CHECK(event.span->name() == "parts");
  }
}

TEMPLATE_TEST_CASE("what is started in a branch on a shard inherits its run's observers, span, id",
                   "", Awaits, AwaitsInAsio, AwaitsBranches, AwaitsGroup, AwaitsBatch,
                   NodeThatAwaits) {
  check_inheritance<TestType>();
}
TEMPLATE_TEST_CASE("what has observers or a span of its own keeps them on a shard", "", Awaits,
                   AwaitsInAsio, AwaitsBranches, AwaitsGroup, AwaitsBatch, NodeThatAwaits) {
  check_own_observers<TestType>();
}

TEST_CASE("items on shards start runs that are part of theirs") {
  cano::Runtime runtime{3};
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const Flow inner = inner_flow();
  const auto work = [&inner](const int& item) -> Async<int> {
    co_await run_inner(inner);
    co_return item;
  };
  const auto items = [](const Bag&) { return std::vector<int>(20, 1); };
  const auto flow =
      Flow{Place::Outer}
          .add(Place::Outer,
               cano::each(items, std::cref(work)).on(runtime).join(cano::Join::all(), Place::Done))
          .add_exit_state(Place::Done)
          .with_observer(seen);
  Bag bag;
  cano::run(flow, bag, cano::RunOptions{}.with_run_id("outer"));
  const auto started = seen->all("run_started");
  REQUIRE(started.size() == 21);
  for (const cano::RecordedEvent& event : started)
    CHECK(event.parent_id == (event.run_id == "outer" ? "" : "outer"));
}

TEST_CASE("a group that outlives its branch on a shard observes nothing more") {
  cano::Runtime runtime{2};
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const Flow inner = inner_flow();
  std::unique_ptr<cano::TaskGroup> group;
  const auto late = [](const Flow& flow) -> Async<void> {
    co_await cano::yield_now();
    co_await run_inner(flow);
  };
  const auto spawns = [&](const Bag&) -> Async<int> {
    group = std::make_unique<cano::TaskGroup>(co_await asio::this_coro::executor);
    co_return 1;
  };
  const auto flow =
      Flow{Place::Outer}
          .add(Place::Outer,
               cano::split(std::cref(spawns)).on(runtime).join(cano::Join::all(), Place::Done))
          .add_exit_state(Place::Done)
          .with_observer(seen);
  Bag bag;
  cano::run(flow, bag);
  group->spawn(late(inner));
  cano::run(group->join());
  CHECK(seen->count("run_started") == 1);
}

}  // namespace shard_runs
