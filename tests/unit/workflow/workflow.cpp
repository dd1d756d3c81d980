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
  CHECK(timeout.message() == "The total timeout must be positive, not 0 s");
  const auto observer = thrown_by([&] { flow.with_observer(nullptr); });
  CHECK(observer.errc() == Errc::Configuration);
  CHECK(observer.message() == "The observer is a null pointer");
}
