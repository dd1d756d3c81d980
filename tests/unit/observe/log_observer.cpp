// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <concepts>
#include <filesystem>
#include <limits>
#include <optional>
#include <sstream>
#include <streambuf>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/observe/log_observer.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"
#include "support/temp_file.hpp"

using cano::Field;
using cano::Level;
using cano::LogFilter;
using cano::LogFormat;
using cano::LogObserver;
using cano::LogOptions;
using cano::Outcome;
using cano::Span;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

LogOptions options(std::string_view filter, LogFormat format = LogFormat::Text) {
  return LogOptions{
      .filter = LogFilter::parse(filter), .format = format, .colour = {}, .clock = [] {
        return cano::system_time{} + std::chrono::seconds{1772353800} +
               std::chrono::microseconds{7};
      }};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

void play_all_events(cano::Observer& observer, const Span* span) {
  EventScript run{observer, "r-1", 3, span};
  observer.on_batch_started({run.info(), 4, "forever", run.now()});
  run.started("Fetch");
  run.entered("Fetch");
  run.attempt(2);
  run.phase(cano::Phase::Prep, 2ms);
  run.phase(cano::Phase::Exec, 1ms, true);
  run.failed("no answer", true);
  run.paused(100ms);
  run.attempt(2);
  run.log(Level::Info, "Got it", {Field{"bytes", 12}, Field{"from", "cache"}});
  run.wait(1500us);
  run.succeeded("Done");
  run.finished(Outcome::Success, "Done");
  observer.on_batch_finished({run.info(), 4, 2, 1, 1, 5ms, run.now()});
}

class FullDisk : public std::streambuf {};

}  // namespace

TEST_CASE("every event is a line with time, level, path, target, message and fields") {
  std::ostringstream out;
  LogObserver log{out, options("trace")};
  const Span span = Span{"orders"}.with("user_id", 7).with("tier", "premium");
  play_all_events(log, &span);
  const std::string time = "2026-03-01T08:30:00.000007Z ";
  const std::string path = "orders{user_id=7 tier=\"premium\"}:run{id=\"r-1\"";
  const std::string batch = path + "}: cano::concurrent: ";
  const std::string instance = path + " instance=3}:state{name=\"Fetch\"";
  const std::string first = instance + " attempt=1}: cano::task: ";
  const std::string second = instance + " attempt=2}: ";
  CHECK(lines_of(out.str()) ==
        std::vector<std::string>{
            time + " INFO " + batch + "Batch started instances=4 wait_strategy=\"forever\"",
            time + " INFO " + instance + "}: cano::workflow: Run started",
            time + "DEBUG " + instance + "}: cano::workflow: State entered",
            time + "DEBUG " + first + "Attempt started max_attempts=2",
            time + "TRACE " + first + "Phase started phase=\"prep\"",
            time + "DEBUG " + first + "Phase finished phase=\"prep\" failed=false elapsed_ms=2",
            time + "TRACE " + first + "Phase started phase=\"exec\"",
            time + " WARN " + first + "Phase failed phase=\"exec\" failed=true elapsed_ms=1",
            time + " WARN " + first +
                "Attempt failed, will retry error=\"no answer\" max_attempts=2 timed_out=false "
                "will_retry=true elapsed_ms=3",
            time + "DEBUG " + first + "Waiting before the next attempt delay_ms=100",
            time + "DEBUG " + second + "cano::task: Attempt started max_attempts=2",
            time + " INFO " + second + "app: Got it bytes=12 from=\"cache\"",
            time + "DEBUG " + second +
                "cano::task: Attempt succeeded next_state=\"Done\" elapsed_ms=1.5",
            time + " INFO " + path +
                " instance=3}:state{name=\"Done\"}: cano::workflow: Run succeeded "
                "outcome=\"success\" transitions=1 attempts=2 elapsed_ms=104.5",
            time + " INFO " + batch +
                "Batch finished total=4 completed=2 failed=1 cancelled=1 elapsed_ms=5"});
}

