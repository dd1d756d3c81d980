// SPDX-License-Identifier: MIT
// What a run has done is undone when it does not end well: at each step, in each way to end.
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/sleep.hpp>
#include <cano/error.hpp>
#include <cano/task/task_context.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/saga.hpp"

namespace undo_tests {

using namespace saga;
using cano::Errc;
using cano::Outcome;
using cano::VirtualTime;
using engine::inside;

namespace {

Outcome outcome_of(Ending ending) {
  if (ending == Ending::FailureState) return Outcome::Success;
  return ending == Ending::Stopped ? Outcome::Cancelled : Outcome::Failed;
}

// The error of a run that has ended so, without anything about undoing.
void check_original(const std::exception_ptr& error, Ending ending) {
  if (ending == Ending::FailureState) CHECK(error == nullptr);
  if (ending == Ending::Throws)
    CHECK(inside<std::runtime_error>(error).what() == std::string{"no seat"});
  if (ending == Ending::Stopped) CHECK(inside(error).errc() == Errc::Cancelled);
  if (ending == Ending::OutOfTime) CHECK(inside(error).errc() == Errc::Timeout);
}

std::exception_ptr nested_in(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::nested_exception& nesting) {
    return nesting.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

TEST_CASE("what was done is undone, the last first, wherever and however a run ends") {
  Trip trip;
  trip.ending = GENERATE(Ending::Throws, Ending::Stopped, Ending::OutOfTime, Ending::FailureState);
  trip.ends_at = GENERATE(range<std::size_t>(0, steps));
  trip.failures_of_an_undo = GENERATE(0, 2);
  const std::size_t first = GENERATE(range<std::size_t>(0, 4));
  CAPTURE(static_cast<int>(trip.ending), trip.ends_at, trip.failures_of_an_undo, first);
  VirtualTime time;
  const saga::Result result = run(time, flow_of(trip, first), trip);

  CHECK(result.outcome() == outcome_of(trip.ending));
  CHECK(result.state() ==
        (trip.ending == Ending::FailureState ? S::Other : state_of(trip.ends_at)));
  check_original(result.error(), trip.ending);
  const auto done = names(done_count(trip));
  CHECK(result.done() == done);
  CHECK(result.undone() == reversed(done));
  CHECK(result.failed_to_undo().empty());
  CHECK(undos_in(trip) == reversed(done));
  for (std::size_t step = 0; step < steps; ++step) {
    CHECK(trip.undo_attempts[step] == (step < done.size() ? trip.failures_of_an_undo + 1 : 0));
  }
  for (const std::string& why : trip.whys)
    CHECK(why == result.error_message());
}

TEST_CASE("a run that succeeds undoes nothing, and lists what was done") {
  Trip trip;
  const std::size_t first = GENERATE(range<std::size_t>(0, 4));
  VirtualTime time;
  const saga::Result result = run(time, flow_of(trip, first), trip);
  CHECK(result.is_success());
  CHECK(result.error() == nullptr);
  CHECK(result.error_message().empty());
  CHECK(result.done() == names(steps));
  CHECK(result.undone().empty());
  CHECK(result.failed_to_undo().empty());
  CHECK(undos_in(trip).empty());
}

TEST_CASE("an undo that fails does not keep the others from being undone") {
  Trip trip;
  trip.ending = GENERATE(Ending::Throws, Ending::Stopped, Ending::OutOfTime, Ending::FailureState);
  trip.ends_at = 3;
  trip.bad_undo = GENERATE(0U, 1U, 2U);
  const std::size_t first = GENERATE(range<std::size_t>(0, 4));
  CAPTURE(static_cast<int>(trip.ending), trip.bad_undo, first);
  VirtualTime time;
  const saga::Result result = run(time, flow_of(trip, first), trip);

  const bool was_well = trip.ending == Ending::FailureState;
  CHECK(result.outcome() == (was_well ? Outcome::Failed : outcome_of(trip.ending)));
  const std::string bad = cano::state_name(state_of(trip.bad_undo));
  const std::string why = "cannot undo " + std::to_string(trip.bad_undo);
  const cano::Error error = inside(result.error());
  CHECK(error.errc() == Errc::CompensationFailed);
  CHECK_THAT(error.message(),
             Catch::Contains("the undo of " + bad + " failed: ") && Catch::Contains(why));
  const std::exception_ptr nested = nested_in(result.error());
  if (was_well) {
    CHECK_THAT(cano::detail::exception_text(nested), Catch::Contains(why));
  } else {
    check_original(nested, trip.ending);
  }
  CHECK(result.done() == names(done_count(trip)));
  std::vector<std::string> others = reversed(names(done_count(trip)));
  std::erase(others, bad);
  CHECK(result.undone() == others);
  CHECK(result.failed_to_undo() == std::vector<std::string>{bad});
  CHECK(undos_in(trip) == others);
  CHECK(trip.undo_attempts[trip.bad_undo] == 3);
}

TEST_CASE("orchestrate throws what became of the failure") {
  Trip trip;
  trip.ends_at = 2;
  SECTION("all undone") {
    VirtualTime time;
    const auto thrown = engine::thrown_by<std::runtime_error>(
        [&] { time.run(flow_of(trip, 0).orchestrate(trip)); });
    CHECK(thrown.what() == std::string{"no seat"});
    CHECK(undos_in(trip) == std::vector<std::string>{"B", "A"});
  }
  SECTION("not all") {
    trip.bad_undo = 0;
    VirtualTime time;
    const auto thrown = engine::thrown_by([&] { time.run(flow_of(trip, 0).orchestrate(trip)); });
    CHECK(thrown.errc() == Errc::CompensationFailed);
    CHECK(thrown.message() ==
          "the undo of A failed: cannot undo 0; before that the run had ended with: no seat");
    CHECK_FALSE(cano::detail::is_retryable(cano::detail::kind_of(thrown.errc())));
  }
  SECTION("a failure state") {
    trip.ending = Ending::FailureState;
    VirtualTime time;
    CHECK(time.run(flow_of(trip, 0).orchestrate(trip)) == S::Other);
  }
}

TEST_CASE("nothing that would end the run ends its undos") {
  Trip trip;
  trip.ending = GENERATE(Ending::Throws, Ending::Stopped, Ending::OutOfTime);
  trip.ends_at = 3;
  trip.failures_of_an_undo = 2;  // so that there are pauses too
  const std::size_t first = GENERATE(range<std::size_t>(0, 4));
  // The undos take some 60 ms: from the failure at 3 ms, or the limit at 100 ms on.
  const auto when = GENERATE(3ms, 8ms, 20ms, 102ms, 107ms, 120ms, 135ms);
  VirtualTime time;
  std::stop_source source;
  cano::RunOptions options = cano::RunOptions{}.with_stop(source.get_token());
  if (trip.ending != Ending::Throws) options = options.with_timeout(100ms);
  engine::after(time, trip.ending == Ending::OutOfTime ? when : 100ms,
                [&] { source.request_stop(); });
  if (trip.ending == Ending::Throws) engine::after(time, when, [&] { source.request_stop(); });
  const saga::Result result =
      time.run(flow_of(trip, first).try_orchestrate(trip, std::move(options)));
  CHECK_FALSE(result.is_success());
  CHECK(result.failed_to_undo().empty());
  CHECK(result.undone() == reversed(result.done()));
  CHECK(undos_in(trip) == reversed(result.done()));
}

TEST_CASE("a state that was visited twice is undone twice") {
  struct Loop {
    int round = 0;
    std::vector<std::string> log;
  };
  struct Add {
    S run(Loop& loop) const {
      loop.log.push_back("add " + std::to_string(++loop.round));
      return S::B;
    }
    void undo(Loop& loop) const { loop.log.push_back("take " + std::to_string(loop.round--)); }
  };
  const auto flow = cano::Workflow<S, Loop>{S::A}
                        .add(S::A, Add{})
                        .add(
                            S::B,
                            [](Loop& loop) {
                              if (loop.round == 3) throw std::runtime_error{"full"};
                              return S::A;
                            },
                            engine::once())
                        .add_exit_state(S::Done);
  VirtualTime time;
  Loop loop;
  const auto result = time.run(flow.try_orchestrate(loop));
  CHECK(loop.log ==
        std::vector<std::string>{"add 1", "add 2", "add 3", "take 3", "take 2", "take 1"});
  CHECK(result.done() == std::vector<std::string>{"A", "A", "A"});
  CHECK(result.undone() == std::vector<std::string>{"A", "A", "A"});
  CHECK(loop.round == 0);
}

TEST_CASE("what failed is not undone, however often it was tried") {
  struct Charge {
    S run(engine::Data& data) const {
      if (++data.calls < 3) throw std::runtime_error{"busy"};
      return S::B;
    }
    void undo(engine::Data& data) const { data.log.emplace_back("refund"); }
  };
  struct Fails {
    S run(engine::Data&) const { throw std::runtime_error{"never"}; }
    void undo(engine::Data& data) const { data.log.emplace_back("wrong"); }
  };
  const auto flow = engine::Flow{S::A}
                        .add(S::A, Charge{}, engine::retries(5))
                        .add(S::B, Fails{}, engine::retries(1))
                        .add_exit_state(S::Done);
  VirtualTime time;
  engine::Data data;
  const auto result = engine::result_of(time, flow, data);
  CHECK(data.log == std::vector<std::string>{"refund"});
  CHECK(result.done() == std::vector<std::string>{"A"});
  CHECK(result.attempts() == 5);
  CHECK(result.transitions() == 1);
}

TEST_CASE("work that is done, but after its limit, is undone, once a visit") {
  struct Account {
    int late = 1;  // so many attempts return although their limit has passed: they count as failed
    int busy = 0;  // the attempt that fails by itself
    int calls = 0;
    std::vector<std::string> log;
  };
  struct Charge {
    cano::Async<S> run(Account& data) const {
      if (++data.calls <= data.late) co_await engine::uncancellable_sleep(300ms);
      if (data.calls == data.busy) throw std::runtime_error{"busy"};
      data.log.emplace_back("charge");
      co_return S::B;
    }
    void undo(Account& data) const { data.log.emplace_back("refund"); }
  };
  const auto flow = [](const cano::TaskConfig& config) {
    return cano::Workflow<S, Account>{S::A}
        .add(S::A, Charge{}, config)
        .add(
            S::B, [](Account&) -> S { throw std::runtime_error{"no"}; }, engine::once())
        .add(S::C, [](Account&) { return S::Done; })
        .add_exit_state(S::Done);
  };
  using Strings = std::vector<std::string>;
  VirtualTime time;
  Account data;
  const auto run = [&](const auto& workflow, const cano::RunOptions& options = {}) {
    return time.run(workflow.try_orchestrate(data, options));
  };
  SECTION("the limit of the run") {
    const auto result = run(flow(engine::once()), cano::RunOptions{}.with_timeout(100ms));
    CHECK(engine::inside(result.error()).errc() == cano::Errc::Timeout);
    CHECK(result.done() == Strings{"A"});
    CHECK(data.log == Strings{"charge", "refund"});
  }
  SECTION("the limit of the state") {
    const auto result = run(flow(engine::once().with_timeout(100ms)));
    CHECK(engine::inside(result.error()).errc() == cano::Errc::Timeout);
    CHECK(data.log == Strings{"charge", "refund"});
  }
  SECTION("that of an attempt, and the next one succeeds") {
    const auto result = run(flow(engine::retries(1).with_attempt_timeout(100ms)));
    CHECK(result.undone() == Strings{"A"});
    CHECK(data.log == Strings{"charge", "charge", "refund"});
  }
  SECTION("that of an attempt, and the next one fails") {
    data.busy = 2;
    const auto result = run(flow(engine::retries(1).with_attempt_timeout(100ms)));
    CHECK(result.undone() == Strings{"A"});
    CHECK(data.log == Strings{"charge", "refund"});
  }
  SECTION("that of every attempt") {
    data.late = 2;
    const auto result = run(flow(engine::retries(1).with_attempt_timeout(100ms)));
    CHECK(result.undone() == Strings{"A"});
  }
  SECTION("a failure edge leads on, and nothing is undone in a success") {
    const auto result =
        run(flow(engine::once().with_attempt_timeout(100ms)).on_failure(S::A, S::C));
    CHECK(result.is_success());
    CHECK(result.done() == Strings{"A"});
    CHECK(data.log == Strings{"charge"});
  }
  SECTION("it failed on its own, after its limit") {
    data.busy = 1;
    const auto result = run(flow(engine::once().with_attempt_timeout(100ms)));
    CHECK(result.done().empty());
    CHECK(data.log.empty());
  }
}

TEST_CASE("with_default_config and copies keep what undoes") {
  Trip trip;
  trip.ends_at = 3;
  const saga::Flow flow = saga::Flow{flow_of(trip, 1)}.with_default_config(engine::once());
  VirtualTime time;
  CHECK(run(time, saga::Flow{flow}, trip).undone().size() == 3);
  CHECK(trip.undo_attempts == std::vector<int>{1, 1, 1, 0});
}

}  // namespace undo_tests
