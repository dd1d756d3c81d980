// SPDX-License-Identifier: MIT
// Every event carries the span, the run and the instance it belongs to, whatever interleaves.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/path_recorder.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/graph_format.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/temp_file.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class Leg { Work, Check, Done };

struct Trip {
  std::uint64_t id = 0;
  cano::Duration pace{};
};

using Flow = cano::Workflow<Leg, Trip>;
using Seen = std::shared_ptr<cano::RecordingObserver>;

cano::Field own(const Trip& data) { return {"own", data.id}; }

// Speaks before and after each of its waits.
struct Work {
  asio::awaitable<cano::Next<Leg::Check>> run(Trip& data, cano::TaskContext& context) const {
    for (int i = 0; i < 3; ++i) {
      context.log(cano::Level::Info, "before", own(data));
      co_await cano::sleep_for(data.pace);
      context.log(cano::Level::Info, "after", own(data));
    }
    co_return cano::to<Leg::Check>;
  }
};

struct Check {
  cano::TaskConfig config() const { return cano::TaskConfig{}.with_fixed_retry(1, 1ms); }
  asio::awaitable<cano::Next<Leg::Done>> run(Trip& data, cano::TaskContext& context) const {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::deferred);
    context.log(cano::Level::Info, "check", own(data));
    if (context.attempt() == 1) throw std::runtime_error{"once of " + std::to_string(data.id)};
    co_return cano::to<Leg::Done>;
  }
};

Flow make_flow() {
  return Flow{Leg::Work}.add(Leg::Work, Work{}).add(Leg::Check, Check{}).add_exit_state(Leg::Done);
}

Flow flow_of(const Seen& seen, std::uint64_t id) {
  return make_flow().with_observer(seen).with_tracing_span(cano::Span{"user"}.with("id", id));
}

const std::vector<std::string> one_run = [] {
  std::vector<std::string> names{"run_started", "state_entered", "attempt_started"};
  names.insert(names.end(), 6, "log");
  for (const char* name :
       {"attempt_succeeded", "state_entered", "attempt_started", "log", "attempt_failed",
        "retry_pause", "attempt_started", "log", "attempt_succeeded", "run_finished"})
    names.emplace_back(name);
  return names;
}();

std::uint64_t span_id(const cano::RecordedEvent& event) {
  REQUIRE(event.span);
  return std::get<std::uint64_t>(event.span->fields().at(0).value);
}

// What the task itself knows of whose event it is agrees with what the event says.
void check_own(const cano::RecordedEvent& event, std::uint64_t id) {
  if (event.name == "log" && *event.field<std::uint64_t>("own") != id) FAIL(event.text());
  if (event.name == "attempt_failed" &&
      *event.field<std::string>("error") != "once of " + std::to_string(id)) {
    FAIL(event.text());
  }
}

// Each instance has all of its own events, and none of another's.
void check_instances(const cano::RecordingObserver& seen, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::string> names;
    for (const cano::RecordedEvent& event : seen.of_instance(i)) {
      names.push_back(event.name);
      check_own(event, i);
      if (span_id(event) != 7 || event.span->name() != "batch") FAIL(event.text());
    }
    CHECK(names == one_run);
  }
}

// Speaks from the thread of a pool while the task waits for it.
struct FromAnotherThread {
  asio::any_io_executor pool;

  asio::awaitable<Leg> run(Trip& data, cano::TaskContext& context) const {
    for (int i = 0; i < 3; ++i) {
      auto spoken = asio::co_spawn(pool, speak(data, context), asio::deferred);
      co_await std::move(spoken);
    }
    co_return Leg::Done;
  }

  static asio::awaitable<void> speak(const Trip& data, const cano::TaskContext& context) {
    context.log(cano::Level::Info, "elsewhere", own(data),
                cano::Field{"attempt", context.attempt()});
    co_return;
  }
};

}  // namespace

TEST_CASE("two runs that interleave on one thread keep their spans, in both orders") {
  for (const auto& [pace_1, pace_2] : {std::pair{2ms, 3ms}, std::pair{3ms, 2ms}}) {
    cano::VirtualTime time;
    const auto seen = std::make_shared<cano::RecordingObserver>();
    Trip first{1, pace_1};
    Trip second{2, pace_2};
    const Flow flow_1 = flow_of(seen, 1);
    const Flow flow_2 = flow_of(seen, 2);
    asio::co_spawn(time.get_executor(), flow_1.orchestrate(first), asio::detached);
    asio::co_spawn(time.get_executor(), flow_2.orchestrate(second), asio::detached);
    time.run_until_idle();

    std::vector<std::string> names[3];
    std::string run_ids[3];
    std::size_t changes = 0;
    std::uint64_t last = 0;
    for (const cano::RecordedEvent& event : seen->events()) {
      const std::uint64_t id = span_id(event);
      check_own(event, id);
      names[id].push_back(event.name);
      if (run_ids[id].empty()) run_ids[id] = event.run_id;
      CHECK(event.run_id == run_ids[id]);
      changes += last != id ? 1U : 0U;
      last = id;
    }
    CHECK(names[1] == one_run);
    CHECK(names[2] == one_run);
    CHECK(run_ids[1] != run_ids[2]);
    CHECK(changes > 6);  // they did interleave
  }
}