TEST_CASE("how a run ended decides its level; without a span the path begins with the run") {
  std::ostringstream out;
  LogObserver log{out, options("info")};
  EventScript run{log, "r"};
  run.finished(Outcome::Failed, "B", "it broke");
  run.finished(Outcome::Cancelled, "C", "stopped");
  const std::vector<std::string> lines = lines_of(out.str());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        "2026-03-01T08:30:00.000007Z ERROR run{id=\"r\"}:state{name=\"B\"}: cano::workflow: Run "
        "failed outcome=\"failed\" error=\"it broke\" transitions=0 attempts=0 elapsed_ms=0");
  CHECK(lines[1].find("  INFO ") != std::string::npos);  // a run that is asked to stop and stops
  CHECK(lines[1].find("Run was cancelled outcome=\"cancelled\"") != std::string::npos);
}

TEST_CASE("scheduled jobs have lines too") {
  std::ostringstream out;
  LogObserver log{out, options("cano::schedule")};
  const cano::system_time at = cano::system_time{} + 1h;
  log.on_occurrence_due({"backup", at, at});
  log.on_occurrence_due({"backup", at, at, 3});
  log.on_occurrence_queued({"backup", std::nullopt, at});
  log.on_occurrence_started({"backup", 4, at, 20ms, at, 2});
  log.on_occurrence_finished({"backup", 4, Outcome::Failed, "disk full", 7ms, at});
  log.on_occurrence_finished({"backup", 5, Outcome::Success, "", 7ms, at});
  log.on_occurrence_skipped({"backup", std::nullopt, cano::SkipReason::Overlap, at});
  log.on_occurrence_skipped({"backup", at, cano::SkipReason::Coalesced, at, 2});
  const std::string nominal = "nominal=\"1970-01-01T01:00:00.000000Z\"";
  const std::string time = "2026-03-01T08:30:00.000007Z ";
  CHECK(lines_of(out.str()) ==
        std::vector<std::string>{
            time + "DEBUG cano::schedule: Job is due job=\"backup\" " + nominal,
            time + "DEBUG cano::schedule: Job is due job=\"backup\" " + nominal + " count=3",
            time + "DEBUG cano::schedule: Job is queued job=\"backup\"",
            time + " INFO cano::schedule: Job started job=\"backup\" run=4 " + nominal +
                " lateness_ms=20 missed=2",
            time + "ERROR cano::schedule: Job failed job=\"backup\" run=4 outcome=\"failed\" "
                   "error=\"disk full\" elapsed_ms=7",
            time + " INFO cano::schedule: Job succeeded job=\"backup\" run=5 "
                   "outcome=\"success\" elapsed_ms=7",
            time + " WARN cano::schedule: Job was skipped job=\"backup\" reason=\"overlap\"",
            time + " WARN cano::schedule: Job was skipped job=\"backup\" reason=\"coalesced\" " +
                nominal + " count=2"});
}

TEST_CASE("circuit breakers have lines too") {
  std::ostringstream out;
  LogObserver log{out, options("cano::limit")};
  using cano::CircuitState;
  log.on_circuit_changed({"q", CircuitState::Closed, CircuitState::Open, false, {}, 30s});
  log.on_circuit_changed({"q", CircuitState::Open, CircuitState::HalfOpen, false, {}, {}});
  log.on_circuit_changed({"q", CircuitState::HalfOpen, CircuitState::Closed, true, {}, {}});
  const std::string time = "2026-03-01T08:30:00.000007Z ";
  CHECK(lines_of(out.str()) ==
        std::vector<std::string>{
            time + " WARN cano::limit: Circuit opened breaker=\"q\" from=\"closed\" to=\"open\" "
                   "forced=false open_for_ms=30000",
            time + " INFO cano::limit: Circuit half open breaker=\"q\" from=\"open\" "
                   "to=\"half_open\" forced=false",
            time + " INFO cano::limit: Circuit closed breaker=\"q\" from=\"half_open\" "
                   "to=\"closed\" forced=true"});
}

TEST_CASE("the filter compares target and level") {
  std::ostringstream out;
  LogObserver log{out, options("off,cano::workflow=debug")};
  play_all_events(log, nullptr);
  const std::vector<std::string> lines = lines_of(out.str());
  CHECK(lines.size() == 3);
  CHECK(std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(": cano::workflow: ") != std::string::npos;
  }));
}

TEST_CASE("a bad filter is the first line, whatever the filter lets through") {
  std::ostringstream out;
  LogObserver text{out, options("off,inof")};
  LogObserver as_json{out, options("off,inof", LogFormat::Json)};
  const std::vector<std::string> lines = lines_of(out.str());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with(
      "2026-03-01T08:30:00.000007Z  WARN cano::observe: Bad log filter problem=\"\\\"inof\\\" is "
      "ignored: it is neither a level"));
  CHECK(json::parse(lines[1])["event"] == "bad_log_filter");
}

