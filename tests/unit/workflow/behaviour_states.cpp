// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>

#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/event_log.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::VirtualTime;

namespace {

S to_done(Data& data) {
  ++data.calls;
  return S::Done;
}

struct Door {
  int floor = 0;
  bool open = false;
  bool operator==(const Door&) const = default;
};
std::string to_string(const Door& door) {
  return "floor " + std::to_string(door.floor) + (door.open ? " open" : " shut");
}

// Whose name and hash can be had of the ground floor alone.
struct Moody : Door {};
std::string to_string(const Moody& moody) {
  if (moody.floor != 0) throw std::runtime_error{"no name"};
  return "ground floor";
}

}  // namespace

template <> struct std::hash<Moody> {
  std::size_t operator()(const Moody& moody) const {
    if (moody.floor > 1) throw std::runtime_error{"no hash"};
    return 0;
  }
};

template <> struct std::hash<Door> {
  // All doors of a floor collide, on purpose.
  std::size_t operator()(const Door& door) const { return static_cast<std::size_t>(door.floor); }
};

TEST_CASE("a start state that is an exit ends the run at once") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::Done}.add(S::A, to_done).add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(result.state() == S::Done);
  CHECK(result.transitions() == 0);
  CHECK(result.attempts() == 0);
  CHECK(data.calls == 0);
}

TEST_CASE("a start state without a task is an error that names it") {
  Data data;
  const auto error = thrown_by([&] { run(Flow{S::B}.add_exit_state(S::Done), data); });
  CHECK(error.errc() == Errc::Workflow);
  CHECK(error.message() == "No task registered for state: B");
}

TEST_CASE("a next state without a task is an error that names it, after the task has run") {
  Data data;
  VirtualTime time;
  const Flow flow =
      Flow{S::A}.add(S::A, [](Data& d) { return ++d.calls, S::C; }).add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(result.state() == S::C);
  CHECK(result.transitions() == 1);
  CHECK(result.attempts() == 1);
  CHECK(data.calls == 1);
  CHECK(result.error_message() == "Workflow error: No task registered for state: C");
}

TEST_CASE("the error of a state without a task names the one that was probably meant") {
  const auto said = [](const std::string& next) {
    Data data;
    VirtualTime time;
    const auto flow = cano::Workflow<std::string, Data>{"fetch_order"}
                          .add("fetch_order", [next](Data&) { return next; })
                          .add_exit_state("completed");
    return time.run(flow.try_orchestrate(data)).error_message();
  };
  CHECK(said("complete") ==
        "Workflow error: No task registered for state: complete; did you mean 'completed'?");
  CHECK(said("fecth_order") ==
        "Workflow error: No task registered for state: fecth_order; did you mean 'fetch_order'?");
  CHECK(said("paid") == "Workflow error: No task registered for state: paid");
  CHECK(said("a\nb\x95") == "Workflow error: No task registered for state: a\\nb\xEF\xBF\xBD");
}

TEST_CASE("a state is added once, as a task or as an exit") {
  Flow flow{S::A};
  flow.add(S::A, to_done).add_exit_state(S::Done);
  const auto twice = thrown_by([&] { flow.add(S::A, to_done); });
  CHECK(twice.errc() == Errc::Configuration);
  CHECK(twice.message() == "State A is added twice");
  const auto exit_too = thrown_by([&] { flow.add_exit_state(S::A); });
  CHECK(exit_too.errc() == Errc::Configuration);
  CHECK(exit_too.message() ==
        "State A is added with a task and as an exit state: it can be only one of them");
  const auto task_too = thrown_by([&] { flow.add(S::Done, to_done); });
  CHECK(task_too.message() ==
        "State Done is added with a task and as an exit state: it can be only one of them");
  CHECK_NOTHROW(flow.add_exit_state(S::Done));
  Data data;
  CHECK(run(flow, data) == S::Done);  // the refused calls changed nothing
  CHECK(data.calls == 1);
}

TEST_CASE("a list of exits is added whole or not at all") {
  Flow flow{S::A};
  flow.add(S::A, to_done);
  CHECK_THROWS_AS(flow.add_exit_states({S::Done, S::A}), cano::Error);
  CHECK(flow.graph().nodes.size() == 1);
  const std::vector<S> exits{S::Done, S::Other};
  flow.add_exit_states(exits);
  Data data;
  CHECK(run(flow, data) == S::Done);
}

