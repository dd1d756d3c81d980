// SPDX-License-Identifier: MIT
// What observers see of the branches of a split and the items of an each.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/temp_file.hpp"
#include "support/trace_format.hpp"

namespace branch_events_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using branches::Desk;
using branches::Flow;
using cano::Async;
using cano::Join;
using cano::RecordedEvent;
using engine::S;

using Strings = std::vector<std::string>;

int plain(Desk&) { return 1; }
auto sleeper(std::chrono::milliseconds delay) {
  return [delay](Desk&) -> Async<int> {
    co_await cano::sleep_for(delay);
    co_return 2;
  };
}
int fails(Desk&) { throw std::runtime_error{"no answer"}; }

/// "+ fraud 1 @0" and "- fraud 1 success 2 @5": name, index, outcome, attempts, time.
Strings told(const cano::RecordingObserver& seen) {
  Strings lines;
  for (const RecordedEvent& e : seen.events()) {
    if (!e.name.starts_with("branch_")) continue;
    const bool ends = e.name == "branch_finished";
    std::string line = (ends ? "- " : "+ ") + *e.field<std::string>("branch") + ' ' +
                       std::to_string(*e.field<std::uint64_t>("index"));
    if (ends) {
      line += ' ' + *e.field<std::string>("outcome") + ' ' +
              std::to_string(*e.field<std::uint64_t>("attempts"));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

struct Observed {
  std::shared_ptr<cano::RecordingObserver> seen = std::make_shared<cano::RecordingObserver>();
  cano::VirtualTime time{};
  Desk desk{};

  cano::WorkflowResult<S> run(Flow flow, cano::RunOptions options = {}) {
    return time.run(flow.with_observer(seen).try_orchestrate(desk, std::move(options)));
  }
};

TEST_CASE("branches are reported as they start and end") {
  Observed observed;
  const auto composite =
      cano::split(plain, cano::branch("slow", sleeper(20ms)),
                  cano::branch("fraud", fails, engine::retries(2, 1ms)), sleeper(1h))
          .join(Join::first(3), S::Done);
  CHECK(observed.run(branches::flow_of(composite), cano::RunOptions{}.with_run_id("r1"))
            .is_success());
  CHECK(told(*observed.seen) == Strings{"+ branch 0 0", "- branch 0 0 success 1", "+ slow 1",
                                        "+ fraud 2", "+ branch 3 3", "- fraud 2 failed 3",
                                        "- slow 1 success 1", "- branch 3 3 cancelled 1"});
  const auto ended = observed.seen->all("branch_finished");
  CHECK(ended[0].run_id == "r1");
  CHECK(ended[0].state == "A");
  CHECK(ended[0].attempt == 1);
  CHECK(ended[0].level == cano::Level::Debug);
  CHECK(ended[1].level == cano::Level::Warn);
  CHECK(*ended[1].field<std::string>("error") == "no answer");
  CHECK(*ended[1].field<double>("elapsed_ms") == 2.0);
  CHECK(*ended[2].field<double>("elapsed_ms") == 20.0);
  CHECK(ended[3].level == cano::Level::Debug);
  CHECK(ended[3].at - ended[0].at == 20ms);
  CHECK(ended[3].wall_at - ended[0].wall_at == 20ms);
  // They are between the attempt's start and its end.
  const auto names = observed.seen->names();
  CHECK(names[2] == "attempt_started");
  CHECK(names[names.size() - 2] == "attempt_succeeded");
}

TEST_CASE("items that start are reported, however the run ends") {
  Observed observed;
  observed.desk.values = {5, 6, 7};
  const auto work = [](const int& item) -> Async<int> {
    co_await cano::sleep_for(1ms * item);
    co_return item;
  };
  const auto each = cano::each([](const Desk& d) { return d.values; }, work).with_max_in_flight(2);
  CHECK(observed.run(branches::flow_of(each.join(Join::all(), S::Done))).is_success());
  CHECK(told(*observed.seen) == Strings{"+ item 0 0", "+ item 1 1", "- item 0 0 success 1",
                                        "+ item 2 2", "- item 1 1 success 1",
                                        "- item 2 2 success 1"});
  observed.seen->clear();
  CHECK(observed.run(branches::flow_of(each.join(Join::any(), S::Done))).is_success());
  CHECK(told(*observed.seen) ==
        Strings{"+ item 0 0", "+ item 1 1", "- item 0 0 success 1", "- item 1 1 cancelled 1"});
  observed.seen->clear();
  std::stop_source stop;
  engine::after(observed.time, 2ms, [&] { stop.request_stop(); });
  CHECK(observed
            .run(branches::flow_of(each.join(Join::all(), S::Done)),
                 cano::RunOptions{}.with_stop(stop.get_token()))
            .is_cancelled());
  CHECK(told(*observed.seen) ==
        Strings{"+ item 0 0", "+ item 1 1", "- item 1 1 cancelled 1", "- item 0 0 cancelled 1"});
}

TEST_CASE("a state that is retried reports its branches anew") {
  Observed observed;
  const auto composite =
      cano::split(cano::branch("b", fails, engine::once())).join(Join::all(), S::Done);
  CHECK(observed
            .run(branches::flow_of(composite,
                                   engine::retries(1).with_retry(cano::RetryPolicy::fixed(1, 1ms))))
            .is_failed());
  std::vector<std::size_t> attempts;
  for (const auto& e : observed.seen->all("branch_finished"))
    attempts.push_back(e.attempt);
  CHECK(attempts == std::vector<std::size_t>{1, 2});
}

TEST_CASE("what a branch, a poll or an item starts inherits the observers of the run") {
  Observed observed;
  const auto child = branches::flow_of([](Desk&) { return S::Done; });
  const auto start = [&](Desk&) -> Async<int> {
    Desk own;
    co_await child.orchestrate(own);
    co_return 1;
  };
  const auto ask = [&](Desk&) -> Async<std::optional<S>> {
    Desk own;
    co_await child.orchestrate(own);
    co_return S::Done;
  };
  observed.desk.values = {1};
  const auto item = [&](const int&) -> Async<int> {
    Desk own;
    co_await child.orchestrate(own);
    co_return 1;
  };
  const auto check = [&](const Flow& flow) {
    observed.seen->clear();
    CHECK(observed.run(flow, cano::RunOptions{}.with_run_id("outer")).is_success());
    const auto started = observed.seen->all("run_started");
    REQUIRE(started.size() == 2);
    CHECK(started[1].parent_id == "outer");
    CHECK(started[1].run_id != "outer");
  };
  check(branches::flow_of(cano::split(start).join(Join::all(), S::Done)));
  check(branches::flow_of(cano::poll(ask)));
  check(branches::flow_of(
      cano::each([](const Desk& d) { return d.values; }, item).join(Join::all(), S::Done)));
}

TEST_CASE("a log has a line for each branch that starts and ends") {
  Observed observed;
  std::ostringstream lines;
  const auto log = std::make_shared<cano::LogObserver>(
      lines, cano::LogOptions{.filter = cano::LogFilter::parse("cano::compose=debug")});
  const auto composite = cano::split(plain, cano::branch("fraud", fails, engine::once()))
                             .join(Join::settled(), S::Done);
  CHECK(observed.run(branches::flow_of(composite).with_observer(log)).is_success());
  const std::string text = lines.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  CHECK(text.find("DEBUG") != std::string::npos);
  CHECK(text.find("cano::compose: Branch started branch=\"branch 0\" index=0") !=
        std::string::npos);
  CHECK(text.find("cano::compose: Branch failed branch=\"fraud\" index=1 outcome=\"failed\" "
                  "error=\"no answer\" attempts=1") != std::string::npos);
}

/// A trace as it is when `function` has written it, checked against the format.
template <class F> nlohmann::json traced(F function) {
  const TempFile file;
  function(std::make_shared<cano::TraceFile>(std::string_view{file.path().native()}));
  nlohmann::json trace = nlohmann::json::parse(file.read());
  const TraceCheck check{trace};
  CHECK(check.faults() == Strings{});
  CHECK(check.open() == 0);
  CHECK(check.open_arrows() == 0);
  return trace;
}
// Its tracks by name, with the slices that begin on them.
std::map<std::string, Strings> tracks_of(const nlohmann::json& trace) {
  std::map<int, std::string> names;
  std::map<std::string, Strings> tracks;
  for (const auto& event : trace) {
    if (event["ph"] == "M" && event["name"] == "thread_name") {
      names[event["tid"]] = event["args"]["name"];
    } else if (event["ph"] == "B") {
      tracks[names[event["tid"]]].push_back(event["name"]);
    }
  }
  return tracks;
}

TEST_CASE("a trace has a track for each branch, and arrows over split and join") {
  const auto composite =
      cano::split(plain, cano::branch("slow", sleeper(20ms)), cano::branch("slow", sleeper(30ms)))
          .join(Join::all(), S::B);
  const auto trace = traced([&](const std::shared_ptr<cano::TraceFile>& file) {
    Observed observed;
    observed.desk.values = {3, 1, 2};
    const auto work = [](const int& item) -> Async<int> {
      co_await cano::sleep_for(1ms * item);
      co_return item;
    };
    const auto each = cano::each([](const Desk& d) { return d.values; }, work)
                          .with_max_in_flight(2)
                          .join(Join::all(), S::Done);
    CHECK(observed
              .run(Flow{S::A}
                       .add(S::A, composite)
                       .add(S::B, each)
                       .add_exit_state(S::Done)
                       .with_observer(file))
              .is_success());
  });
  auto tracks = tracks_of(trace);
  CHECK(tracks["branch 0"] == Strings{"branch 0"});
  CHECK(tracks["slow"] == Strings{"slow"});
  CHECK(tracks["slow 2"] == Strings{"slow"});
  CHECK(tracks["items"] == Strings{"item 0"});
  CHECK(tracks["items 2"] == Strings{"item 1", "item 2"});
  CHECK(tracks["run"] == Strings{"run", "A", "attempt 1", "B", "attempt 1"});
  std::map<std::string, int> arrows;
  for (const auto& event : trace)
    if (event["ph"] == "s") ++arrows[event["name"]];
  CHECK(arrows == std::map<std::string, int>{{"join", 6}, {"split", 6}});
}

TEST_CASE("branches that go with their context end in the trace, and so do those in a new file") {
  const auto composite = cano::split(sleeper(1h), sleeper(2h)).join(Join::all(), S::Done);
  const auto trace = traced([&](const std::shared_ptr<cano::TraceFile>& file) {
    Desk desk;
    const auto flow = branches::flow_of(composite).with_observer(file);
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    time.run_for(1ms);
  });
  CHECK(tracks_of(trace)["branch 1"] == Strings{"branch 1"});

  const TempFile file;
  const auto observer = std::make_shared<cano::TraceFile>(std::string_view{file.path().native()});
  Observed observed;
  engine::after(observed.time, 30min, [&] {
    std::filesystem::remove(file.path());
    observer->reopen();
  });
  CHECK(observed.run(branches::flow_of(composite).with_observer(observer)).is_success());
  const nlohmann::json rest = nlohmann::json::parse(file.read());
  const TraceCheck check{rest};
  CHECK(check.faults() == Strings{});
  CHECK(check.open() == 0);
  CHECK(tracks_of(rest)["branch 0"] == Strings{"branch 0"});
}

}  // namespace branch_events_tests