TEST_CASE("a line stays one line of UTF-8 whatever the strings hold") {
  const Span span = Span{malformed_text}.with(malformed_text, malformed_text);
  const auto write = [&](LogFormat format) {
    std::ostringstream out;
    LogObserver log{out, options("trace", format)};
    EventScript run{log, malformed_text, &span};
    run.entered(malformed_text);
    run.attempt();
    run.log(Level::Error, malformed_text, {Field{malformed_text, malformed_text}});
    run.failed(malformed_text);
    run.finished(Outcome::Failed, malformed_text, malformed_text);
    return out.str();
  };

  const std::string text = write(LogFormat::Text);
  CHECK(lines_of(text).size() == 5);
  CHECK(std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  }));
  CHECK(
      text.find("name=\"a\\\"b\\\\c\\nINFO forged\\r\\t\\u{1b}[31m\\u{0}\\u{7f}\\u{202e}\\u{2028} "
                "\xEF\xBF\xBD\xEF\xBF\xBD \xC3\xA4\"") != std::string::npos);
  CHECK(text.find("app: a\"b\\c\\nINFO forged") != std::string::npos);

  const std::string json_lines = write(LogFormat::Json);
  REQUIRE(lines_of(json_lines).size() == 5);
  for (const std::string& line : lines_of(json_lines)) {
    const json object = json::parse(line);
    const std::string state = object["state"];
    CHECK(state.starts_with("a\"b\\c\nINFO forged\r\t\x1b[31m"));
    CHECK(object["span"]["name"] == state);
  }
}

