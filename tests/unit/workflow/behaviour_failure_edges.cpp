// SPDX-License-Identifier: MIT
// Where a run goes on when a state has given up, and when it has made too many transitions.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/sleep.hpp>
#include <cano/compose/split.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/edge_kind.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/observe/path_recorder.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/graph_format.hpp>
#include <cano/workflow/problem.hpp>

#include "support/busy_time.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/mermaid.hpp"

using namespace engine;
using cano::EdgeKind;
using cano::Errc;
using cano::Graph;
using cano::Next;
using cano::Problem;
using cano::RunOptions;
using cano::TaskContext;
using cano::VirtualTime;

namespace {

S gives_up(Data& data) {
  ++data.calls;
  throw std::runtime_error{"no answer"};
}
cano::Async<S> gives_up_later(Data& data) {
  ++data.calls;
  co_await cano::sleep_for(100ms);
  throw std::runtime_error{"no answer"};
}
asio::awaitable<S> gives_up_in_asio(Data& data) {
  ++data.calls;
  co_await cano::sleep_for(100ms);
  throw std::runtime_error{"no answer"};
}
cano::Result<S> gives_an_error(Data& data) {
  ++data.calls;
  return cano::Error{Errc::Generic, "no answer"};
}
struct FailingNode {
  int prep(Data& data) const { return ++data.calls; }
  cano::Async<int> exec(int) const {
    co_await cano::sleep_for(100ms);
    throw std::runtime_error{"no answer"};
  }
  S post(Data&, int) const { return S::Done; }
};

// Writes down what has led to it.
S fallback(Data& data, TaskContext& context) {
  data.log.push_back(cano::detail::exception_text(context.failure()));
  return S::Done;
}
cano::Async<S> fallback_async(Data& data, TaskContext& context) {
  co_await cano::sleep_for(1ms);
  co_return fallback(data, context);
}
asio::awaitable<S> fallback_asio(Data& data, TaskContext& context) {
  co_await cano::sleep_for(1ms);
  co_return fallback(data, context);
}

Flow failing_flow(int kind, const cano::TaskConfig& config) {
  Flow flow{S::A};
  if (kind == 0) flow.add(S::A, gives_up, config);
  if (kind == 1) flow.add(S::A, gives_up_later, config);
  if (kind == 2) flow.add(S::A, gives_up_in_asio, config);
  if (kind == 3) flow.add(S::A, gives_an_error, config);
  if (kind == 4) flow.add(S::A, FailingNode{}, config);
  return flow.add_exit_state(S::Done);
}
void add_fallback(Flow& flow, int kind) {
  if (kind == 0) flow.add(S::B, fallback);
  if (kind == 1) flow.add(S::B, fallback_async);
  if (kind == 2) flow.add(S::B, fallback_asio);
}

}  // namespace

TEST_CASE("a state that has given up goes on over its failure edge") {
  const int task = GENERATE(0, 1, 2, 3, 4);
  const int then = GENERATE(0, 1, 2);
  const bool first = GENERATE(true, false);
  const bool observed = GENERATE(true, false);
  CAPTURE(task, then, first, observed);
  Flow flow = failing_flow(task, retries(2));
  if (first) flow.on_failure(S::A, S::B);
  add_fallback(flow, then);
  if (!first) flow.on_failure(S::A, S::B);
  if (observed) flow.with_observer(std::make_shared<cano::RecordingObserver>());
  CHECK(flow.validate().empty());

  VirtualTime time;
  Data data;
  const Result result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(result.state() == S::Done);
  CHECK(result.error() == nullptr);
  CHECK(data.calls == 3);
  REQUIRE(data.log.size() == 1);
  CHECK(data.log[0].ends_with("no answer"));
  CHECK(result.transitions() == 2);
  CHECK(result.attempts() == 4);
}

TEST_CASE("a failure edge may lead to an exit, and orchestrate gives its state") {
  const Flow flow =
      failing_flow(0, once()).add_exit_state(S::C).on_failure(S::A, S::C).on_failure(S::B, S::C);
  VirtualTime time;
  Data data;
  CHECK(time.run(flow.orchestrate(data)) == S::C);
  const Result result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(result.attempts() == 1);
  CHECK(result.transitions() == 1);
}

