// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/observe/span.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::Next;
using cano::to;
using cano::VirtualTime;

namespace {

// What a run of one task gives.
template <class Task> Result outcome_of(Task task) {
  VirtualTime time;
  Data data;
  const Flow flow = Flow{S::A}.add(S::A, task, once()).add_exit_states({S::Done, S::Other});
  return result_of(time, flow, data);
}

struct Configured {
  cano::TaskConfig config() const { return cano::TaskConfig::minimal(); }
  S run(Data&) const { return S::Done; }
};

struct BadConfig {
  cano::TaskConfig config() const { throw std::runtime_error{"no config"}; }
  S run(Data&) const { return S::Done; }
};

// Counts its copies.
struct Copied {
  int* copies;
  explicit Copied(int& count) : copies{&count} {}
  Copied(const Copied& other) : copies{other.copies} { ++*copies; }
  Copied(Copied&&) = default;
  Copied& operator=(const Copied&) = delete;
  Copied& operator=(Copied&&) = delete;
  ~Copied() = default;
  S run(Data&) const { return S::Done; }
};

}  // namespace

TEST_CASE("an outcome may be a state, a Next or a Result of either, plain or awaitable") {
  CHECK(outcome_of([](Data&) { return S::Done; }).state() == S::Done);
  CHECK(outcome_of([](Data&) -> Next<S::Done, S::Other> { return to<S::Other>; }).state() ==
        S::Other);
  CHECK(outcome_of([](Data&) -> cano::Result<S> { return S::Done; }).state() == S::Done);
  CHECK(outcome_of([](Data&) -> cano::Result<Next<S::Other>> { return to<S::Other>; }).state() ==
        S::Other);
  CHECK(outcome_of([](Data&) -> asio::awaitable<S> { co_return S::Done; }).state() == S::Done);
  CHECK(outcome_of([](Data&) -> asio::awaitable<Next<S::Other>> {
          co_return to<S::Other>;
        }).state() == S::Other);
  CHECK(outcome_of([](Data&) -> asio::awaitable<cano::Result<S>> { co_return S::Done; }).state() ==
        S::Done);
  CHECK(outcome_of([](Data&) -> asio::awaitable<cano::Result<Next<S::Other>>> {
          co_return to<S::Other>;
        }).state() == S::Other);
}

TEST_CASE("the error in a Result fails the run as it is, plain or awaitable") {
  const cano::Error error{Errc::Store, "full"};
  const auto check = [](const Result& result) {
    CHECK(result.is_failed());
    CHECK(result.state() == S::A);
    CHECK(inside(result.error()).errc() == Errc::Store);
    CHECK(result.error_message() == "Store error: full");
  };
  check(outcome_of([=](Data&) -> cano::Result<S> { return error; }));
  check(outcome_of([=](Data&) -> cano::Result<Next<S::Done>> { return error; }));
  check(outcome_of([=](Data&) -> asio::awaitable<cano::Result<S>> { co_return error; }));
  check(
      outcome_of([=](Data&) -> asio::awaitable<cano::Result<Next<S::Done>>> { co_return error; }));
}

TEST_CASE("orchestrate throws where try_orchestrate reports") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::A}.add(
      S::A, [](Data&) -> cano::Result<S> { return cano::Error{Errc::Configuration, "wrong"}; });
  CHECK(thrown_by([&] { time.run(flow.orchestrate(data)); }).message() == "wrong");
  CHECK(inside(time.run(flow.try_orchestrate(data)).error()).message() == "wrong");
}

TEST_CASE("a workflow runs any number of times, with any stores") {
  const Flow flow = Flow{S::A}
                        .add(S::A, [](Data& d) { return ++d.calls < 3 ? S::A : S::Done; })
                        .add_exit_state(S::Done);
  for (int i = 0; i < 3; ++i) {
    Data data;
    CHECK(run(flow, data) == S::Done);
    CHECK(data.calls == 3);
  }
}

TEST_CASE("the store decides nothing but what the tasks take") {
  struct Counter {
    int value = 0;
  };
  Counter counter;
  const auto flow = cano::Workflow<int, Counter>{0}
                        .add(0, [](Counter& c) { return ++c.value; })
                        .add_exit_state(1);
  CHECK(run(flow, counter) == 1);
}

TEST_CASE("a workflow is described by lvalue or in one expression") {
  Flow flow{S::A};
  Flow& same = flow.add(S::A, Configured{}).add_exit_state(S::Done).start_at(S::A);
  CHECK(&same == &flow);
  STATIC_REQUIRE(std::is_same_v<decltype(Flow{S::A}.add_exit_state(S::B)), Flow&&>);
  STATIC_REQUIRE(std::is_same_v<decltype(Flow{S::A}.add(S::A, Configured{})), Flow&&>);
  STATIC_REQUIRE(std::is_same_v<Flow::state_type, S>);
  STATIC_REQUIRE(std::is_same_v<Flow::store_type, Data>);
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Flow>);
}

