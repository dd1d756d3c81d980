// SPDX-License-Identifier: MIT
// What observers see of scheduled jobs, with each outcome: by name, content and order.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/temp_file.hpp"
#include "support/trace_format.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

// A scheduler in virtual time, and what is seen of it.
struct Watched {
  cano::VirtualTime time;
  std::shared_ptr<cano::RecordingObserver> seen = std::make_shared<cano::RecordingObserver>();
  cano::Scheduler scheduler{time.get_executor()};

  Watched() { scheduler.with_observer(seen); }

  // A manual job that is triggered so many times in a row, and has all the time it wants.
  template <class Job>
  void trigger(Job job, int times = 1, cano::Overlap overlap = cano::Overlap::Skip) {
    scheduler.manual("job", job, {.overlap = overlap});
    scheduler.start();
    for (int i = 0; i < times; ++i) {
      scheduler.trigger("job");
      time.run_for(0s);  // it begins
    }
    time.run_for(1h);
  }

  // Every beginning has its end, and every occurrence that was due became one thing.
  Lines lines() const {
    CHECK(seen->count("run_started") == seen->count("run_finished"));
    CHECK(seen->count("batch_started") == seen->count("batch_finished"));
    CHECK(seen->count("occurrence_started") == seen->count("occurrence_finished"));
    CHECK(total("occurrence_due") ==
          seen->count("occurrence_started") + total("occurrence_skipped"));
    Lines lines;
    for (const cano::RecordedEvent& event : seen->events())
      lines.push_back(event.text());
    return lines;
  }

 private:
  std::uint64_t total(std::string_view name) const {
    std::uint64_t sum = 0;
    for (const cano::RecordedEvent& event : seen->all(name)) {
      const auto* count = event.field<std::uint64_t>("count");
      sum += count != nullptr ? *count : 1;
    }
    return sum;
  }
};

asio::awaitable<void> one_second() { co_await cano::sleep_for(1s); }

const std::string due = "occurrence_due job=\"job\"";
const std::string queued = "occurrence_queued job=\"job\"";

std::string started(int run, int lateness_ms = 0) {
  return "occurrence_started job=\"job\" run=" + std::to_string(run) +
         " lateness_ms=" + std::to_string(lateness_ms);
}
std::string finished(int run, const std::string& outcome, int elapsed_ms) {
  return "occurrence_finished job=\"job\" run=" + std::to_string(run) + " outcome=\"" + outcome +
         "\" elapsed_ms=" + std::to_string(elapsed_ms);
}
std::string skipped(const std::string& reason) {
  return "occurrence_skipped job=\"job\" reason=\"" + reason + '"';
}

}  // namespace

TEST_CASE("the events of a scheduled job that succeeds") {
  Watched watched;
  watched.trigger(one_second);
  CHECK(watched.lines() == Lines{due, started(1), finished(1, "success", 1000)});
}

TEST_CASE("the events of a scheduled job that fails") {
  Watched watched;
  watched.trigger([] { throw std::runtime_error{"disk full"}; });
  CHECK(watched.lines() ==
        Lines{due, started(1),
              "occurrence_finished job=\"job\" run=1 outcome=\"failed\" error=\"disk full\" "
              "elapsed_ms=0"});
}

TEST_CASE("the events of scheduled jobs that are cancelled, and of one that waited, at the end") {
  Watched watched;
  watched.scheduler.manual("job", [] { return cano::sleep_for(1h); },
                           {.overlap = cano::Overlap::QueueOne});
  watched.scheduler.start();
  watched.scheduler.trigger("job");
  watched.time.run_for(1s);
  watched.scheduler.trigger("job");
  watched.time.run(watched.scheduler.stop(0s));
  const Lines lines = watched.lines();
  REQUIRE(lines.size() == 6);
  CHECK(Lines(lines.begin(), lines.begin() + 4) == Lines{due, started(1), due, queued});
  CHECK(lines[4] == skipped("shutdown"));
  CHECK(lines[5].starts_with("occurrence_finished job=\"job\" run=1 outcome=\"cancelled\""));
}

