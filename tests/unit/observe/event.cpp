// SPDX-License-Identifier: MIT
#include <type_traits>

#include <cano/observe/event.hpp>

#include "support/catch.hpp"

using cano::Outcome;
using cano::Phase;
using cano::SkipReason;

TEST_CASE("outcomes, phases and reasons have stable names") {
  STATIC_REQUIRE(to_string(Outcome::Success) == "success");
  STATIC_REQUIRE(to_string(Outcome::Failed) == "failed");
  STATIC_REQUIRE(to_string(Outcome::Cancelled) == "cancelled");
  STATIC_REQUIRE(to_string(Phase::Prep) == "prep");
  STATIC_REQUIRE(to_string(Phase::Exec) == "exec");
  STATIC_REQUIRE(to_string(Phase::Post) == "post");
  STATIC_REQUIRE(to_string(SkipReason::Overlap) == "overlap");
  STATIC_REQUIRE(to_string(SkipReason::Coalesced) == "coalesced");
  STATIC_REQUIRE(to_string(SkipReason::Misfire) == "misfire");
  STATIC_REQUIRE(to_string(SkipReason::Paused) == "paused");
  STATIC_REQUIRE(to_string(SkipReason::Shutdown) == "shutdown");
}

TEST_CASE("events are views: they cost nothing to copy and own nothing") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<cano::RunInfo>);
  STATIC_REQUIRE(std::is_trivially_destructible_v<cano::RunStarted>);
  STATIC_REQUIRE(std::is_trivially_destructible_v<cano::AttemptFailed>);
  STATIC_REQUIRE(std::is_trivially_destructible_v<cano::LogRecord>);
  STATIC_REQUIRE(std::is_trivially_destructible_v<cano::OccurrenceFinished>);
}

TEST_CASE("a run of its own is instance 0 of no batch") {
  const cano::RunInfo run{.run_id = "r"};
  CHECK(run.instance_id == 0);
  CHECK_FALSE(run.in_batch);
  CHECK(run.span == nullptr);
}