TEST_CASE("a failure that is not tried again goes over the edge at once") {
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [](Data& data) -> S {
                               ++data.calls;
                               throw std::logic_error{"wrong"};
                             })
                        .add(S::B, fallback)
                        .add_exit_state(S::Done)
                        .on_failure(S::A, S::B);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  CHECK(data.calls == 1);
  CHECK(data.log == std::vector<std::string>{"wrong"});
}

TEST_CASE("failure() is null but in the state that the edge leads to") {
  // A gives up -> B -> C -> Done: only B has it, however often it is tried.
  const bool waits = GENERATE(true, false);
  Flow flow = failing_flow(0, once()).on_failure(S::A, S::B);
  const auto note = [](Data& data, TaskContext& context) {
    data.log.push_back(context.failure() ? "failure" : "none");
    return S::Done;
  };
  const auto retried = [](Data& data, TaskContext& context) {
    data.log.push_back(context.failure() ? "failure" : "none");
    if (context.attempt() < 3) throw std::runtime_error{"again"};
    return S::C;
  };
  if (waits) {
    flow.add(
        S::B,
        [](Data& data, TaskContext& context) -> cano::Async<S> {
          co_await cano::sleep_for(1ms);
          data.log.push_back(context.failure() ? "failure" : "none");
          if (context.attempt() < 3) throw std::runtime_error{"again"};
          co_return S::C;
        },
        retries(3));
  } else {
    flow.add(S::B, retried, retries(3));
  }
  flow.add(S::C, note);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  CHECK(data.log == std::vector<std::string>{"failure", "failure", "failure", "none"});
}

TEST_CASE("branches of a fallback state see the failure too") {
  const Flow flow =
      failing_flow(0, once())
          .on_failure(S::A, S::B)
          .add(S::B, cano::split([](Data& data, TaskContext& context) {
                       data.log.push_back(cano::detail::exception_text(context.failure()));
                     }).join(cano::Join::all(), S::Done));
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  CHECK(data.log == std::vector<std::string>{"no answer"});
}

TEST_CASE("a state's timeout goes over the edge, with and without waiting") {
  struct Case {
    const char* name;
    cano::TaskConfig config;
    const char* text;
  };
  const auto c = GENERATE(values<Case>({
      {"in an attempt", once().with_timeout(50ms), "The timeout of 50 ms passed in state A"},
      {"of an attempt", once().with_attempt_timeout(50ms),
       "The attempt timeout of 50 ms passed in state A"},
      {"before a pause", retries(9, 1s).with_timeout(500ms),
       "The timeout of 500 ms would pass in state A in the pause"},
      {"attempts and then the state", retries(9).with_attempt_timeout(40ms).with_timeout(70ms),
       "The timeout of 70 ms"},
  }));
  CAPTURE(c.name);
  const int task = GENERATE(1, 2, 4);
  Flow flow = failing_flow(task, c.config).on_failure(S::A, S::B);
  // What follows must not be cancelled with what has passed, and waits longer than that.
  flow.add(S::B, [](Data& data, TaskContext& context) -> cano::Async<S> {
    co_await cano::sleep_for(2s);
    CHECK_FALSE(context.stop_token().stop_requested());
    CHECK_FALSE(context.remaining());
    co_return fallback(data, context);
  });
  VirtualTime time;
  Data data;
  const Result result = result_of(time, flow, data);
  CHECK(result.is_success());
  REQUIRE(data.log.size() == 1);
  CHECK_THAT(data.log[0], Catch::Contains(c.text));
}

TEST_CASE("a timeout that passes while a state waits for a limit goes over the edge") {
  const auto limit = cano::concurrency_limit(1);
  const auto permit = limit->try_acquire();
  REQUIRE(permit);
  const Flow flow =
      Flow{S::A}
          .add(
              S::A, [](Data&) { return S::Done; }, once().with_limit(limit).with_timeout(20ms))
          .add(S::B, fallback)
          .add_exit_state(S::Done)
          .on_failure(S::A, S::B);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  REQUIRE(data.log.size() == 1);
  CHECK_THAT(data.log[0], Catch::Contains("The timeout of 20 ms passed in state A"));
}