TEST_CASE("two instances of a batch that interleave on one thread keep their ids, in both orders") {
  for (const auto& [pace_0, pace_1] : {std::pair{2ms, 3ms}, std::pair{3ms, 2ms}}) {
    cano::VirtualTime time;
    const auto seen = std::make_shared<cano::RecordingObserver>();
    cano::ConcurrentWorkflow<Leg, Trip> batch{make_flow()};
    batch.with_observer(seen).with_tracing_span(cano::Span{"batch"}.with("id", 7U));
    std::vector<Trip> stores{{0, pace_0}, {1, pace_1}};
    time.run(batch.execute_concurrent(std::span{stores}, cano::WaitForever{}));
    check_instances(*seen, 2);
    const std::vector<cano::RecordedEvent> ends = seen->all("run_finished");
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].instance_id == (pace_0 < pace_1 ? 0U : 1U));
  }
}

TEST_CASE("64 instances on eight threads keep theirs, whichever is the slower one") {
  const bool rising = GENERATE(true, false);
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const auto paths = std::make_shared<cano::PathRecorder>();
  cano::ConcurrentWorkflow<Leg, Trip> batch{make_flow()};
  batch.with_observer(seen).with_observer(paths).with_tracing_span(
      cano::Span{"batch"}.with("id", 7U));
  std::vector<Trip> stores(64);
  for (std::size_t i = 0; i < stores.size(); ++i)
    stores[i] = Trip{i, std::chrono::microseconds{20 * (rising ? i : 64 - i)}};
  cano::Runtime runtime{8};
  const auto result =
      runtime.run(batch.execute_concurrent(runtime, std::span{stores}, cano::WaitForever{}));
  REQUIRE(result.status.completed == 64);

  check_instances(*seen, stores.size());
  CHECK(seen->count("batch_started") == 1);
  CHECK(seen->count("batch_finished") == 1);
  CHECK(seen->count("run_started") == seen->count("run_finished"));
  CHECK(paths->path().runs == 64);
}

TEST_CASE("a task may log from any thread, under its own span, instance, state and attempt") {
  asio::thread_pool pool{2};
  const auto seen = std::make_shared<cano::RecordingObserver>();
  cano::ConcurrentWorkflow<Leg, Trip> batch{Leg::Work};
  batch.add(Leg::Work, FromAnotherThread{pool.get_executor()})
      .add_exit_state(Leg::Done)
      .with_observer(seen)
      .with_tracing_span(cano::Span{"batch"}.with("id", 7U));
  std::vector<Trip> stores(16);
  for (std::size_t i = 0; i < stores.size(); ++i)
    stores[i].id = i;
  cano::Runtime runtime{2};
  const auto result =
      runtime.run(batch.execute_concurrent(runtime, std::span{stores}, cano::WaitForever{}));
  REQUIRE(result.status.completed == 16);
  CHECK(seen->count("log") == 48);
  for (const cano::RecordedEvent& event : seen->all("log")) {
    if (*event.field<std::uint64_t>("own") != event.instance_id || span_id(event) != 7 ||
        event.state != "Work" || *event.field<std::uint64_t>("attempt") != event.attempt) {
      FAIL(event.text());
    }
  }
}

TEST_CASE("the path of a run is drawn over the graph its workflow declares") {
  cano::VirtualTime time;
  const auto paths = std::make_shared<cano::PathRecorder>();
  const Flow flow = make_flow().with_observer(paths);
  Trip data{1, 5ms};
  time.run(flow.orchestrate(data));
  CHECK(cano::to_mermaid(flow.graph(), paths->path()) ==
        "flowchart TD\n"
        "  start((\" \")) --> s0\n"
        "  s0(\"Work<br/>up to 4 attempts<br/>1 visit, 15 ms\")\n"
        "  s1(\"Check<br/>up to 2 attempts<br/>1 visit, 0 s<br/>1 of 2 attempts failed<br/>"
        "paused 1 ms\")\n"
        "  s2(((\"Done<br/>1 visit\")))\n"
        "  s0 ==>|\"1\"| s1\n"
        "  s1 ==>|\"1\"| s2\n"
        "  class s0 taken\n"
        "  class s1 taken\n"
        "  class s2 taken\n"
        "  classDef missing stroke-dasharray: 4 4\n"
        "  classDef taken stroke-width: 3px\n"
        "  classDef failed stroke: #c00\n");
}

TEST_CASE("a task that throws leaves a complete trace and its line in the log") {
  const TempFile file;
  std::ostringstream log;
  const auto trace = std::make_shared<cano::TraceFile>(file.path());
  cano::LogOptions options;
  options.filter = cano::LogFilter::parse("info");
  const Flow flow = Flow{Leg::Work}
                        .add(
                            Leg::Work, [](Trip&) -> Leg { throw std::runtime_error{"it\nbroke"}; },
                            cano::TaskConfig::minimal())
                        .add_exit_state(Leg::Done)
                        .with_observer(trace)
                        .with_observer(std::make_shared<cano::LogObserver>(log, options));
  Trip data;
  CHECK_THROWS_AS(cano::run(flow, data), std::runtime_error);

  const auto events = nlohmann::json::parse(file.read());  // while the trace is still open
  int open = 0;
  bool told = false;
  for (const auto& event : events) {
    open += event["ph"] == "B" ? 1 : event["ph"] == "E" ? -1 : 0;
    if (event.contains("args") && event["args"].contains("final_state")) {
      told = event["args"]["error"] == "it\nbroke" && event["args"]["outcome"] == "failed";
    }
  }
  CHECK(open == 0);
  CHECK(told);
  CHECK(log.str().find("ERROR") != std::string::npos);
  CHECK(log.str().find("error=\"it\\nbroke\"") != std::string::npos);
}
