// SPDX-License-Identifier: MIT
#include <cano/observe/run_path.hpp>

#include "support/catch.hpp"

using cano::RunPath;

TEST_CASE("a path is plain data that starts empty and compares by value") {
  RunPath path;
  CHECK(path.runs == 0);
  CHECK(path.states.empty());
  CHECK(path.steps.empty());
  path.states.push_back(RunPath::State{});
  path.states.back().name = "A";
  path.steps.push_back(RunPath::Step{0, 0, 2});
  const RunPath copy = path;
  CHECK(copy == path);
  path.steps[0].count = 3;
  CHECK_FALSE(copy == path);
}
