// SPDX-License-Identifier: MIT
#include <cstddef>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/workflow/problem.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Next;
using cano::Problem;
using Kind = Problem::Kind;

namespace {

struct Anywhere {
  S run(Data&) const { return S::Done; }
};

// Tasks that are declared but never run.
template <S... Targets> auto declares() {
  return [](Data&) -> Next<Targets...> { throw 0; };
}
template <S... Targets> auto declares_deep() {
  return [](Data&) -> asio::awaitable<cano::Result<Next<Targets...>>> { co_return cano::Error{}; };
}

}  // namespace

TEST_CASE("kinds of problems have stable names") {
  CHECK(to_string(Kind::MissingTask) == "missing_task");
  CHECK(to_string(Kind::Unreachable) == "unreachable");
  CHECK(to_string(Kind::NoExitReachable) == "no_exit_reachable");
  CHECK(to_string(Kind::UndeclaredTarget) == "undeclared_target");
  STATIC_REQUIRE(to_string(Kind::MissingTask) == "missing_task");
}

TEST_CASE("a workflow that is whole has no problems") {
  const Flow flow = Flow{S::A}
                        .add(S::A, declares<S::B, S::C>())
                        .add(S::B, declares_deep<S::A, S::Done>())
                        .add(S::C, declares<S::Done>())
                        .add_exit_state(S::Done);
  CHECK(flow.validate().empty());
  CHECK(Flow{S::Done}.add_exit_state(S::Done).validate().empty());
}

TEST_CASE("a start without a task is a missing task") {
  const auto problems = Flow{S::B}.add(S::A, Anywhere{}).add_exit_state(S::Done).validate();
  REQUIRE_FALSE(problems.empty());
  CHECK(problems[0] ==
        Problem{Kind::MissingTask, "B", "The start state B has no task and is no exit state"});
}

TEST_CASE("a declared target that was never added is named, with the task that declares it") {
  const auto problems =
      Flow{S::A}.add(S::A, declares<S::Done, S::C>()).add_exit_state(S::Done).validate();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == Problem{Kind::UndeclaredTarget, "C",
                               "The task of state A can go to C, which has no task and is no exit "
                               "state"});
}

TEST_CASE("a state that no declared path leads to is unreachable") {
  const auto problems = Flow{S::A}
                            .add(S::A, declares<S::Done>())
                            .add(S::B, declares<S::Done>())
                            .add_exit_states({S::Done, S::Other})
                            .validate();
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] == Problem{Kind::Unreachable, "B", "No declared path leads to state B"});
  CHECK(problems[1].state == "Other");
}

TEST_CASE("a loop without a way out is found") {
  const auto problems = Flow{S::A}
                            .add(S::A, declares<S::B, S::Done>())
                            .add(S::B, declares<S::C>())
                            .add(S::C, declares<S::B>())
                            .add_exit_state(S::Done)
                            .validate();
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] == Problem{Kind::NoExitReachable, "B",
                               "No declared path leads from state B to an exit state"});
  CHECK(problems[1].state == "C");
}

TEST_CASE("a workflow without an exit is reported once") {
  const auto problems = Flow{S::A}.add(S::A, declares<S::A>()).validate();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == Problem{Kind::NoExitReachable, "A", "The workflow has no exit state"});
  CHECK(Flow{S::A}.add(S::A, declares<S::B>()).add(S::B, declares<S::A>()).validate() == problems);
}

TEST_CASE("a task that declares nothing may go anywhere: nothing it could disprove is reported") {
  CHECK(Flow{S::A}
            .add(S::A, Anywhere{})
            .add(S::B, declares<S::Done>())
            .add_exit_state(S::Done)
            .validate()
            .empty());
  // But one that cannot be come to disproves nothing.
  const auto problems = Flow{S::A}
                            .add(S::A, declares<S::Done>())
                            .add(S::B, Anywhere{})
                            .add_exit_state(S::Done)
                            .validate();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].kind == Kind::Unreachable);
}

TEST_CASE("a misspelt start is reported with the state that was probably meant, on one line") {
  const auto problem_of = [](const std::string& start) {
    return cano::Workflow<std::string, Data>{start}
        .add("fetch", [](Data&) { return std::string{"done"}; })
        .add_exit_state("done")
        .validate()
        .at(0)
        .message;
  };
  CHECK(problem_of("fecth") ==
        "The start state fecth has no task and is no exit state; did you mean 'fetch'?");
  CHECK(problem_of("a\nb\xFF") ==
        "The start state a\\nb\xEF\xBF\xBD has no task and is no exit state");
}
