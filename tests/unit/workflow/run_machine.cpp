// SPDX-License-Identifier: MIT
// The state machine of a run, without an executor: events in, actions out.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/run.hpp>
#include <cano/workflow/detail/undo_task.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::Outcome;
using cano::VirtualTime;
using cano::detail::Action;
using cano::detail::bind_task;
using cano::detail::CancellationScope;
using cano::detail::Definition;
using cano::detail::Event;
using cano::detail::Failure;
using cano::detail::FailureTraits;
using cano::detail::Run;
using cano::detail::StopReason;
using cano::detail::StopRequest;

namespace {

// A run with all that it needs. The clock is virtual, and nothing is ever resumed.
class RunFixture {
 public:
  template <class Task> RunFixture& add(S state, Task task, cano::TaskConfig config = once()) {
    definition_.add(std::make_shared<Definition<S, Data>::Entry>(
        state, std::move(config), bind_task<S, Data>(std::move(task))));
    return *this;
  }
  template <class Task> RunFixture& add_undoable(S state, Task task) {
    auto undo = cano::detail::undo_task_of_copy<Task, Data>(task);
    definition_.add(std::make_shared<Definition<S, Data>::Entry>(
        state, once(), bind_task<S, Data>(std::move(task)), std::move(undo)));
    return *this;
  }
  RunFixture& add_exit(S state) {
    definition_.add(std::make_shared<Definition<S, Data>::Entry>(state));
    return *this;
  }
  Definition<S, Data>& definition() { return definition_; }

  Run<S, Data>& run() {
    if (!run_) {
      definition_.start = S::A;
      run_.emplace(definition_, data, cano::RunInfo{}, run_id_,
                   cano::Clock::of(time.get_executor()), time.now(), scope, stop_);
    }
    return *run_;
  }
  cano::WorkflowResult<S> result() { return run().take_result(); }

  VirtualTime time;
  Data data;
  CancellationScope scope;
  std::atomic<bool> stop_flag{false};

 private:
  Definition<S, Data> definition_;
  std::string run_id_;
  StopRequest stop_{&stop_flag, {}};
  std::optional<Run<S, Data>> run_;
};

cano::Async<S> never_started(Data&) { co_return S::Done; }
S go_on(Data& data) { return ++data.calls < 5 ? S::A : S::Done; }
S fails(Data& data) {
  if (++data.calls < 3) throw std::runtime_error{"again"};
  return S::Done;
}
S fails_for_good(Data& data) {
  ++data.calls;
  throw std::invalid_argument{"wrong"};
}

struct Step {
  Event event;
  Action action;
};

void check_steps(RunFixture& fixture, const std::vector<Step>& steps) {
  for (const Step& step : steps)
    CHECK(fixture.run().resume(step.event) == step.action);
}

}  // namespace

TEST_CASE("what a run of plain tasks asks for") {
  struct Case {
    const char* name;
    S (*task)(Data&);
    cano::TaskConfig config;
    std::vector<Step> steps;
    Outcome outcome;
    int calls;
    std::size_t attempts;
  };
  const auto c = GENERATE(values<Case>({
      {"hops need nothing", go_on, once(), {{Event::Started, Action::End}}, Outcome::Success, 5, 5},
      {"a failure without retries ends it",
       fails,
       once(),
       {{Event::Started, Action::End}},
       Outcome::Failed,
       1,
       1},
      {"a retry waits first",
       fails,
       retries(2, 10ms),
       {{Event::Started, Action::Pause},
        {Event::RetryDue, Action::Pause},
        {Event::RetryDue, Action::End}},
       Outcome::Success,
       3,
       3},
      {"also without a delay",
       fails,
       retries(2, 0ms),
       {{Event::Started, Action::Pause},
        {Event::RetryDue, Action::Pause},
        {Event::RetryDue, Action::End}},
       Outcome::Success,
       3,
       3},
      {"what is not worth it is not retried",
       fails_for_good,
       retries(5, 10ms),
       {{Event::Started, Action::End}},
       Outcome::Failed,
       1,
       1},
  }));
  INFO(c.name);
  RunFixture fixture;
  fixture.add(S::A, c.task, c.config).add_exit(S::Done);
  check_steps(fixture, c.steps);
  const auto result = fixture.result();
  CHECK(result.outcome() == c.outcome);
  CHECK(fixture.data.calls == c.calls);
  CHECK(result.attempts() == c.attempts);
}

