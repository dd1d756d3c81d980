// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>

#include "support/catch.hpp"

using cano::describe;
using cano::EventDescription;
using cano::Level;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> names_of(const EventDescription& description) {
  std::vector<std::string> names;
  for (const cano::Field& field : description.fields)
    names.push_back(field.name);
  return names;
}

}  // namespace

TEST_CASE("an event of a run is described with its place, its level and its fields") {
  const cano::RunInfo run{.run_id = "r-1"};
  const cano::steady_time at{5s};
  const cano::system_time wall_at{7s};
  const cano::AttemptFailed event{run,  "Charge", 2,    4,  "refused", false,
                                  true, 10ms,     30ms, at, 1,         wall_at};
  const EventDescription said = describe(event);
  CHECK(said.name == "attempt_failed");
  CHECK(said.level == Level::Warn);
  CHECK(said.target == "cano::task");
  CHECK(said.run == &run);
  CHECK(said.state == "Charge");
  CHECK(said.attempt == 2);
  CHECK(said.at == at);
  CHECK(said.wall_at == wall_at);
  CHECK(names_of(said) ==
        std::vector<std::string>{"error", "max_attempts", "timed_out", "will_retry", "elapsed_ms"});
}

TEST_CASE("an event of a job has no run but the id of the job's") {
  cano::OccurrenceStarted event{"nightly", 7, {}, 3ms, cano::system_time{9s}};
  event.run_id = "nightly#7";
  event.steady_at = cano::steady_time{4s};
  const EventDescription said = describe(event);
  CHECK(said.name == "occurrence_started");
  CHECK(said.target == "cano::schedule");
  CHECK(said.run == nullptr);
  CHECK(said.run_id == "nightly#7");
  CHECK(said.at == cano::steady_time{4s});
  CHECK(said.wall_at == cano::system_time{9s});
  CHECK(names_of(said) == std::vector<std::string>{"job", "run", "lateness_ms"});
}

TEST_CASE("a breaker that opens is described as a warning") {
  const cano::CircuitChanged event{
      "payments", cano::CircuitState::Closed, cano::CircuitState::Open, false, {}, 30s};
  const EventDescription said = describe(event);
  CHECK(said.name == "circuit_changed");
  CHECK(said.level == Level::Warn);
  CHECK(said.run == nullptr);
  CHECK(names_of(said) ==
        std::vector<std::string>{"breaker", "from", "to", "forced", "open_for_ms"});
}
