// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/observe/trace_file.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"
#include "support/temp_file.hpp"
#include "support/trace_format.hpp"

using cano::Level;
using cano::Outcome;
using cano::Span;
using cano::TraceFile;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

class TracePath {
 public:
  operator std::string_view() const { return file_.path().native(); }
  /// What was written so far, checked against the format.
  json read() const {
    json trace = json::parse(file_.read());
    CHECK(TraceCheck{trace}.faults() == std::vector<std::string>{});
    return trace;
  }

 private:
  TempFile file_;
};

// The slices of a track as "name@depth from..to", checked to be nested.
std::vector<std::string> slices_of(const json& trace, int process, int thread) {
  std::vector<std::pair<std::string, double>> open;
  std::vector<std::string> slices;
  for (const json& event : trace) {
    if (event["pid"] != process || event["tid"] != thread) continue;
    const double time = event["ts"];
    if (event["ph"] == "B") {
      open.emplace_back(event["name"], time);
    } else if (event["ph"] == "E") {
      REQUIRE_FALSE(open.empty());
      const auto [name, began] = open.back();
      open.pop_back();
      slices.push_back(name + '@' + std::to_string(open.size()) + ' ' +
                       std::to_string(static_cast<long>(began)) + ".." +
                       std::to_string(static_cast<long>(time)));
    }
  }
  CHECK(open.empty());
  return slices;
}

std::string name_of(const json& trace, const std::string& what, int process, int thread) {
  for (const json& event : trace) {
    if (event["ph"] == "M" && event["name"] == what && event["pid"] == process &&
        event["tid"] == thread) {
      return event["args"]["name"];
    }
  }
  return {};
}

