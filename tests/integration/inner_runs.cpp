// SPDX-License-Identifier: MIT
// Runs, batches and groups that are started inside a run: their observers, and what they say of
// where they come from.
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/task_group.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/path_recorder.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class Place { Outer, Inner, Done };

struct Bag {
  int hops = 0;
};

using InnerFlow = cano::Workflow<Place, Bag>;
using InnerBatch = cano::ConcurrentWorkflow<Place, Bag>;
using EventNames = std::set<std::string>;

InnerFlow inner_flow() {
  return InnerFlow{Place::Inner}
      .add(Place::Inner,
           [](Bag&, cano::TaskContext& context) -> cano::Async<Place> {
             context.log(cano::Level::Info, "inside");
             co_await cano::sleep_for(1ms);
             co_return Place::Done;
           })
      .add_exit_state(Place::Done);
}

cano::Async<void> run_inner(const InnerFlow& inner) {
  Bag bag;
  co_await inner.orchestrate(bag);
}

// Each starts one or more runs of `inner` inside a task, and waits for them.
struct Awaits {
  const InnerFlow& inner;
  cano::Async<Place> run(Bag& bag) const {
    co_await inner.orchestrate(bag);
    co_return Place::Done;
  }
};
struct AwaitsInAsio {
  const InnerFlow& inner;
  asio::awaitable<Place> run(Bag& bag) const {
    co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
    auto running = inner.orchestrate(bag);
    co_await std::move(running);
    co_return Place::Done;
  }
};
struct AwaitsBranches {
  const InnerFlow& inner;
  cano::Async<Place> run(Bag&) const {
    auto both = cano::when_all(run_inner(inner), cano::timeout(1h, run_inner(inner)));
    co_await std::move(both);
    co_return Place::Done;
  }
};
struct AwaitsGroup {
  const InnerFlow& inner;
  cano::Async<Place> run(Bag&) const {
    cano::TaskGroup group{co_await asio::this_coro::executor};
    group.spawn(run_inner(inner));
    co_await group.join();
    co_return Place::Done;
  }
};
struct AwaitsBatch {
  const InnerFlow& inner;
  cano::Async<Place> run(Bag&) const {
    const InnerBatch batch{inner};
    std::vector<Bag> stores(3);
    auto running = batch.execute_concurrent(std::span{stores}, cano::WaitForever{});
    co_await std::move(running);
    co_return Place::Done;
  }
};

template <class Task> struct WatchedOuter {
  std::shared_ptr<cano::RecordingObserver> seen = std::make_shared<cano::RecordingObserver>();
  InnerFlow inner = inner_flow();
  InnerFlow outer = InnerFlow{Place::Outer}
                        .add(Place::Outer, Task{inner}, cano::TaskConfig::minimal())
                        .add_exit_state(Place::Done);

  void run(const std::string& id = "outer") {
    cano::VirtualTime time;
    Bag bag;
    time.run(outer.orchestrate(bag, cano::RunOptions{}.with_run_id(id)));
  }
  void watch_outer() {
    outer.with_observer(seen).with_tracing_span(cano::Span{"orders"}.with("user_id", 7));
  }
  std::vector<cano::RecordedEvent> of_inner() const {
    std::vector<cano::RecordedEvent> events;
    for (const cano::RecordedEvent& event : seen->events())
      if (event.run_id != "outer") events.push_back(event);
    return events;
  }
};

}  // namespace

namespace {

template <class Task> void check_inheritance() {
  WatchedOuter<Task> watched;
  watched.watch_outer();
  watched.run();
  const auto inner = watched.of_inner();
  REQUIRE_FALSE(inner.empty());
  EventNames names;
  for (const cano::RecordedEvent& event : inner) {
    INFO(event.text());
    names.insert(event.name);
    CHECK(event.parent_id == "outer");
    CHECK_FALSE(event.run_id.empty());
    REQUIRE(event.span);
    CHECK(*event.span == cano::Span{"orders"}.with("user_id", 7));
  }
  CHECK(names.contains("run_started"));
  CHECK(names.contains("log"));
  CHECK(names.contains("run_finished"));
  for (const cano::RecordedEvent& event : watched.seen->events())
    if (event.run_id == "outer") CHECK(event.parent_id.empty());
}

template <class Task> void check_own_observers() {
  const auto own = std::make_shared<cano::RecordingObserver>();
  WatchedOuter<Task> watched;
  watched.inner.with_observer(own).with_tracing_span(cano::Span{"parts"});
  watched.watch_outer();
  watched.run();
  CHECK(watched.of_inner().empty());
  REQUIRE(own->count("run_started") >= 1);
  for (const cano::RecordedEvent& event : own->events()) {
    CHECK(event.parent_id == "outer");
    CHECK(event.span->name() == "parts");
  }
}

}  // namespace

