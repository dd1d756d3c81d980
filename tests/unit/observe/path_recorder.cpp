// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <cano/observe/path_recorder.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"

using cano::Outcome;
using cano::PathRecorder;
using cano::RunPath;
using namespace std::chrono_literals;

namespace {

const RunPath::State& state(const RunPath& path, std::string_view name) {
  for (const RunPath::State& each : path.states) {
    if (each.name == name) return each;
  }
  FAIL("no state " << name);
  return path.states.front();
}

std::vector<std::string> steps(const RunPath& path) {
  std::vector<std::string> texts;
  for (const RunPath::Step& step : path.steps) {
    texts.push_back(path.states[step.from].name + "->" + path.states[step.to].name + " x" +
                    std::to_string(step.count));
  }
  return texts;
}

}  // namespace

TEST_CASE("visits, attempts, times and steps are counted") {
  PathRecorder recorder;
  EventScript run{recorder, "r"};
  run.started("Fetch");
  run.hop("Fetch", 2ms, "Check");
  run.hop("Check", 1ms, "Fetch");
  run.entered("Fetch");
  run.attempt(3);
  run.wait(5ms);
  run.failed("x", true);
  run.paused(100ms);
  run.attempt(3);
  run.wait(1ms);
  run.succeeded("Check");
  run.hop("Check", 1ms, "Done");
  run.finished(Outcome::Success, "Done");

  const RunPath path = recorder.path();
  CHECK(path.runs == 1);
  CHECK(steps(path) ==
        std::vector<std::string>{"Fetch->Check x2", "Check->Fetch x1", "Check->Done x1"});
  RunPath::State fetch;
  fetch.name = "Fetch";
  fetch.visits = 2;
  fetch.attempts = 3;
  fetch.failed_attempts = 1;
  fetch.working = 8ms;
  fetch.pausing = 100ms;
  CHECK(state(path, "Fetch") == fetch);
  CHECK(state(path, "Done").visits == 1);
  CHECK(state(path, "Done").succeeded == 1);
  CHECK(state(path, "Done").attempts == 0);
}

TEST_CASE("a run that starts in an exit has visited it") {
  PathRecorder recorder;
  EventScript run{recorder, "r"};
  run.started("Done");
  run.finished(Outcome::Success, "Done");
  REQUIRE(recorder.path().states.size() == 1);
  CHECK(recorder.path().states[0].visits == 1);
  CHECK(recorder.path().steps.empty());
}

TEST_CASE("where runs failed or were cancelled is counted") {
  PathRecorder recorder;
  EventScript failing{recorder, "r1"};
  failing.started("A");
  failing.entered("A");
  failing.attempt();
  failing.failed("x");
  failing.finished(Outcome::Failed, "A", "x");
  EventScript stopped{recorder, "r2"};
  stopped.started("A");
  stopped.finished(Outcome::Cancelled, "A", "stopped");
  EventScript lost{recorder, "r3"};
  lost.started("A");
  lost.hop("A", 0ms, "Nowhere");
  lost.finished(Outcome::Failed, "Nowhere", "No task registered for state: Nowhere");

  const RunPath path = recorder.path();
  CHECK(path.runs == 3);
  CHECK(state(path, "A").visits == 2);
  CHECK(state(path, "A").failed == 1);
  CHECK(state(path, "A").cancelled == 1);
  CHECK(state(path, "Nowhere").visits == 0);
  CHECK(state(path, "Nowhere").failed == 1);
  recorder.clear();
  CHECK(recorder.path() == RunPath{});
}

TEST_CASE("runs of many threads add up") {
  PathRecorder recorder;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&recorder, t] {
      for (int i = 0; i < 100; ++i) {
        EventScript run{recorder, "r", t};
        run.started("A");
        run.hop("A", 1ms, "Done");
        run.finished(Outcome::Success, "Done");
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const RunPath path = recorder.path();
  CHECK(path.runs == 400);
  CHECK(steps(path) == std::vector<std::string>{"A->Done x400"});
  CHECK(state(path, "A").working == 400ms);
  CHECK(state(path, "Done").succeeded == 400);
}