json end_of(const json& trace, const std::string& field) {
  for (const json& event : trace) {
    if (event["ph"] == "E" && event.contains("args") && event["args"].contains(field)) {
      return event["args"];
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a run is a track of nested slices; retry pauses are slices too") {
  const TracePath path;
  TraceFile trace{path};
  const Span span = Span{"orders"}.with("user_id", 7);
  EventScript run{trace, "r-1", &span};
  run.started("Fetch");
  run.entered("Fetch");
  run.attempt(2);
  run.phase(cano::Phase::Prep, 2ms);
  run.phase(cano::Phase::Exec, 3ms, true);
  run.failed("no answer", true);
  run.paused(10ms);
  run.attempt(2);
  run.log(Level::Info, "hello", {cano::Field{"n", 1}});
  run.wait(1ms);
  run.succeeded("Store");
  run.hop("Store", 4ms, "Done");
  run.finished(Outcome::Success, "Done");

  const json events = path.read();
  CHECK(slices_of(events, 2, 2) ==
        std::vector<std::string>{"prep@3 0..2000", "exec@3 2000..5000", "attempt 1@2 0..5000",
                                 "retry pause@2 5000..15000", "attempt 2@2 15000..16000",
                                 "Fetch@1 0..16000", "attempt 1@2 16000..20000",
                                 "Store@1 16000..20000", "run@0 0..20000"});
  CHECK(name_of(events, "process_name", 2, 2) == "orders r-1");
  CHECK(name_of(events, "thread_name", 2, 2) == "run");
  CHECK(end_of(events, "error")["error"] == "no answer");
  CHECK(end_of(events, "final_state")["outcome"] == "success");
  bool logged = false;
  for (const json& event : events) {
    if (event["ph"] != "i") continue;
    logged = true;
    CHECK(event["name"] == "hello");
    CHECK(event["cat"] == "INFO");
    CHECK(event["args"] == json::parse(R"({"n": 1})"));
  }
  CHECK(logged);
}

TEST_CASE("each instance of a batch has its own track, also when they interleave") {
  const TracePath path;
  TraceFile trace{path};
  EventScript first{trace, "b", std::size_t{0}};
  EventScript second{trace, "b", std::size_t{1}};
  trace.on_batch_started({first.info(), 2, "forever", first.now()});
  first.started("A");
  second.started("A");
  first.entered("A");
  second.entered("A");
  first.attempt();
  second.attempt();
  first.wait(1ms);
  second.wait(2ms);
  second.succeeded("Done");
  second.finished(Outcome::Success, "Done");
  first.failed("broken");
  first.finished(Outcome::Failed, "A", "broken");
  trace.on_batch_finished({first.info(), 2, 1, 1, 0, 2ms, second.now()});

  const json events = path.read();
  CHECK(slices_of(events, 2, 2) == std::vector<std::string>{"batch@0 0..2000"});
  CHECK(slices_of(events, 2, 3) ==
        std::vector<std::string>{"attempt 1@2 0..1000", "A@1 0..1000", "run@0 0..1000"});
  CHECK(slices_of(events, 2, 4) ==
        std::vector<std::string>{"attempt 1@2 0..2000", "A@1 0..2000", "run@0 0..2000"});
  CHECK(name_of(events, "thread_name", 2, 2) == "batch");
  CHECK(name_of(events, "thread_name", 2, 3) == "instance 0");
  CHECK(name_of(events, "thread_name", 2, 4) == "instance 1");
}

TEST_CASE("a run that ends during a pause or an attempt leaves no slice open") {
  const TracePath path;
  TraceFile trace{path};
  EventScript run{trace, "r"};
  run.started("A");
  run.entered("A");
  run.attempt(3);
  run.failed("x", true);
  run.paused(5ms);
  run.finished(Outcome::Cancelled, "A", "stopped");
  CHECK(slices_of(path.read(), 2, 2) == std::vector<std::string>{"attempt 1@2 0..0",
                                                                 "retry pause@2 0..5000",
                                                                 "A@1 0..5000", "run@0 0..5000"});
}

TEST_CASE("the file is complete JSON from the start and after every run, before it is closed") {
  const TracePath path;
  auto trace = std::make_unique<TraceFile>(path);
  CHECK(path.read().is_array());
  std::size_t events = 0;
  for (int i = 0; i < 3; ++i) {
    EventScript run{*trace, "r" + std::to_string(i)};
    run.started("A");
    run.hop("A", 1ms, "Done");
    run.finished(Outcome::Success, "Done");
    const json now = path.read();
    CHECK(now.size() > events);
    events = now.size();
  }
  // A program that dies in a task: what was under way is missing or open, the file is still JSON.
  EventScript unfinished{*trace, "dying"};
  unfinished.started("A");
  unfinished.entered("A");
  CHECK(path.read().size() == events);
  trace->flush();
  CHECK(path.read().size() > events);
  trace.reset();
  CHECK(path.read().back()["name"] == "A");
}

TEST_CASE("a long trace is written in pieces that fit together") {
  const TracePath path;
  TraceFile trace{path};
  EventScript run{trace, "long"};
  run.started("A");
  for (int i = 0; i < 2000; ++i)
    run.hop("A", 1us, "A");
  run.finished(Outcome::Success, "Done");
  CHECK(slices_of(path.read(), 2, 2).size() == 4001);
}

TEST_CASE("malformed strings give valid JSON") {
  const TracePath path;
  TraceFile trace{path};
  const Span span = Span{malformed_text}.with(malformed_text, malformed_text);
  EventScript run{trace, malformed_text, &span};
  run.started(malformed_text);
  run.entered(malformed_text);
  run.attempt();
  run.log(Level::Info, malformed_text, {cano::Field{malformed_text, malformed_text}});
  run.log(Level::Info, "");
  run.failed(malformed_text);
  run.finished(Outcome::Failed, malformed_text, malformed_text);
  trace.on_occurrence_skipped(
      {malformed_text, std::nullopt, cano::SkipReason::Paused, std::chrono::system_clock::now()});
  trace.flush();
  const json events = path.read();
  const std::string error = end_of(events, "error")["error"];
  CHECK(error.starts_with("a\"b\\c\nINFO forged"));
}

TEST_CASE("the same run id may come again, in a process of its own") {
  const TracePath path;
  TraceFile trace{path};
  for (int i = 0; i < 2; ++i) {
    EventScript run{trace, "nightly"};
    run.started("Done");
    run.finished(Outcome::Success, "Done");
  }
  CHECK(slices_of(path.read(), 2, 2).size() == 1);
  CHECK(slices_of(path.read(), 3, 3).size() == 1);
}

TEST_CASE("the end of a batch whose beginning was not seen is left out") {
  const TracePath path;
  TraceFile trace{path};
  const EventScript run{trace, "b", std::size_t{0}};
  trace.on_batch_finished({run.info(), 1, 1, 0, 0, 1ms, run.now()});
  trace.flush();
  CHECK(end_of(path.read(), "completed").empty());
}

TEST_CASE("runs of scheduled jobs may overlap; skipped ones are marks") {
  const TracePath path;
  TraceFile trace{path};
  const cano::system_time at = std::chrono::system_clock::now();
  trace.on_occurrence_started({"backup", 1, at, 0ms, at});
  trace.on_occurrence_started({"backup", 2, at, 0ms, at + 1s});
  trace.on_occurrence_skipped({"backup", at, cano::SkipReason::Overlap, at + 2s});
  trace.on_occurrence_queued({"backup", at, at + 2s});
  trace.on_occurrence_finished({"backup", 1, Outcome::Success, "", 3s, at + 3s});
  trace.on_occurrence_finished({"backup", 2, Outcome::Failed, "full", 3s, at + 4s});
  std::map<std::string, std::vector<double>> times;
  std::vector<std::string> marks;
  for (const json& event : path.read()) {
    if (event.contains("id")) times[event["id"]].push_back(event["ts"]);
    if (event["ph"] == "i") marks.push_back(event["name"]);
  }
  CHECK(marks == std::vector<std::string>{"backup skipped", "backup queued"});
  REQUIRE(times["backup#1"].size() == 2);
  REQUIRE(times["backup#2"].size() == 2);
  CHECK(times["backup#1"][1] - times["backup#1"][0] == Approx(3e6));
  CHECK(times["backup#2"][0] - times["backup#1"][0] == Approx(1e6));
}

TEST_CASE("runs of several threads keep their tracks") {
  const TracePath path;
  TraceFile trace{path};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&trace, t] {
      for (std::size_t i = 0; i < 25; ++i) {
        EventScript run{trace, "r" + std::to_string(t) + "-" + std::to_string(i), t};
        run.started("A");
        run.hop("A", 1us, "B");
        run.hop("B", 1us, "Done");
        run.finished(Outcome::Success, "Done");
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const json events = path.read();
  for (int process = 2; process < 102; ++process) {
    const std::string name = name_of(events, "process_name", process, process);
    REQUIRE(name.starts_with("run r"));
    const int thread = process + 1 + (name[5] - '0');
    CHECK(slices_of(events, process, thread).size() == 5);
  }
}

TEST_CASE("a trace file that cannot be opened is an error that names it") {
  try {
    TraceFile trace{"/no/such/folder/trace.json"};
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() ==
          "Cannot open the trace file /no/such/folder/trace.json: No such file or directory");
  }
}

TEST_CASE("a trace file that cannot be written throws, which switches the observer off") {
  if (!std::filesystem::exists("/dev/full")) return;
  CHECK_THROWS_AS(TraceFile{"/dev/full"}, cano::Error);
}

TEST_CASE("a cancelled attempt ends its slices without an error") {
  const TracePath path;
  TraceFile trace{path};
  EventScript run{trace, "r"};
  run.started("A");
  run.entered("A");
  run.attempt();
  run.wait(5ms);
  run.cancelled();
  run.finished(Outcome::Cancelled, "A", "stopped");
  const json events = path.read();
  CHECK(slices_of(events, 2, 2) ==
        std::vector<std::string>{"attempt 1@2 0..5000", "A@1 0..5000", "run@0 0..5000"});
  CHECK(end_of(events, "outcome")["outcome"] == "cancelled");
}

TEST_CASE("what is under way is in the rotated file and in the new one") {
  const TracePath path;
  const std::string name{std::string_view{path}};
  const TempFile rotated;
  TraceFile trace{path};
  EventScript first{trace, "b", std::size_t{0}};
  EventScript second{trace, "r"};
  trace.on_batch_started({first.info(), 1, "forever", first.now()});
  first.started("A");
  first.entered("A");
  first.attempt(2);
  first.failed("x", true);
  first.paused(2ms);
  second.started("A");
  second.hop("A", 3ms, "B");
  second.entered("B");
  cano::OccurrenceStarted job{"backup", 1, std::nullopt, 0ms, {}};
  job.steady_at = cano::steady_time{} + 4ms;
  trace.on_occurrence_started(job);

  trace.reopen();  // the file is still there: nothing is lost
  std::filesystem::rename(name, rotated.path());
  trace.reopen();
  const json old = json::parse(rotated.read());
  CHECK(TraceCheck{old}.faults().empty());
  CHECK(TraceCheck{old}.open() == 7);  // batch, run, state, pause; run, state; job
  CHECK(TraceCheck{path.read()}.open() == 7);

  first.attempt(2);
  first.succeeded("Done");
  first.finished(Outcome::Success, "Done");
  trace.on_batch_finished({first.info(), 1, 1, 0, 0, 2ms, first.now()});
  second.attempt();
  second.succeeded("Done");
  second.finished(Outcome::Success, "Done");
  cano::OccurrenceFinished end{"backup", 1, Outcome::Success, {}, 1ms, {}};
  end.steady_at = job.steady_at + 1ms;
  trace.on_occurrence_finished(end);
  const json events = path.read();
  CHECK(TraceCheck{events}.open() == 0);
  CHECK(slices_of(events, 3, 3) ==
        std::vector<std::string>{"attempt 1@2 3000..3000", "B@1 3000..3000", "run@0 0..3000"});

  std::filesystem::rename(name, rotated.path());
  trace.reopen();
  trace.flush();
  CHECK(TraceCheck{path.read()}.open() == 0);  // nothing is under way
}

TEST_CASE("a new trace file may find an empty one in its place") {
  const TracePath path;
  const TempFile rotated;
  TraceFile trace{path};
  EventScript{trace, "one"}.started("A");
  std::filesystem::rename(std::string_view{path}, rotated.path());
  std::ofstream{std::string{std::string_view{path}}};  // as `create` of logrotate leaves it
  trace.reopen();
  EventScript run{trace, "two"};
  run.started("A");
  run.finished(Outcome::Success, "A");
  CHECK(TraceCheck{path.read()}.open() == 1);
}

TEST_CASE("a run that was started in another one says in which") {
  const TracePath path;
  TraceFile trace{path};
  cano::RunInfo run{.run_id = "inner"};
  run.parent_id = "outer";
  cano::RunStarted started{run, "A", cano::steady_time{}};
  started.wall_at = cano::system_time{} + 86'400s;
  trace.on_run_started(started);
  trace.flush();
  bool told = false;
  for (const json& event : path.read()) {
    if (event["ph"] != "B") continue;
    told = event["args"]["parent_id"] == "outer" &&
           event["args"]["time"] == "1970-01-02T00:00:00.000000Z";
  }
  CHECK(told);
}