TEST_CASE("an attempt that may wait is asked for, and its end reported") {
  RunFixture fixture;
  fixture.add(S::A, never_started).add(S::B, never_started, retries(1, 10ms)).add_exit(S::Done);
  auto& run = fixture.run();
  CHECK(run.resume(Event::Started) == Action::Attempt);
  run.attempt_returned(S::B);
  CHECK(run.resume(Event::AttemptEnded) == Action::Attempt);
  run.attempt_threw(Failure{std::make_exception_ptr(std::runtime_error{"busy"}), FailureTraits{}});
  CHECK(run.resume(Event::AttemptEnded) == Action::Pause);
  CHECK(run.pause() == 10ms);
  CHECK(run.resume(Event::RetryDue) == Action::Attempt);
  run.attempt_returned(S::Done);
  CHECK(run.resume(Event::AttemptEnded) == Action::End);
  const auto result = fixture.result();
  CHECK(result.is_success());
  CHECK(result.transitions() == 2);
  CHECK(result.attempts() == 3);
}

TEST_CASE("the fast path hops from one such attempt to the next") {
  RunFixture fixture;
  fixture.add(S::A, never_started).add(S::B, never_started).add(S::C, go_on).add_exit(S::Done);
  auto& run = fixture.run();
  CHECK(run.resume(Event::Started) == Action::Attempt);
  run.attempt_returned(S::B);
  CHECK(run.hop_to_attempt());
  SECTION("not to a plain task") { run.attempt_returned(S::C); }
  SECTION("not to an exit") { run.attempt_returned(S::Done); }
  SECTION("not to a state without a task") { run.attempt_returned(S::Other); }
  SECTION("not after a failure") {
    run.attempt_threw(Failure{cano::Error{Errc::TaskExecution, "failed"}});
  }
  SECTION("not when it was stopped") { fixture.stop_flag = true; }
  CHECK_FALSE(run.hop_to_attempt());
}

TEST_CASE("a run that is stopped ends as cancelled at its next step") {
  RunFixture fixture;
  fixture.add(S::A, never_started, retries(3, 10ms)).add_exit(S::Done);
  auto& run = fixture.run();
  const auto stop = [&](bool by_flag) {
    if (by_flag) {
      fixture.stop_flag = true;
    } else {
      fixture.scope.cancel(StopReason::Stop);
      run.checkpoint_next();
    }
  };
  const bool by_flag = GENERATE(false, true);
  SECTION("before its start") {
    stop(by_flag);
    CHECK(run.resume(Event::Started) == Action::End);
  }
  SECTION("during an attempt that returns all the same") {
    CHECK(run.resume(Event::Started) == Action::Attempt);
    run.attempt_returned(S::A);
    stop(by_flag);
    CHECK(run.resume(Event::AttemptEnded) == Action::End);
  }
  SECTION("during a pause") {
    CHECK(run.resume(Event::Started) == Action::Attempt);
    run.attempt_threw(Failure{cano::Error{Errc::TaskExecution, "failed"}});
    CHECK(run.resume(Event::AttemptEnded) == Action::Pause);
    stop(by_flag);
    CHECK(run.resume(Event::RetryDue) == Action::End);
  }
  const auto result = fixture.result();
  CHECK(result.is_cancelled());
  CHECK(inside(result.error()).errc() == Errc::Cancelled);
}