TEST_CASE("a run that is cancelled or out of its own time does not go over the edge") {
  const int task = GENERATE(1, 2, 4);
  Flow flow = failing_flow(task, retries(3, 1s)).on_failure(S::A, S::B).add(S::B, fallback);
  VirtualTime time;
  Data data;
  SECTION("stopped in an attempt or in a pause") {
    const auto when = GENERATE(0ms, 50ms, 500ms, 1050ms);
    std::stop_source source;
    after(time, when, [&] { source.request_stop(); });
    const Result result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
    CHECK(result.is_cancelled());
    CHECK(result.state() == S::A);
  }
  SECTION("the total timeout") {
    const auto limit = GENERATE(50ms, 500ms, 1050ms);
    const Result result = result_of(time, flow, data, RunOptions{}.with_timeout(limit));
    CHECK(result.is_failed());
    CHECK(inside(result.error()).errc() == Errc::Timeout);
    CHECK(result.state() == S::A);
  }
  CHECK(data.log.empty());
}

TEST_CASE("a plain task that is late at the total timeout does not go over the edge") {
  BusyTime time;
  const Flow flow = Flow{S::A}
                        .add(
                            S::A,
                            [&time](Data&) -> S {
                              time.work(2s);
                              throw std::runtime_error{"late"};
                            },
                            once())
                        .add(S::B, fallback)
                        .add_exit_state(S::Done)
                        .on_failure(S::A, S::B)
                        .with_total_timeout(1s);
  Data data;
  const Result result = time.run(flow.try_orchestrate(data));
  CHECK(inside(result.error()).errc() == Errc::Timeout);
  CHECK(data.log.empty());
}

TEST_CASE("a loop over failure edges is counted by max_transitions") {
  const Flow flow = Flow{S::A}
                        .add(S::A, gives_up, once())
                        .add(S::B, gives_up, once())
                        .on_failure(S::A, S::B)
                        .on_failure(S::B, S::A)
                        .add_exit_state(S::Done)
                        .with_max_transitions(10);
  VirtualTime time;
  Data data;
  const Result result = result_of(time, flow, data);
  CHECK(inside(result.error()).errc() == Errc::Workflow);
  CHECK(data.calls == 10);
  CHECK(result.transitions() == 10);
  CHECK(result.attempts() == 10);
}

TEST_CASE("an endless loop over failure edges sees a cancellation") {
  const Flow flow = Flow{S::A}
                        .add(S::A, gives_up, once())
                        .add(S::B, gives_up, once())
                        .on_failure(S::A, S::B)
                        .on_failure(S::B, S::A);
  VirtualTime time;
  Data data;
  std::stop_source source;
  after(time, 0ms, [&] { source.request_stop(); });
  CHECK(result_of(time, flow, data, RunOptions{}.with_stop(source.get_token())).is_cancelled());
}

TEST_CASE("an edge to a state without a task fails, and keeps what led there") {
  const Flow flow = failing_flow(0, once()).on_failure(S::A, S::B);
  VirtualTime time;
  Data data;
  const Result result = result_of(time, flow, data);
  CHECK(inside(result.error()).errc() == Errc::Workflow);
  CHECK_THAT(result.error_message(), Catch::Contains("No task registered for state: B"));
  CHECK_THAT(result.error_message(), Catch::Contains("no answer"));
}

TEST_CASE("a failure edge that makes no sense is refused at once") {
  const auto refused = [](auto call) {
    const auto error = thrown_by(call);
    CHECK(error.errc() == Errc::Configuration);
    return error.message();
  };
  Flow flow = failing_flow(0, once()).on_failure(S::A, S::B);
  CHECK(refused([&] { flow.on_failure(S::A, S::C); }) ==
        "on_failure: state A has a failure edge already");
  CHECK(refused([&] { flow.on_failure(S::B, S::B); }) ==
        "on_failure: state B leads to itself: retries are given by its TaskConfig");
  CHECK(refused([&] { flow.on_failure(S::Done, S::B); }) ==
        "on_failure: state Done is an exit state, which cannot fail");
  flow.on_failure(S::C, S::A);
  CHECK_THAT(refused([&] { flow.add_exit_state(S::C); }), Catch::Contains("State C"));
  CHECK(flow.graph().edges.size() == 2);
}

TEST_CASE("copies of a workflow have failure edges of their own") {
  const Flow one = failing_flow(0, once());
  const Flow two = Flow{one}.on_failure(S::A, S::Done);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, one, data).is_failed());
  CHECK(result_of(time, two, data).is_success());
}

