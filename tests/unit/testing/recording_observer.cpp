// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <cano/testing/recording_observer.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"

using cano::Field;
using cano::Level;
using cano::Outcome;
using cano::RecordedEvent;
using cano::RecordingObserver;
using cano::Span;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> texts(const std::vector<RecordedEvent>& events) {
  std::vector<std::string> all;
  for (const RecordedEvent& event : events)
    all.push_back(event.text());
  return all;
}

}  // namespace

TEST_CASE("every event of a run is kept in order, with all it said") {
  RecordingObserver seen;
  EventScript run{seen, "r"};
  run.started("A");
  run.entered("A");
  run.attempt(2);
  run.phase(cano::Phase::Exec, 1ms, true);
  run.failed("no \"answer\"", true, true);
  run.paused(10ms);
  run.attempt(2);
  run.log(Level::Warn, "careful", {Field{"n", 1}});
  run.succeeded("Done");
  run.finished(Outcome::Success, "Done");
  CHECK(texts(seen.events()) ==
        std::vector<std::string>{
            "run_started state=\"A\"", "state_entered state=\"A\"",
            "attempt_started state=\"A\" attempt=1 max_attempts=2",
            "phase_started state=\"A\" attempt=1 phase=\"exec\"",
            "phase_finished state=\"A\" attempt=1 phase=\"exec\" failed=true elapsed_ms=1",
            "attempt_failed state=\"A\" attempt=1 error=\"no \\\"answer\\\"\" max_attempts=2 "
            "timed_out=true will_retry=true elapsed_ms=1",
            "retry_pause state=\"A\" attempt=1 delay_ms=10",
            "attempt_started state=\"A\" attempt=2 max_attempts=2",
            "log WARN careful state=\"A\" attempt=2 n=1",
            "attempt_succeeded state=\"A\" attempt=2 next_state=\"Done\" elapsed_ms=0",
            "run_finished state=\"Done\" outcome=\"success\" transitions=1 attempts=2 "
            "elapsed_ms=11"});
}

TEST_CASE("events are copies: they outlive what they were made from") {
  RecordingObserver seen;
  {
    const Span span = Span{"orders"}.with("user_id", 7);
    EventScript run{seen, "a run id that is too long for any small buffer", 5, &span};
    run.entered("a state name that is too long for any small buffer");
  }
  const RecordedEvent event = seen.events().at(0);
  CHECK(event.name == "state_entered");
  CHECK(event.run_id == "a run id that is too long for any small buffer");
  CHECK(event.state == "a state name that is too long for any small buffer");
  CHECK(event.instance_id == 5);
  CHECK(event.in_batch);
  REQUIRE(event.span);
  CHECK(*event.span == Span{"orders"}.with("user_id", 7));
}

TEST_CASE("fields are found by name and type") {
  RecordingObserver seen;
  EventScript run{seen, "r"};
  run.entered("A");
  run.attempt(4);
  run.failed("broken");
  const RecordedEvent event = seen.all("attempt_failed").at(0);
  REQUIRE(event.field<std::string>("error") != nullptr);
  CHECK(*event.field<std::string>("error") == "broken");
  CHECK(*event.field<std::uint64_t>("max_attempts") == 4);
  CHECK_FALSE(*event.field<bool>("will_retry"));
  CHECK(event.field<bool>("error") == nullptr);
  CHECK(event.field<std::string>("nothing") == nullptr);
}

TEST_CASE("events can be asked for by name and by instance") {
  RecordingObserver seen;
  EventScript first{seen, "b", std::size_t{0}};
  EventScript second{seen, "b", std::size_t{1}};
  EventScript alone{seen, "a"};
  seen.on_batch_started({first.info(), 2, "wait_forever", {}});
  first.started("A");
  second.started("A");
  first.finished(Outcome::Success, "Done");
  second.finished(Outcome::Failed, "A", "x");
  seen.on_batch_finished({first.info(), 2, 1, 1, 0, 1ms, {}});
  CHECK(seen.names() == std::vector<std::string>{"batch_started", "run_started", "run_started",
                                                 "run_finished", "run_finished", "batch_finished"});
  CHECK(seen.count("run_started") == 2);
  CHECK(seen.count("log") == 0);
  REQUIRE(seen.of_instance(0).size() == 2);
  CHECK(*seen.of_instance(1).at(1).field<std::string>("error") == "x");
  CHECK(seen.all("batch_finished").at(0).text() ==
        "batch_finished total=2 completed=1 failed=1 cancelled=0 elapsed_ms=1");
  alone.log(cano::Level::Info, "no batch has this as its instance 0");
  CHECK(seen.of_instance(0).size() == 2);
  seen.clear();
  CHECK(seen.events().empty());
}

TEST_CASE("scheduled jobs are kept too") {
  RecordingObserver seen;
  const cano::system_time at{};
  seen.on_occurrence_due({"j", at, at});
  seen.on_occurrence_queued({"j", at, at});
  seen.on_occurrence_started({"j", 1, std::nullopt, 3ms, at});
  seen.on_occurrence_finished({"j", 1, Outcome::Cancelled, "stopped", 1ms, at});
  seen.on_occurrence_skipped({"j", at, cano::SkipReason::Misfire, at});
  const std::string nominal = "nominal=\"1970-01-01T00:00:00.000000Z\"";
  CHECK(texts(seen.events()) ==
        std::vector<std::string>{"occurrence_due job=\"j\" " + nominal,
                                 "occurrence_queued job=\"j\" " + nominal,
                                 "occurrence_started job=\"j\" run=1 lateness_ms=3",
                                 "occurrence_finished job=\"j\" run=1 outcome=\"cancelled\" "
                                 "error=\"stopped\" elapsed_ms=1",
                                 "occurrence_skipped job=\"j\" reason=\"misfire\" " + nominal});
}

TEST_CASE("threads may report at the same time") {
  RecordingObserver seen;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&seen, t] {
      EventScript run{seen, "b", t};
      for (int i = 0; i < 250; ++i)
        run.entered("state" + std::to_string(t));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (std::size_t t = 0; t < 4; ++t) {
    const auto events = seen.of_instance(t);
    CHECK(events.size() == 250);
    for (const RecordedEvent& event : events) {
      if (event.state != "state" + std::to_string(t)) FAIL(event.text());
    }
  }
}