TEST_CASE("limits: the nearest one is reported, and what passed makes the attempt fail") {
  RunFixture fixture;
  fixture.add(S::A, never_started, retries(1, 10ms).with_attempt_timeout(100ms).with_timeout(150ms))
      .add_exit(S::Done);
  auto& run = fixture.run();
  const auto start = fixture.time.now();
  CHECK(run.resume(Event::Started) == Action::Attempt);
  CHECK(run.nearest_limit().deadline == start + 100ms);
  CHECK(run.nearest_limit().reason == StopReason::AttemptTimeout);
  fixture.time.run_for(100ms);
  fixture.scope.cancel(StopReason::AttemptTimeout);
  run.attempt_returned(S::Done);  // too late
  CHECK(run.resume(Event::AttemptEnded) == Action::Pause);
  CHECK_FALSE(fixture.scope.is_cancelled());
  CHECK(run.nearest_limit().deadline == start + 150ms);
  CHECK(run.nearest_limit().reason == StopReason::StateTimeout);
  fixture.time.run_for(10ms);
  CHECK(run.resume(Event::RetryDue) == Action::Attempt);
  CHECK(run.nearest_limit().reason == StopReason::StateTimeout);
  fixture.time.run_for(40ms);
  fixture.scope.cancel(StopReason::StateTimeout);
  CHECK(run.resume(Event::AttemptEnded) == Action::End);
  const auto result = fixture.result();
  CHECK(result.is_failed());
  CHECK(inside(result.error()).errc() == Errc::Timeout);
}

TEST_CASE("a loop of plain tasks lets others run now and then") {
  RunFixture fixture;
  fixture.add(S::A, [](Data& data) { return ++data.calls < 5000 ? S::A : S::Done; })
      .add_exit(S::Done);
  int yields = 0;
  Event event = Event::Started;
  while (fixture.run().resume(event) == Action::Yield) {
    ++yields;
    event = Event::Yielded;
  }
  CHECK(yields == 4);
  CHECK(fixture.result().transitions() == 5000);
}

TEST_CASE("a state without a task, a budget of transitions") {
  RunFixture fixture;
  SECTION("no task") {
    fixture.add(S::A, [](Data&) { return S::B; }).add_exit(S::Done);
    CHECK(fixture.run().resume(Event::Started) == Action::End);
    CHECK(inside(fixture.result().error()).message() == "No task registered for state: B");
  }
  SECTION("too many transitions") {
    fixture.definition().max_transitions = 3;
    fixture.add(S::A, [](Data&) { return S::A; }).add_exit(S::Done);
    CHECK(fixture.run().resume(Event::Started) == Action::End);
    CHECK(inside(fixture.result().error()).errc() == Errc::Workflow);
  }
}

TEST_CASE("a run that has done what can be undone asks for that before its end") {
  struct Book {
    S next;
    S run(Data& data) const {
      ++data.calls;
      return next;
    }
    void undo(Data&) const {}
  };
  RunFixture fixture;
  fixture.add_undoable(S::A, Book{S::B}).add_undoable(S::B, Book{S::C}).add_exit(S::Done);
  SECTION("after a failure") {
    fixture.add(S::C, fails_for_good);
    check_steps(fixture, {{Event::Started, Action::Undo}, {Event::Undone, Action::End}});
    CHECK(fixture.result().is_failed());
  }
  SECTION("when it is stopped") {
    fixture.stop_flag = true;
    check_steps(fixture, {{Event::Started, Action::End}});
    CHECK(fixture.result().done().empty());
  }
  SECTION("not after a success") {
    fixture.add(S::C, [](Data&) { return S::Done; });
    check_steps(fixture, {{Event::Started, Action::End}});
    CHECK(fixture.result().done() == std::vector<std::string>{"A", "B"});
  }
  SECTION("not before it goes on over a failure edge") {
    fixture.add(S::C, fails_for_good).definition().add_failure_edge(S::C, S::Done);
    check_steps(fixture, {{Event::Started, Action::End}});
    CHECK(fixture.result().is_success());
  }
  SECTION("an undo that failed makes the failure one of compensation") {
    fixture.add(S::C, fails_for_good);
    check_steps(fixture, {{Event::Started, Action::Undo}});
    auto& log = fixture.run().undo_list();
    log.undone(log.pop().name);
    log.failed(log.pop().name, Failure{cano::Error{Errc::Store, "gone"}});
    check_steps(fixture, {{Event::Undone, Action::End}});
    const auto result = fixture.result();
    CHECK(result.undone() == std::vector<std::string>{"B"});
    CHECK(result.failed_to_undo() == std::vector<std::string>{"A"});
    CHECK(result.error_message() ==
          "Compensation failed: the undo of A failed: Store error: gone; before that the run had "
          "ended with: wrong");
  }
}