TEST_CASE("what is not UTF-8 is replaced, what would not stay on the line is escaped") {
  const auto shown = [](const std::string& message) {
    std::ostringstream out;
    LogObserver log{out, options("info")};
    EventScript{log, "r"}.log(Level::Info, message);
    const std::string line = lines_of(out.str()).at(0);
    return line.substr(line.find("app: ") + 5);
  };
  const std::string bad = "\xEF\xBF\xBD";  // U+FFFD
  for (const char* text : {"\xC3\xA4", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBD"})
    CHECK(shown(text) == text);
  CHECK(shown("\x80") == bad);                                // not a first byte
  CHECK(shown("\xF5") == bad);                                // never one
  CHECK(shown("\xC1\xBF") == bad + bad);                      // longer than needed
  CHECK(shown("\xE0\x80\x80") == bad + bad + bad);            // likewise
  CHECK(shown("\xF0\x80\x80\x80") == bad + bad + bad + bad);  // likewise
  CHECK(shown("\xED\xA0\x80") == bad + bad + bad);            // half of a surrogate pair
  CHECK(shown("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // above U+10FFFF
  CHECK(shown("\xE2\x82") == bad);                            // cut off at the end
  CHECK(shown("\xE2\x82-") == bad + "-");                     // cut off by another character
  CHECK(shown("\xC2\x9F \xE2\x80\xA9 \xE2\x81\xA6 \xEF\xBF\xBE \xF0\x9F\xBF\xBF") ==
        "\\u{9f} \\u{2029} \\u{2066} \\u{fffe} \\u{1ffff}");
  CHECK(shown("\xE2\x81\xA5 \xE2\x81\xAA") == "\xE2\x81\xA5 \xE2\x81\xAA");
}

TEST_CASE("a span needs no fields, and a line no span") {
  const Span span{"orders"};
  const auto line = [](LogFormat format, const Span* of) {
    std::ostringstream out;
    LogObserver log{out, options("info", format)};
    EventScript{log, "r", of}.log(Level::Info, "m");
    return lines_of(out.str()).at(0);
  };
  CHECK(line(LogFormat::Text, &span).ends_with(" INFO orders:run{id=\"r\"}: app: m"));
  CHECK(json::parse(line(LogFormat::Json, &span))["span"] ==
        json::parse(R"({"name":"orders","fields":{}})"));
  CHECK_FALSE(json::parse(line(LogFormat::Json, nullptr)).contains("span"));
}

TEST_CASE("of fields of one name JSON has the last; numbers it has no way to write are null") {
  std::ostringstream out;
  LogObserver log{out, options("info", LogFormat::Json)};
  EventScript run{log, "r"};
  run.log(Level::Info, "m",
          {Field{"a", 1}, Field{"b", 2}, Field{"a", "three"},
           Field{"nan", std::numeric_limits<double>::quiet_NaN()},
           Field{"inf", -std::numeric_limits<double>::infinity()}});
  CHECK(json::parse(lines_of(out.str()).at(0))["fields"] ==
        json::parse(R"({"a":"three","b":2,"nan":null,"inf":null})"));
}

TEST_CASE("the JSON form holds the same, with numbers as numbers") {
  std::ostringstream out;
  LogObserver log{out, options("trace", LogFormat::Json)};
  const Span span = Span{"orders"}.with("user_id", 7);
  play_all_events(log, &span);
  const std::vector<std::string> lines = lines_of(out.str());
  REQUIRE(lines.size() == 15);
  CHECK(json::parse(lines[0]) ==
        json::parse(R"({"time":"2026-03-01T08:30:00.000007Z","level":"INFO",
          "target":"cano::concurrent","event":"batch_started","message":"Batch started",
          "span":{"name":"orders","fields":{"user_id":7}},"run_id":"r-1",
          "fields":{"instances":4,"wait_strategy":"forever"}})"));
  CHECK(json::parse(lines[11]) ==
        json::parse(R"({"time":"2026-03-01T08:30:00.000007Z","level":"INFO","target":"app",
          "event":"log","message":"Got it","span":{"name":"orders","fields":{"user_id":7}},
          "run_id":"r-1","instance_id":3,"state":"Fetch","attempt":2,
          "fields":{"bytes":12,"from":"cache"}})"));
}

TEST_CASE("fields show every kind of value") {
  std::ostringstream out;
  LogObserver log{out, options("info")};
  EventScript run{log, "r"};
  run.log(Level::Info, "m",
          {Field{"yes", true}, Field{"low", std::numeric_limits<std::int64_t>::min()},
           Field{"high", std::numeric_limits<std::uint64_t>::max()}, Field{"half", 0.5},
           Field{"nan", std::numeric_limits<double>::quiet_NaN()}, Field{"text", ""}});
  CHECK(lines_of(out.str())[0].ends_with(
      "app: m yes=true low=-9223372036854775808 high=18446744073709551615 half=0.5 nan=nan "
      "text=\"\""));
}

TEST_CASE("colour only where it is asked for: a stream that is no terminal has none") {
  std::ostringstream plain;
  std::ostringstream painted;
  LogOptions with_colour = options("info");
  with_colour.colour = true;
  LogObserver first{plain, options("info")};
  LogObserver second{painted, with_colour};
  EventScript{first, "r"}.log(Level::Warn, "m");
  EventScript{second, "r"}.log(Level::Warn, "m");
  CHECK(plain.str().find('\x1b') == std::string::npos);
  CHECK(painted.str() ==
        "\x1b[2m2026-03-01T08:30:00.000007Z\x1b[0m \x20\x1b[33mWARN\x1b[0m run{id=\"r\"}: "
        "\x1b[2mapp:\x1b[0m m\n");
}

// As std::filesystem::path is named.
static_assert(std::constructible_from<LogObserver, std::filesystem::path>);
static_assert(std::constructible_from<LogObserver, const std::string&>);
static_assert(std::constructible_from<LogObserver, std::string_view, LogOptions>);
static_assert(std::constructible_from<LogObserver, const char*>);
static_assert(!std::constructible_from<LogObserver, int>);

TEST_CASE("a file is appended to; one that cannot be opened is an error that names it") {
  const TempFile file;
  for (const char* message : {"first", "second"}) {
    LogObserver log{file.path(), options("info")};
    EventScript{log, "r"}.log(Level::Info, message);
  }
  const std::string text = file.read();
  REQUIRE(lines_of(text).size() == 2);
  CHECK(lines_of(text)[0].ends_with("app: first"));
  CHECK(lines_of(text)[1].ends_with("app: second"));

  try {
    LogObserver log{std::filesystem::path{"/no/such/folder/x.log"}, options("info")};
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() ==
          "Cannot open the log file /no/such/folder/x.log: No such file or directory");
  }
}

TEST_CASE("lines that the stream refuses are counted") {
  FullDisk disk;
  std::ostream stream{&disk};
  LogObserver log{stream, options("info")};
  EventScript run{log, "r"};
  run.log(Level::Info, "one");
  run.log(Level::Info, "two");
  CHECK(log.lost_lines() == 2);
}

TEST_CASE("lines of several threads do not mix") {
  std::ostringstream out;
  LogObserver log{out, options("info")};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      EventScript run{log, "run" + std::to_string(t)};
      for (int i = 0; i < 200; ++i)
        run.log(Level::Info, "thread" + std::to_string(t));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::vector<int> counts(4);
  for (const std::string& line : lines_of(out.str())) {
    for (std::size_t t = 0; t < counts.size(); ++t) {
      const std::string number = std::to_string(t);
      if (line ==
          "2026-03-01T08:30:00.000007Z  INFO run{id=\"run" + number + "\"}: app: thread" + number) {
        ++counts[t];
      }
    }
  }
  CHECK(counts == std::vector<int>{200, 200, 200, 200});
}

TEST_CASE("a line has the time at which it happened, unless a clock says another") {
  std::ostringstream out;
  LogObserver log{out, {.filter = LogFilter::parse("trace")}};
  const cano::RunInfo run{.run_id = "r"};
  cano::RunStarted event{run, "A", {}};
  event.wall_at = cano::system_time{} + 86'400s;
  log.on_run_started(event);
  log.on_occurrence_due({"job", std::nullopt, cano::system_time{} + 172'800s});
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("1970-01-02T00:00:00.000000Z"));
  CHECK(lines[1].starts_with("1970-01-03T00:00:00.000000Z"));
}

TEST_CASE("a run of a job has its id in the line, as the run itself has") {
  for (const LogFormat format : {LogFormat::Text, LogFormat::Json}) {
    std::ostringstream out;
    LogObserver log{out, options("info", format)};
    cano::OccurrenceStarted event{"backup", 4, std::nullopt, 0ms, cano::system_time{}};
    event.run_id = "backup#4";
    log.on_occurrence_started(event);
    CHECK(out.str().find(format == LogFormat::Text
                             ? " run{id=\"backup#4\"}: cano::schedule: Job started"
                             : "\"run_id\":\"backup#4\"") != std::string::npos);
  }
}

TEST_CASE("a cancelled attempt is reported at Info, without an error") {
  std::ostringstream out;
  LogObserver log{out, options("info")};
  EventScript run{log, "r"};
  run.entered("A");
  run.attempt();
  run.wait(5ms);
  run.cancelled();
  CHECK(out.str() ==
        "2026-03-01T08:30:00.000007Z  INFO run{id=\"r\"}:state{name=\"A\" attempt=1}: cano::task: "
        "Attempt was cancelled outcome=\"cancelled\" elapsed_ms=5\n");
}

TEST_CASE("a log file that was rotated is opened anew, and lines go to the new one") {
  const TempFile file;
  const TempFile rotated;
  LogObserver log{file.path(), options("info")};
  const auto say = [&](const std::string& id) { EventScript{log, id}.started("A"); };
  say("one");
  std::filesystem::rename(file.path(), rotated.path());
  say("two");  // reopen was not called
  CHECK(lines_of(rotated.read()).size() == 2);
  log.reopen();
  say("three");
  CHECK(lines_of(rotated.read()).size() == 2);
  CHECK(file.read().find("id=\"three\"") != std::string::npos);
  log.reopen();  // still there: it goes on at its end
  say("four");
  CHECK(lines_of(file.read()).size() == 2);
  CHECK(log.lost_lines() == 0);
}

TEST_CASE("a log file that cannot be opened anew goes on") {
  const TempFile folder;
  const TempFile moved;
  std::filesystem::create_directory(folder.path());
  LogObserver log{folder.path() / "log", options("info")};
  std::filesystem::rename(folder.path(), moved.path());
  CHECK_THROWS_AS(log.reopen(), cano::Error);
  EventScript{log, "r"}.started("A");
  CHECK(std::filesystem::file_size(moved.path() / "log") > 0);
  std::filesystem::remove(moved.path() / "log");

  std::ostringstream out;
  LogObserver on_a_stream{out, options("info")};
  on_a_stream.reopen();
  EventScript{on_a_stream, "r"}.started("A");
  CHECK_FALSE(out.str().empty());
}