TEST_CASE("the events of occurrences while the job runs") {
  Watched skip;
  skip.trigger(one_second, 2);
  CHECK(skip.lines() ==
        Lines{due, started(1), due, skipped("overlap"), finished(1, "success", 1000)});

  Watched queue;
  queue.trigger(one_second, 3, cano::Overlap::QueueOne);
  const Lines lines = queue.lines();
  REQUIRE(lines.size() == 9);
  CHECK(Lines(lines.begin(), lines.begin() + 4) == Lines{due, started(1), due, queued});
  CHECK(queue.seen->count("occurrence_skipped") == 1);
  CHECK(*queue.seen->all("occurrence_skipped")[0].field<std::string>("reason") == "coalesced");
  CHECK(lines.back() == finished(2, "success", 1000));
}

TEST_CASE("the events of occurrences that were missed, and of a job that is paused") {
  Watched watched;
  watched.scheduler.every("job", one_second, 10s,
                          {.misfire = cano::Misfire::Skip, .misfire_grace = 1s});
  watched.scheduler.start();
  watched.time.run_for(5s);
  watched.time.stall(30s);  // past three of them
  watched.time.run_for(1s);
  watched.scheduler.pause("job");
  watched.time.run_for(10s);
  watched.lines();
  std::vector<std::string> reasons;
  std::uint64_t missed = 0;
  for (const cano::RecordedEvent& event : watched.seen->all("occurrence_skipped")) {
    reasons.push_back(*event.field<std::string>("reason"));
    const auto* count = event.field<std::uint64_t>("count");
    if (reasons.back() == "misfire") missed += count != nullptr ? *count : 1;
  }
  CHECK(missed == 3);
  CHECK(reasons.back() == "paused");
}

TEST_CASE("a scheduler reports which of its observers threw") {
  struct Throwing : cano::Observer {
    void on_occurrence_started(const cano::OccurrenceStarted&) override {
      throw std::runtime_error{"no"};
    }
  };
  Watched watched;
  const auto throwing = std::make_shared<Throwing>();
  watched.scheduler.with_observer(throwing);
  CHECK(watched.scheduler.observer_failures().empty());
  watched.trigger(one_second, 2);
  CHECK(watched.seen->count("occurrence_finished") == 1);
  REQUIRE(watched.scheduler.observer_failures().size() == 1);
  CHECK(watched.scheduler.observer_failures()[0].observer == throwing);
  CHECK(watched.scheduler.observer_failures()[0].message == "no");
}

TEST_CASE("the run of a scheduled workflow is between its occurrence's start and end") {
  enum class S { A, Done };
  Watched watched;
  watched.trigger(cano::Workflow<S>{S::A}
                      .add(S::A, [](cano::MemoryStore&) { return S::Done; })
                      .add_exit_state(S::Done)
                      .with_observer(watched.seen)
                      .with_tracing_span(cano::Span{"nightly"}));
  watched.lines();
  CHECK(watched.seen->names() == Lines{"occurrence_due", "occurrence_started", "run_started",
                                       "state_entered", "attempt_started", "attempt_succeeded",
                                       "run_finished", "occurrence_finished"});
  const cano::RecordedEvent run = watched.seen->all("run_started")[0];
  CHECK(run.run_id == "job#1");
  CHECK(run.span->name() == "nightly");
}

TEST_CASE("a scheduled batch of which an instance fails is a failed run of the job") {
  enum class S { A, Done };
  Watched watched;
  const auto batch = cano::ConcurrentWorkflow<S>{S::A}
                         .add(
                             S::A, [](cano::MemoryStore&) -> S { throw std::logic_error{"no"}; },
                             cano::TaskConfig::minimal())
                         .add_exit_state(S::Done)
                         .with_observer(watched.seen);
  watched.trigger(batch.batch(2, cano::WaitForever{}));
  watched.lines();
  CHECK(watched.seen->count("run_finished") == 2);
  CHECK(watched.seen->count("batch_finished") == 1);
  const cano::RecordedEvent end = watched.seen->events().back();
  CHECK(end.name == "occurrence_finished");
  CHECK(*end.field<std::string>("outcome") == "failed");
}

namespace {

enum class Night { Dump, Done };

struct Stock {
  int calls = 0;
};

using Nightly = cano::Workflow<Night, Stock>;

Nightly nightly() {
  return Nightly{Night::Dump}
      .add(Night::Dump,
           [](Stock&) -> cano::Async<Night> {
             co_await cano::sleep_for(1h);
             co_return Night::Done;
           })
      .add_exit_state(Night::Done);
}

struct Slice {
  double from = -1;
  double to = -1;
};

// The slices of jobs and of runs, in the order in which they began.
struct Slices {
  std::vector<Slice> jobs;
  std::vector<Slice> runs;

