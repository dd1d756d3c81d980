// SPDX-License-Identifier: MIT
#include <cano/concurrent/concurrent_result.hpp>

#include "support/catch.hpp"

TEST_CASE("a concurrent result comes apart into results and status") {
  enum class State { Start, Done };
  cano::ConcurrentResult<State> whole;
  whole.results.emplace_back(cano::Outcome::Success, State::Done, nullptr, 1, 1, cano::Duration{});
  whole.status.total_workflows = 1;
  const auto& [results, status] = whole;
  REQUIRE(results.size() == 1);
  CHECK(results[0].state() == State::Done);
  CHECK(status.total_workflows == 1);
}