TEST_CASE("with_default_config keeps failure edges") {
  const Flow flow =
      Flow{S::A}.add(S::A, gives_up).add_exit_state(S::Done).on_failure(S::A, S::Done);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, Flow{flow}.with_default_config(once()), data).is_success());
  CHECK(data.calls == 1);
}

TEST_CASE("instances of a batch go over failure edges") {
  const auto flow = cano::ConcurrentWorkflow<S, Data>{S::A}
                        .add(S::A, gives_up_later, once())
                        .add(S::B, fallback)
                        .on_failure(S::A, S::B)
                        .add_exit_state(S::Done);
  VirtualTime time;
  std::vector<Data> stores(5);
  const auto [results, status] = time.run(flow.execute_concurrent(stores, cano::WaitForever{}));
  CHECK(status.completed == 5);
  for (const Data& each : stores)
    CHECK(each.log == std::vector<std::string>{"no answer"});
}

// ---- what is seen of it

TEST_CASE("observers see the failure as ever, then the edge") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const auto path = std::make_shared<cano::PathRecorder>();
  const Flow flow = failing_flow(0, retries(1))
                        .on_failure(S::A, S::B)
                        .add(S::B, fallback)
                        .with_observer(seen)
                        .with_observer(path);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  CHECK(seen->names() == std::vector<std::string>{"run_started", "state_entered", "attempt_started",
                                                  "attempt_failed", "retry_pause",
                                                  "attempt_started", "attempt_failed", "edge_taken",
                                                  "state_entered", "attempt_started",
                                                  "attempt_succeeded", "run_finished"});
  CHECK(seen->all("edge_taken")[0].text() ==
        R"(edge_taken state="A" kind="failure" next_state="B" error="no answer")");
  CHECK(seen->all("attempt_failed")[1].level == cano::Level::Error);
  const cano::RunPath recorded = path->path();
  REQUIRE(recorded.steps.size() == 2);
  CHECK((recorded.steps[0] == cano::RunPath::Step{0, 1, 1}));
  CHECK_THAT(to_mermaid(flow.graph(), recorded), Catch::Contains(R"(s0 -.->|"failure, 1"| s2)"));
}

TEST_CASE("graphs show failure edges and that of the limit") {
  const Flow flow = Flow{S::A}
                        .add(S::A, [](Data&) -> Next<S::Done> { return cano::to<S::Done>; })
                        .add(S::B, [](Data&) -> Next<S::Done> { return cano::to<S::Done>; })
                        .add_exit_states({S::Done, S::C})
                        .on_failure(S::A, S::B)
                        .with_max_transitions(9, S::C);
  const Graph graph = flow.graph();
  const std::vector<Graph::Edge> edges{
      {0, 2}, {1, 2}, {0, 1, EdgeKind::Failure}, {0, 3, EdgeKind::Limit}};
  CHECK((graph.edges == edges));
  for (const auto& [from, to] : graph.edges)
    CHECK(from < to);
  const Mermaid chart = Mermaid::parse(to_mermaid(graph));
  CHECK(std::count(chart.edges.begin(), chart.edges.end(),
                   Mermaid::Edge{"s0", "-.->", "failure", "s1"}) == 1);
  CHECK(std::count(chart.edges.begin(), chart.edges.end(),
                   Mermaid::Edge{"s0", "-.->", "limit", "s3"}) == 1);
  CHECK_THAT(to_dot(graph), Catch::Contains(R"(s0 -> s1 [label="failure", style=dashed];)"));
  CHECK_THAT(to_dot(graph), Catch::Contains(R"(s0 -> s3 [label="limit", style=dashed];)"));
  CHECK(to_json(graph)["edges"][2] ==
        nlohmann::json::parse(R"({"from":0,"to":1,"kind":"failure"})"));
  CHECK(to_json(graph)["edges"][3]["kind"] == "limit");
  CHECK(flow.validate().empty());  // B and C are reached by nothing else
}