TEST_CASE("exits may come from any range") {
  const std::array<S, 2> exits{S::Done, S::Other};
  CHECK(Flow{S::A}.add_exit_states(exits).graph().nodes.size() == 3);
  CHECK(Flow{S::A}
            .add_exit_states(exits | std::views::filter([](S s) { return s == S::Done; }))
            .graph()
            .nodes.size() == 2);
  CHECK(Flow{S::A}.add_exit_states(std::vector<S>{}).graph().nodes.size() == 1);
}

TEST_CASE("a task's config is read once, when it is added") {
  CHECK(Flow{S::A}.add(S::A, Configured{}).graph().nodes.at(0).max_attempts == 1);
  CHECK(Flow{S::A}.add(S::A, Configured{}, retries(8)).graph().nodes.at(0).max_attempts == 9);
  Flow flow{S::A};
  CHECK_THROWS_AS(flow.add(S::A, BadConfig{}), std::runtime_error);
  CHECK_NOTHROW(flow.add(S::A, Configured{}));
}

TEST_CASE("a task is moved in when it is a temporary, and never copied again") {
  int copies = 0;
  Data data;
  const Flow flow = Flow{S::A}.add(S::A, Copied{copies}).add_exit_state(S::Done);
  const Flow other = flow;
  CHECK(run(other, data) == S::Done);
  CHECK(copies == 0);
  const Copied named{copies};
  static_cast<void>(Flow{S::A}.add(S::A, named));
  CHECK(copies == 1);
}

TEST_CASE("settings that make no sense are refused") {
  Flow flow{S::A};
  const auto timeout = thrown_by([&] { flow.with_total_timeout(0ms); });
  CHECK(timeout.errc() == Errc::Configuration);
  CHECK(timeout.message() == "with_total_timeout: the timeout must be positive, not 0 s");
  const auto observer = thrown_by([&] { flow.with_observer(nullptr); });
  CHECK(observer.errc() == Errc::Configuration);
  CHECK(observer.message() == "with_observer: the observer is null");
}

TEST_CASE("a default config is that of tasks that have none, in any order") {
  using cano::TaskConfig;
  const auto plain = [](Data&) { return S::Done; };
  const auto attempts = [](const Flow& flow) {
    std::vector<std::size_t> all;
    for (const auto& node : flow.graph().nodes)
      all.push_back(node.max_attempts);
    return all;
  };
  const Flow bare = Flow{S::A}.add(S::A, plain);
  const Flow flow = Flow{S::A}
                        .add(S::A, plain)
                        .add(S::B, plain, retries(8))
                        .add_exit_state(S::Done)
                        .with_default_config(TaskConfig{}.with_fixed_retry(1, 5ms))
                        .add(S::C, Configured{})
                        .add(S::D, plain);
  CHECK(attempts(flow) == std::vector<std::size_t>{2, 9, 0, 1, 2});
  CHECK(attempts(bare) == std::vector<std::size_t>{4});

  Flow again = flow;
  again.with_default_config(once());
  CHECK(attempts(again) == std::vector<std::size_t>{1, 9, 0, 1, 1});
  CHECK(attempts(flow) == std::vector<std::size_t>{2, 9, 0, 1, 2});
}

TEST_CASE("a default config is what the engine uses, for tasks of every kind") {
  const auto fails = [](Data& data) -> S {
    ++data.calls;
    throw std::runtime_error{"x"};
  };
  const auto slow = [](Data& data) -> asio::awaitable<S> {
    ++data.calls;
    co_await cano::sleep_for(1h);
    co_return S::Done;
  };
  const auto config = retries(1, 10ms).with_attempt_timeout(50ms);
  for (const bool before : {false, true}) {
    Data data;
    VirtualTime time;
    Flow flow{S::A};
    if (before) flow.with_default_config(config);
    flow.add(S::A, fails).add(S::B, slow).add_exit_state(S::Done);
    if (!before) flow.with_default_config(config);
    auto result = result_of(time, flow, data);
    CHECK(data.calls == 2);
    CHECK(result.elapsed() == 10ms);
    data = {};
    result = result_of(time, flow.start_at(S::B), data);
    CHECK(data.calls == 2);
    CHECK(result.elapsed() == 110ms);
  }
}

TEST_CASE("a default config leaves tasks that are not copied, and states of other types, alone") {
  int copies = 0;
  cano::Workflow<std::string, Data> named{"start"};
  const auto next = [](Data&) { return std::string{"end"}; };
  named.add("start", next).add_exit_state("end").with_default_config(once());
  Data data;
  CHECK(run(named, data) == "end");
  Flow flow{S::A};
  flow.add(S::A, Copied{copies}).with_default_config(once()).add_exit_state(S::Done);
  CHECK(run(flow, data) == S::Done);
  CHECK(copies == 0);
}

TEST_CASE("a task that fails without a config of any kind is tried four times") {
  Data data;
  VirtualTime time;
  const auto fails = [](Data& d) -> S {
    ++d.calls;
    throw std::runtime_error{"x"};
  };
  CHECK(result_of(time, Flow{S::A}.add(S::A, fails), data).is_failed());
  CHECK(data.calls == 4);
}
