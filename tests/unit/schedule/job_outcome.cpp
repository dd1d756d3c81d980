// SPDX-License-Identifier: MIT
#include <exception>
#include <stdexcept>

#include <cano/schedule/job_outcome.hpp>

#include "support/catch.hpp"

using cano::JobOutcome;
using cano::Outcome;

TEST_CASE("an outcome is exactly one of four") {
  JobOutcome outcome;
  const auto kinds = [&] {
    return outcome.is_success() + 10 * outcome.is_failed() + 100 * outcome.is_cancelled() +
           1000 * outcome.is_skipped();
  };
  outcome.outcome = Outcome::Success;
  CHECK(kinds() == 1);
  outcome.outcome = Outcome::Failed;
  CHECK(kinds() == 10);
  outcome.outcome = Outcome::Cancelled;
  CHECK(kinds() == 100);
  outcome.skipped = cano::SkipReason::Paused;
  CHECK(kinds() == 1000);
}

TEST_CASE("an outcome has the text of the exception") {
  JobOutcome outcome;
  CHECK(outcome.error_message().empty());
  outcome.error = std::make_exception_ptr(std::runtime_error{"disk full"});
  CHECK(outcome.error_message() == "disk full");
  outcome.error = std::make_exception_ptr(7);
  CHECK(outcome.error_message() == "exception of type int: 7");
}