TEST_CASE("validate knows what failure edges lead to") {
  const auto leads_to_done = [](Data&) -> Next<S::Done> { return cano::to<S::Done>; };
  const auto loops = [](Data&) -> Next<S::A> { return cano::to<S::A>; };
  const auto messages = [](const Flow& flow) {
    std::vector<std::string> all;
    for (const Problem& each : flow.validate())
      all.push_back(std::string{to_string(each.kind)} + ": " + each.message);
    return all;
  };
  using Messages = std::vector<std::string>;
  CHECK(messages(
            Flow{S::A}.add(S::A, leads_to_done).add_exit_state(S::Done).on_failure(S::A, S::B)) ==
        Messages{"undeclared_target: The failure edge of state A leads to B, which has no task and "
                 "is no exit state"});
  CHECK(messages(
            Flow{S::A}.add(S::A, leads_to_done).add_exit_state(S::Done).on_failure(S::B, S::A)) ==
        Messages{"missing_task: State B has a failure edge and no task"});
  CHECK(messages(Flow{S::A}
                     .add(S::A, leads_to_done)
                     .add_exit_state(S::Done)
                     .with_max_transitions(3, S::B)) ==
        Messages{"undeclared_target: After too many transitions a run goes to B, which has no task "
                 "and is no exit state"});
  // A loop that only a failure, or the limit, ends.
  CHECK(messages(Flow{S::A}.add(S::A, loops).add_exit_state(S::Done)).size() == 2);
  CHECK(messages(Flow{S::A}.add(S::A, loops).add_exit_state(S::Done).on_failure(S::A, S::Done))
            .empty());
  CHECK(
      messages(Flow{S::A}.add(S::A, loops).add_exit_state(S::Done).with_max_transitions(9, S::Done))
          .empty());
}

// ---- a limit on transitions that leads on

TEST_CASE("after so many transitions a run goes on in another state, once") {
  const std::size_t limit = GENERATE(1U, 2U, 7U, 8U, 9U, 1023U, 1024U, 1030U, 3000U);
  const bool observed = GENERATE(true, false);
  const int kind = GENERATE(0, 1);
  CAPTURE(limit, observed, kind);
  Flow flow{S::A};
  if (kind == 0) {
    flow.add(S::A, [](Data& data) { return ++data.calls, S::A; });
  } else {
    flow.add(S::A, [](Data& data) -> cano::Async<S> {
      ++data.calls;
      co_return S::A;
    });
  }
  flow.add_exit_states({S::Done, S::C}).with_max_transitions(limit, S::B);
  const auto seen = std::make_shared<cano::RecordingObserver>();
  if (observed) flow.with_observer(seen);
  VirtualTime time;
  Data data;
  SECTION("which is a task") {
    flow.add(S::B, [](Data& inner, TaskContext& context) {
      inner.log.emplace_back(context.failure() ? "failure" : "limit");
      return S::C;
    });
    const Result result = result_of(time, flow, data);
    CHECK(result.is_success());
    CHECK(result.state() == S::C);
    CHECK(data.log == std::vector<std::string>{"limit"});
    CHECK(result.transitions() == limit + 2);
    CHECK(result.attempts() == limit + 1);
  }
  SECTION("which is an exit") {
    flow.with_max_transitions(limit, S::Done);
    const Result result = result_of(time, flow, data);
    CHECK(result.state() == S::Done);
    CHECK(result.transitions() == limit + 1);
  }
  SECTION("which goes on in the loop: the limit counts anew, and ends it") {
    flow.add(S::B, [](Data&) { return S::A; });
    const Result result = result_of(time, flow, data);
    CHECK(inside(result.error()).errc() == Errc::Workflow);
    CHECK(data.calls == static_cast<int>(2 * limit - 1));
    CHECK(result.last_states().back() == S::A);
    data.calls = static_cast<int>(limit);
  }
  CHECK(data.calls == static_cast<int>(limit));
  if (observed) CHECK(seen->count("edge_taken") == 1);
}

TEST_CASE("with_max_transitions without a state forgets the one given before") {
  Flow flow = Flow{S::A}
                  .add(S::A, [](Data&) { return S::A; })
                  .add_exit_state(S::Done)
                  .with_max_transitions(3, S::Done);
  VirtualTime time;
  Data data;
  CHECK(result_of(time, flow, data).is_success());
  flow.with_max_transitions(3);
  CHECK(result_of(time, flow, data).is_failed());
  CHECK(result_of(time, flow.with_max_transitions(0, S::Done), data).is_success());
}