TEST_CASE("what is started in a run inherits its observers, span and id") {
  SECTION("a run") { check_inheritance<Awaits>(); }
  SECTION("a run, in a coroutine of Asio's") { check_inheritance<AwaitsInAsio>(); }
  SECTION("runs in branches") { check_inheritance<AwaitsBranches>(); }
  SECTION("a run in a group") { check_inheritance<AwaitsGroup>(); }
  SECTION("a batch") { check_inheritance<AwaitsBatch>(); }
}

TEST_CASE("what has observers or a span of its own keeps them") {
  SECTION("a run") { check_own_observers<Awaits>(); }
  SECTION("a run, in a coroutine of Asio's") { check_own_observers<AwaitsInAsio>(); }
  SECTION("runs in branches") { check_own_observers<AwaitsBranches>(); }
  SECTION("a run in a group") { check_own_observers<AwaitsGroup>(); }
  SECTION("a batch") { check_own_observers<AwaitsBatch>(); }
}

TEST_CASE("a run without observers still gives its id to those that it starts") {
  const auto own = std::make_shared<cano::RecordingObserver>();
  WatchedOuter<Awaits> watched;
  watched.inner.with_observer(own);
  watched.run("quiet");
  watched.run("");
  REQUIRE(own->count("run_started") == 2);
  CHECK(own->all("run_started")[0].parent_id == "quiet");
  CHECK_FALSE(own->all("run_started")[1].parent_id.empty());
}

TEST_CASE("runs are inherited from down to any depth, each with its parent's id") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const InnerFlow last = inner_flow();
  const InnerFlow middle =
      InnerFlow{Place::Outer}.add(Place::Outer, Awaits{last}).add_exit_state(Place::Done);
  const InnerFlow first = InnerFlow{Place::Outer}
                              .add(Place::Outer, Awaits{middle})
                              .add_exit_state(Place::Done)
                              .with_observer(seen);
  cano::VirtualTime time;
  Bag bag;
  time.run(first.orchestrate(bag));
  const auto started = seen->all("run_started");
  REQUIRE(started.size() == 3);
  CHECK(started[0].parent_id.empty());
  CHECK(started[1].parent_id == started[0].run_id);
  CHECK(started[2].parent_id == started[1].run_id);
}

TEST_CASE("an observer that throws in an inner run is switched off in the outer one as well") {
  struct Throws : cano::Observer {
    int calls = 0;
    void on_log(const cano::LogRecord&) override {
      ++calls;
      throw std::runtime_error{"no disk"};
    }
  };
  const auto throws = std::make_shared<Throws>();
  WatchedOuter<AwaitsBranches> watched;
  watched.outer.with_observer(throws);
  watched.run();
  CHECK(throws->calls == 1);
  REQUIRE(watched.outer.observer_failures().size() == 1);
  CHECK(watched.outer.observer_failures()[0].message == "no disk");
}

TEST_CASE("a path is that of the workflow's own runs") {
  const auto paths = std::make_shared<cano::PathRecorder>();
  WatchedOuter<Awaits> watched;
  watched.outer.with_observer(paths);
  watched.run();
  CHECK(paths->path().runs == 1);
  REQUIRE(paths->path().states.size() == 2);
  CHECK(paths->path().states[0].name == "Outer");
}

TEST_CASE("a log shows the parent, and virtual times") {
  for (const cano::LogFormat format : {cano::LogFormat::Text, cano::LogFormat::Json}) {
    std::ostringstream out;
    cano::LogOptions options;
    options.filter = cano::LogFilter::parse("app=info");
    options.format = format;
    WatchedOuter<Awaits> watched;
    watched.outer.with_observer(std::make_shared<cano::LogObserver>(out, options));
    watched.run();
    const std::string line = out.str();
    INFO(line);
    CHECK(line.find("2024-01-01T00:00:00.000000Z") != std::string::npos);
    CHECK(line.find(format == cano::LogFormat::Text
                        ? " parent=\"outer\"}"
                        : "\"parent_id\":\"outer\"") != std::string::npos);
  }
}

TEST_CASE("a group that goes on after the run in which it was made observes nothing more") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const InnerFlow inner = inner_flow();
  std::unique_ptr<cano::TaskGroup> group;
  const auto late = [](const InnerFlow& flow) -> cano::Async<void> {
    co_await cano::sleep_for(1s);
    co_await run_inner(flow);
  };
  const auto task = [&](Bag&) -> cano::Async<Place> {
    group = std::make_unique<cano::TaskGroup>(co_await asio::this_coro::executor);
    group->spawn(late(inner));
    co_return Place::Done;
  };
  const InnerFlow outer = InnerFlow{Place::Outer}
                              .add(Place::Outer, std::cref(task))
                              .add_exit_state(Place::Done)
                              .with_observer(seen);
  cano::VirtualTime time;
  Bag bag;
  time.run(outer.orchestrate(bag));
  time.run(group->join());
  CHECK(seen->count("run_started") == 1);
}
