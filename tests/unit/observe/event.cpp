// SPDX-License-Identifier: MIT
#include <type_traits>

#include <cano/observe/event.hpp>

#include "support/catch.hpp"

using cano::Outcome;
using cano::Phase;

TEST_CASE("outcomes and phases have stable names") {
  CHECK(to_string(Outcome::Success) == "success");
  CHECK(to_string(Outcome::Failed) == "failed");
  CHECK(to_string(Outcome::Cancelled) == "cancelled");
  CHECK(to_string(Phase::Prep) == "prep");
  CHECK(to_string(Phase::Exec) == "exec");
  CHECK(to_string(Phase::Post) == "post");
  CHECK(to_string(cano::CircuitState::Closed) == "closed");
  CHECK(to_string(cano::CircuitState::Open) == "open");
  CHECK(to_string(cano::CircuitState::HalfOpen) == "half_open");
  STATIC_REQUIRE(to_string(Outcome::Success) == "success");
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