TEST_CASE("text names states") {
  using Texts = cano::Workflow<std::string, Data>;
  Texts flow{"start"};
  flow.add("start", [](Data&) { return "a state whose name is too long for the small buffer"; })
      .add("a state whose name is too long for the small buffer",
           [](Data&) -> asio::awaitable<std::string> { co_return "end"; })
      .add_exit_state("end");
  Data data;
  CHECK(run(flow, data) == "end");
  const auto error = thrown_by([&] { run(Texts{"nowhere"}, data); });
  CHECK(error.message() == "No task registered for state: nowhere");
}

TEST_CASE("integers name states: sparse, negative, extreme, more than a thousand") {
  using Numbers = cano::Workflow<std::int64_t, Data>;
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> path{7, -1, 1'000'000, lowest, highest, 1030, -5000, 0, 1031};
  // Whatever the order in which they are added, each must be found again.
  for (std::size_t first = 0; first < path.size(); ++first) {
    Numbers flow{path.front()};
    for (std::size_t k = 0; k + 1 < path.size(); ++k) {
      const std::size_t at = (first + k) % (path.size() - 1);
      flow.add(path[at], [next = path[at + 1]](Data& d) { return ++d.calls, next; });
    }
    flow.add_exit_state(path.back());
    Data data;
    CHECK(run(flow, data) == path.back());
    CHECK(data.calls == static_cast<int>(path.size() - 1));
  }

  Numbers many{3000};
  for (std::int64_t state = 3000; state > -3000; --state)
    many.add(state, [state](Data& d) { return ++d.calls, state - 1; });
  many.add_exit_state(-3000);
  Data data;
  CHECK(run(many, data) == -3000);
  CHECK(data.calls == 6000);
  const auto error = thrown_by([&] { run(Numbers{-3001}.add_exit_state(1), data); });
  CHECK(error.message() == "No task registered for state: -3001");
}

TEST_CASE("any regular type with a hash names states, collisions included") {
  using Lift = cano::Workflow<Door, Data>;
  const auto lift = Lift{
      Door{}}.add(Door{}, [](Data&) {
               return Door{0, true};
             }).add(Door{0, true}, [](Data&) {
                 return Door{1, false};
               }).add_exit_state(Door{1, false});
  Data data;
  CHECK(run(lift, data) == Door{1, false});
  const auto error = thrown_by([&] { run(Lift{Door{2, true}}, data); });
  CHECK(error.message() == "No task registered for state: floor 2 open");
}

TEST_CASE("bool names states") {
  const auto flow =
      cano::Workflow<bool, Data>{false}.add(false, [](Data&) { return true; }).add_exit_state(true);
  Data data;
  CHECK(run(flow, data));
}

TEST_CASE("a loop of plain tasks yields to others and sees the stop that one of them asks for") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  int turns = 0;
  std::function<void()> other = [&] {
    if (++turns == 5) return void(source.request_stop());
    asio::post(time.get_executor(), other);
  };
  asio::post(time.get_executor(), other);
  const Flow flow = Flow{S::A}
                        .add(S::A, [](Data& d) { return ++d.calls, S::A; })
                        .with_max_transitions(10'000'000);
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  CHECK(result.is_cancelled());
  CHECK(turns == 5);
  CHECK(data.calls > 0);
  CHECK(data.calls < 100'000);
}

TEST_CASE("a loop of awaitable tasks that never wait yields to others") {
  Data data;
  VirtualTime time;
  std::stop_source source;
  asio::post(time.get_executor(), [&] { source.request_stop(); });
  const Flow flow =
      Flow{S::A}
          .add(S::A, [](Data& d) -> asio::awaitable<S> { co_return ++d.calls % 2 ? S::A : S::B; })
          .add(S::B, [](Data&) -> asio::awaitable<S> { co_return S::A; })
          .with_max_transitions(10'000'000);
  const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
  CHECK(result.is_cancelled());
}

TEST_CASE("a loop of plain tasks sees Asio's cancellation") {
  Data data;
  VirtualTime time;
  const Flow flow = Flow{S::A}
                        .add(S::A, [](Data& d) { return ++d.calls, S::A; })
                        .with_max_transitions(10'000'000);
  CancellableRun spawned{time.get_executor(), flow.orchestrate(data)};
  asio::post(time.get_executor(),
             [&] { asio::post(time.get_executor(), [&] { spawned.cancel(); }); });
  time.run_until_idle();
  REQUIRE(spawned.completions == 1);
  CHECK(inside(spawned.error).errc() == Errc::Cancelled);
}

