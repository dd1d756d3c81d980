// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>

#include <cano/workflow/workflow_result.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using cano::Outcome;
using Result = cano::WorkflowResult<std::string>;

TEST_CASE("a success holds its final state and no error") {
  const Result result{Outcome::Success, "done", nullptr, 3, 5, 20ms};
  CHECK(result.outcome() == Outcome::Success);
  CHECK(result.is_success());
  CHECK_FALSE(result.is_failed());
  CHECK_FALSE(result.is_cancelled());
  CHECK(result.state() == "done");
  CHECK(result.error() == nullptr);
  CHECK(result.error_message().empty());
  CHECK(result.transitions() == 3);
  CHECK(result.attempts() == 5);
  CHECK(result.elapsed() == 20ms);
}

TEST_CASE("a failure holds the state it stopped in and the exception itself") {
  const auto error = std::make_exception_ptr(std::runtime_error{"broken"});
  const Result result{Outcome::Failed, "middle", error, 1, 4, 0ms};
  CHECK(result.is_failed());
  CHECK_FALSE(result.is_success());
  CHECK(result.error() == error);
  CHECK(result.error_message() == "broken");
}

TEST_CASE("a result that nothing was put in is a cancelled run that never started") {
  const Result result;
  CHECK(result.is_cancelled());
  CHECK(result.state().empty());
  CHECK(result.error() == nullptr);
  CHECK(result.attempts() == 0);
}