  explicit Slices(const nlohmann::json& trace) {
    CHECK(TraceCheck{trace}.faults() == Lines{});
    std::map<std::string, std::size_t> open_jobs;
    std::map<int, std::pair<std::size_t, int>> open_runs;  // by process: which, and how deep
    for (const auto& event : trace) {
      const double time = event["ts"];
      if (event["ph"] == "b") {
        open_jobs[event["id"]] = jobs.size();
        jobs.push_back({time, -1});
      } else if (event["ph"] == "e") {
        jobs[open_jobs.at(event["id"])].to = time;
      } else if (event["ph"] == "B") {
        auto& [run, depth] = open_runs[event["pid"]];
        if (depth++ != 0) continue;
        run = runs.size();
        runs.push_back({time, -1});
      } else if (event["ph"] == "E") {
        auto& [run, depth] = open_runs[event["pid"]];
        if (--depth == 0) runs[run].to = time;
      }
    }
  }
};

}  // namespace

TEST_CASE("the slice of a job spans its run, however the wall clock is set") {
  const TempFile file;
  {
    const auto trace = std::make_shared<cano::TraceFile>(file.path());
    cano::VirtualTime time;
    cano::Scheduler scheduler{time.get_executor()};
    scheduler.with_observer(trace);
    scheduler.manual("dump", nightly().with_observer(trace));
    scheduler.start();
    const auto trigger = [&](auto during) {
      scheduler.trigger("dump");
      time.run_for(30min);
      during();
      time.run_for(2h);
    };
    trigger([] {});
    trigger([&] { time.suspend(8h); });
    trigger([&] { time.step_wall_clock(-1h); });
    trigger([&] { time.step_wall_clock(-10 * 365 * 24h); });
    trigger([&] { time.stall(45min); });
  }
  const Slices slices{nlohmann::json::parse(file.read())};
  REQUIRE(slices.jobs.size() == 5);
  REQUIRE(slices.runs.size() == 5);
  for (std::size_t i = 0; i < slices.jobs.size(); ++i) {
    INFO(i);
    const double late = i == 4 ? 15 * 60e6 : 0;
    CHECK(slices.jobs[i].from >= 0);
    CHECK(slices.runs[i].from == slices.jobs[i].from);
    CHECK(slices.runs[i].to == slices.jobs[i].to);
    CHECK(slices.jobs[i].to - slices.jobs[i].from == Approx(3600e6 + late));
  }
}

TEST_CASE("every event of a job, its run and what that starts carries both clocks") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  cano::VirtualTime time;
  const auto behind = time.wall_now().time_since_epoch() - time.now().time_since_epoch();
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.with_observer(seen);
  scheduler.manual("dump", nightly().with_observer(seen));
  scheduler.start();
  time.run_for(1min);
  scheduler.trigger("dump");
  scheduler.trigger("dump");
  time.run_for(2h);
  CHECK(seen->events().size() > 8);
  for (const cano::RecordedEvent& event : seen->events()) {
    INFO(event.text());
    CHECK(event.wall_at.time_since_epoch() - event.at.time_since_epoch() == behind);
  }
}

TEST_CASE("a job, its run and the runs that it starts share an id") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const Nightly flow = nightly().with_observer(seen);
  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.with_observer(seen);
  scheduler.manual("whole", flow);
  scheduler.manual("async", [&flow]() -> cano::Async<void> {
    Stock stock;
    co_await flow.orchestrate(stock);
  });
  scheduler.manual("asio", [&flow]() -> asio::awaitable<void> {
    Stock stock;
    auto running = flow.orchestrate(stock);
    co_await std::move(running);
  });
  scheduler.start();
  const auto run_of = [&](const std::string& job) {
    seen->clear();
    scheduler.trigger(job);
    time.run_for(2h);
    for (const char* name : {"occurrence_started", "occurrence_finished"}) {
      REQUIRE(seen->count(name) == 1);
      CHECK(seen->all(name)[0].run_id == job + "#1");
    }
    REQUIRE(seen->count("run_started") == 1);
    return seen->all("run_started")[0];
  };
  const cano::RecordedEvent whole = run_of("whole");
  CHECK(whole.run_id == "whole#1");
  CHECK(whole.parent_id.empty());  // it is the job's run itself
  CHECK(run_of("async").parent_id == "async#1");
  CHECK(run_of("asio").parent_id == "asio#1");
}