TEST_CASE("max_transitions ends a loop with an error that lists the last states") {
  Data data;
  VirtualTime time;
  Flow flow = Flow{S::A}
                  .add(S::A, [](Data& d) { return ++d.calls, S::B; })
                  .add(S::B, [](Data& d) { return ++d.calls, S::A; })
                  .add_exit_state(S::Done)
                  .with_max_transitions(3);
  auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(data.calls == 3);
  CHECK(result.transitions() == 3);
  CHECK(result.error_message() ==
        "Workflow error: No exit state after 3 transitions; the last states are A -> B -> A -> B");

  data = {};
  flow.with_max_transitions(5001);
  result = result_of(time, flow, data);
  CHECK(data.calls == 5001);
  CHECK(result.error_message() ==
        "Workflow error: No exit state after 5001 transitions; the last states are "
        "A -> B -> A -> B -> A -> B -> A -> B");
}

TEST_CASE("a run ends in order in a state that was not added, whatever its type throws") {
  for (const int floor : {1, 2}) {
    const auto seen = std::make_shared<EventLog>();
    Data data;
    VirtualTime time;
    const Moody ground{};
    const auto flow = cano::Workflow<Moody, Data>{ground}
                          .add(ground,
                               [floor](Data&) {
                                 Moody next;
                                 next.floor = floor;
                                 return next;
                               })
                          .with_observer(seen);
    const auto result = time.run(flow.try_orchestrate(data));
    CHECK(result.error_message() ==
          "Workflow error: No task registered for state: (its name cannot be read: no name)");
    CHECK(result.state().floor == floor);
    CHECK(result.transitions() == 1);
    CHECK(seen->lines.back().find("run_finished") == 0);
    CHECK_THROWS_AS(
        time.run(cano::Workflow<Moody, Data>{flow}.start_at(result.state()).orchestrate(data)),
        cano::Error);
  }
}

TEST_CASE("a run may make as many transitions as max_transitions says") {
  Data data;
  for (const std::size_t hops : {1U, 7U, 8U, 9U, 2000U}) {
    const auto count = [hops](Data& d) {
      return static_cast<std::size_t>(++d.calls) == hops ? S::Done : S::A;
    };
    Flow flow = Flow{S::A}.add(S::A, count).add_exit_state(S::Done).with_max_transitions(hops);
    data = {};
    CHECK(run(flow, data) == S::Done);
    data = {};
    flow.with_max_transitions(hops - 1);
    CHECK_THROWS_AS(run(flow, data), cano::Error);
    CHECK(data.calls == static_cast<int>(hops - 1));
  }
}

TEST_CASE("max_transitions 0 lets only an exit be the start") {
  Data data;
  const Flow flow = Flow{S::A}.add(S::A, to_done).add_exit_state(S::Done).with_max_transitions(0);
  const auto error = thrown_by([&] { run(flow, data); });
  CHECK(error.message() == "No exit state after 0 transitions; the last states are A");
  CHECK(data.calls == 0);
  CHECK(run(Flow{flow}.start_at(S::Done), data) == S::Done);
}

TEST_CASE("the last states of a run that goes in circles are there as values") {
  VirtualTime time;
  const auto to_b = [](Data&) { return S::B; };
  const auto to_a = [](Data&) -> cano::Async<S> { co_return S::A; };
  const auto last_states = [&](std::size_t limit) {
    Data data;
    const Flow flow = Flow{S::A}.add(S::A, to_b).add(S::B, to_a).with_max_transitions(limit);
    const auto result = result_of(time, flow, data);
    CHECK(result.is_failed());
    CHECK(inside(result.error()).errc() == Errc::Workflow);
    CHECK(result.last_states().back() == result.state());
    return result.last_states();
  };
  CHECK(last_states(0) == std::vector{S::A});
  CHECK(last_states(3) == std::vector{S::A, S::B, S::A, S::B});
  CHECK(last_states(5001) == std::vector{S::A, S::B, S::A, S::B, S::A, S::B, S::A, S::B});

  const cano::Workflow<std::string, Data> named =
      cano::Workflow<std::string, Data>{"x"}
          .add("x", [](Data&) { return std::string{"x"}; })
          .with_max_transitions(1);
  Data data;
  const auto result = time.run(named.try_orchestrate(data));
  const auto copy = result;
  CHECK(copy.last_states() == std::vector<std::string>{"x", "x"});
}

TEST_CASE("the last state of any other run is the one in which it ended") {
  VirtualTime time;
  Data data;
  const auto to_b = [](Data&) { return S::B; };
  const auto fails = [](Data&) -> S { throw std::logic_error{"x"}; };
  CHECK(result_of(time, Flow{S::A}.add(S::A, to_b).add(S::B, fails), data).last_states() ==
        std::vector{S::B});
  CHECK(result_of(time, Flow{S::A}.add(S::A, to_b).add_exit_state(S::B), data).last_states() ==
        std::vector{S::B});
  CHECK(cano::WorkflowResult<S>{}.last_states() == std::vector{S::A});
}
