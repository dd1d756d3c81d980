// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/schedule/detail/job_book.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule_options.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::FlowStatus;
using cano::Misfire;
using cano::Outcome;
using cano::Overlap;
using cano::ScheduleOptions;
using cano::SkipReason;
using cano::detail::Backlog;
using cano::detail::Decision;
using cano::detail::Decisions;
using cano::detail::JobBook;
using cano::detail::Moment;
using namespace std::chrono_literals;

namespace job_book_tests {

Moment at(Duration later) { return {cano::steady_time{later}, cano::system_time{24h + later}}; }

// So many occurrences, one a second, of which the last was due so long before `now`. The timeline
// gives one more than may run.
Backlog backlog(std::uint64_t count, Moment now, Misfire misfire, Duration lateness = {}) {
  Backlog made{count};
  const auto kept = static_cast<int>(std::min<std::uint64_t>(count, misfire.max() + 1));
  for (int i = kept - 1; i >= 0; --i) {
    const Duration late = lateness + i * 1s;
    made.last.push_back({{}, now.wall - late, {}, late});
  }
  return made;
}

// "start 1 +2" is run 1 in place of two more, "skip 3 misfire" are three that are skipped.
std::string text(const Decisions& decisions) {
  std::string all = decisions.cancels_running ? "cancel running" : "";
  for (const Decision& each : decisions.list) {
    if (!all.empty()) all += ", ";
    switch (each.kind) {
      case Decision::Kind::Start:
        all += "start " + std::to_string(each.run.occurrence.run);
        break;
      case Decision::Kind::Queue:
        all += "queue";
        break;
      case Decision::Kind::Skip:
        all += "skip " + std::to_string(each.count) + ' ' + std::string{to_string(each.reason)};
        break;
    }
    const auto missed = each.run.occurrence.missed;
    if (missed > 0 && each.kind != Decision::Kind::Skip) all += " +" + std::to_string(missed);
  }
  return all;
}

// A book in whose hands the decisions are carried out at once.
struct Desk {
  explicit Desk(const ScheduleOptions& options) : misfire{options.misfire}, book{"job", options} {}

  std::string due(std::uint64_t count = 1, Duration lateness = {}) {
    return text(book.handle_due(backlog(count, now, misfire, lateness), now));
  }
  std::string trigger() { return text(book.trigger({}, now)); }
  std::string end(Outcome outcome = Outcome::Success) {
    cano::JobOutcome ended;
    ended.outcome = outcome;
    book.run_ended(ended, std::nullopt, outcome == Outcome::Failed ? "no" : "", now);
    return text(book.take_queued(now));
  }
  cano::FlowInfo info() const {
    cano::FlowInfo described;
    book.describe(described);
    const auto& counts = described.occurrences;
    CHECK(counts.due == counts.started + counts.queued + counts.skipped());
    CHECK(described.run_count == described.success_count + described.failure_count +
                                     described.cancel_count + described.running);
    return described;
  }

  Moment now = at(0s);
  Misfire misfire;
  JobBook book;
};

TEST_CASE("what becomes of an occurrence while the job runs, by overlap") {
  struct Row {
    Overlap overlap;
    const char* first;   // the job is idle
    const char* second;  // it runs
    const char* third;
    const char* fourth;
    const char* then;  // when the first run has ended
  };
  const Row rows[] = {
      {Overlap::Skip, "start 1", "skip 1 overlap", "skip 1 overlap", "skip 1 overlap", ""},
      {Overlap::QueueOne, "start 1", "queue", "skip 1 coalesced", "skip 1 coalesced", "start 2 +2"},
      {Overlap::QueueAll(2), "start 1", "queue", "queue", "skip 1 overlap", "start 2"},
      {Overlap::CancelRunning, "start 1", "cancel running, queue",
       "cancel running, skip 1 coalesced, queue +1", "cancel running, skip 1 coalesced, queue +2",
       "start 2 +2"},
      {Overlap::Allow(2), "start 1", "start 2", "skip 1 overlap", "skip 1 overlap", ""},
      {Overlap::Allow(3), "start 1", "start 2", "start 3", "skip 1 overlap", ""},
  };
  for (const Row& row : rows) {
    for (const bool is_triggered : {false, true}) {
      CAPTURE(static_cast<int>(row.overlap.kind()), row.overlap.max(), is_triggered);
      Desk desk{{.overlap = row.overlap}};
      for (const char* expected : {row.first, row.second, row.third, row.fourth})
        CHECK((is_triggered ? desk.trigger() : desk.due()) == expected);
      CHECK(desk.end() == row.then);
      CHECK(desk.info().occurrences.due == 4);
    }
  }
}

TEST_CASE("what becomes of three occurrences at once, by overlap, misfire, pause and running") {
  struct Row {
    Overlap overlap;
    Misfire misfire;
    Duration lateness;  // of the last
    const char* idle;
    const char* running;
  };
  const Row rows[] = {
      {Overlap::Skip, Misfire::FireOnce, 1h, "skip 2 coalesced, start 1 +2",
       "skip 2 coalesced, skip 1 overlap"},
      {Overlap::Skip, Misfire::Skip, 1min, "skip 2 misfire, start 1 +2",
       "skip 2 misfire, skip 1 overlap"},
      {Overlap::Skip, Misfire::Skip, 1min + 1ns, "skip 2 misfire, skip 1 misfire",
       "skip 2 misfire, skip 1 misfire"},
      {Overlap::Skip, Misfire::FireAll(9), 1h, "start 1, queue, queue", "queue, queue, queue"},
      {Overlap::Skip, Misfire::FireAll(2), 1h, "skip 1 misfire, start 1, queue",
       "skip 1 misfire, queue, queue"},
      {Overlap::Skip, Misfire::FireAll(1), 1h, "skip 2 misfire, start 1 +2",
       "skip 2 misfire, skip 1 overlap"},
      {Overlap::QueueOne, Misfire::FireOnce, 1h, "skip 2 coalesced, start 1 +2",
       "skip 2 coalesced, queue +2"},
      {Overlap::QueueOne, Misfire::Skip, 0s, "skip 2 misfire, start 1 +2",
       "skip 2 misfire, queue +2"},
      {Overlap::QueueOne, Misfire::FireAll(3), 0s, "start 1, queue, queue", "queue, queue, queue"},
      {Overlap::QueueAll(1), Misfire::FireOnce, 0s, "skip 2 coalesced, start 1 +2",
       "skip 2 coalesced, queue +2"},
      // All that were missed and may run do, beyond the bound of the queue.
      {Overlap::QueueAll(1), Misfire::FireAll(3), 0s, "start 1, queue, queue",
       "queue, queue, queue"},
      {Overlap::CancelRunning, Misfire::FireOnce, 0s, "skip 2 coalesced, start 1 +2",
       "cancel running, skip 2 coalesced, queue +2"},
      {Overlap::CancelRunning, Misfire::FireAll(3), 0s, "start 1, queue, queue",
       "queue, queue, queue"},
      {Overlap::Allow(2), Misfire::FireOnce, 0s, "skip 2 coalesced, start 1 +2",
       "skip 2 coalesced, start 2 +2"},
      {Overlap::Allow(2), Misfire::FireAll(3), 0s, "start 1, start 2, queue",
       "start 2, queue, queue"},
      {Overlap::Allow(9), Misfire::FireAll(3), 0s, "start 1, start 2, start 3",
       "start 2, start 3, start 4"},
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.overlap.kind()), static_cast<int>(row.misfire.kind()),
            row.misfire.max(), row.lateness.count());
    const ScheduleOptions options{.overlap = row.overlap, .misfire = row.misfire};
    Desk idle{options}, running{options};
    CHECK(idle.due(3, row.lateness) == row.idle);
    CHECK(running.due() == "start 1");
    CHECK(running.due(3, row.lateness) == row.running);
    for (const bool is_running : {false, true}) {
      Desk paused{options};
      if (is_running) CHECK(paused.due() == "start 1");
      paused.book.set_paused(true);
      CHECK(paused.due(3, row.lateness) == "skip 3 paused");
      CHECK(paused.info().occurrences.paused == 3);
      paused.book.set_paused(false);
      CHECK(paused.due(3, row.lateness) == (is_running ? row.running : row.idle));
    }
    CHECK(idle.info().occurrences.due == 3);
    CHECK(running.info().occurrences.due == 4);
  }
}

TEST_CASE("neither a pause nor a back-off nor max_runs holds a trigger, but too many failures do") {
  Desk desk{{.overlap = Overlap::Allow(9),
             .max_runs = 1,
             .backoff = cano::Backoff::fixed(1h),
             .trip_after = 2}};
  desk.book.set_paused(true);
  CHECK(desk.trigger() == "start 1");
  CHECK(desk.due().empty());  // max_runs is used up, so it is not due any more
  desk.end(Outcome::Failed);
  CHECK(desk.trigger() == "start 2");
  desk.end(Outcome::Failed);
  CHECK(desk.info().status == FlowStatus::Tripped);
  CHECK(desk.trigger() == "skip 1 tripped");
  desk.book.reset();
  CHECK(desk.info().status == FlowStatus::Paused);
  CHECK(desk.trigger() == "start 3");
  CHECK(desk.info().occurrences.due == 4);
}

TEST_CASE("the reasons not to run have an order: paused, tripped, in back-off, unhealthy") {
  Desk desk{{.backoff = cano::Backoff::fixed(10s), .trip_after = 2}};
  const auto unhealthy = [&](std::string problem) {
    Backlog asked = backlog(1, desk.now, Misfire::FireOnce);
    asked.is_healthy = false;
    asked.problem = std::move(problem);
    return text(desk.book.handle_due(asked, desk.now));
  };
  CHECK(unhealthy("") == "skip 1 unhealthy");
  CHECK(desk.info().last_error.empty());
  CHECK(unhealthy("no answer") == "skip 1 unhealthy");
  CHECK(desk.info().last_error == "no answer");
  CHECK(desk.info().last_failure == desk.now.wall);
  desk.due();
  desk.end(Outcome::Failed);
  CHECK(unhealthy("") == "skip 1 backoff");
  desk.now = at(10s);
  CHECK(unhealthy("") == "skip 1 unhealthy");
  desk.due();
  desk.end(Outcome::Failed);
  CHECK(unhealthy("") == "skip 1 tripped");
  desk.book.set_paused(true);
  CHECK(unhealthy("") == "skip 1 paused");
  CHECK(desk.info().occurrences.due == 8);
}

TEST_CASE("what waits behind a failure is skipped with its reason, a trigger in it runs") {
  Desk desk{{.overlap = Overlap::QueueAll(9), .backoff = cano::Backoff::fixed(10s)}};
  desk.due();
  desk.due();
  desk.due();
  desk.trigger();
  desk.due();
  CHECK(desk.end(Outcome::Failed) == "skip 1 backoff, skip 1 backoff, start 2");
  CHECK(desk.info().occurrences.queued == 1);
  CHECK(desk.end(Outcome::Success) == "start 3");
  CHECK(desk.end(Outcome::Cancelled).empty());
  CHECK(desk.info().occurrences.backoff == 2);
}

TEST_CASE("max_runs counts what runs and what waits, and what is skipped frees it again") {
  Desk desk{{.overlap = Overlap::QueueAll(9),
             .misfire = Misfire::FireAll(9),
             .max_runs = 3,
             .backoff = cano::Backoff::fixed(10s)}};
  CHECK(desk.book.runs_left() == 3);
  // Of those that are due, the last ones run.
  CHECK(desk.due(5) == "skip 2 misfire, start 1, queue, queue");
  CHECK(desk.book.runs_left() == 0);
  CHECK(desk.due(2).empty());
  CHECK(desk.end(Outcome::Failed) == "skip 1 backoff, skip 1 backoff");
  CHECK(desk.book.runs_left() == 2);
  desk.now = at(10s);
  CHECK(desk.due(2) == "start 2, queue");
  CHECK(desk.book.runs_left() == 0);
  CHECK(text(desk.book.drop_queue()) == "skip 1 shutdown");
  CHECK(desk.book.runs_left() == 1);
  CHECK(text(desk.book.drop_queue()).empty());
  CHECK(desk.info().occurrences.due == 7);
}

TEST_CASE("what is decided on has the occurrence as far as it is known") {
  Desk desk{{.overlap = Overlap::QueueOne}};
  desk.now = at(1h);
  auto started = desk.book.handle_due(backlog(3, desk.now, Misfire::FireOnce, 5s), desk.now);
  REQUIRE(started.list.size() == 2);
  const auto& skipped = started.list[0].run;
  CHECK(skipped.occurrence.nominal == desk.now.wall - 6s);
  const auto& run = started.list[1].run;
  CHECK(run.occurrence.id == "job");
  CHECK(run.occurrence.nominal == desk.now.wall - 5s);
  CHECK(run.scheduled() == desk.now.wall - 5s);
  CHECK(run.due == desk.now.steady - 5s);
  CHECK_FALSE(run.occurrence.triggered);
  const auto queued = desk.book.trigger({}, desk.now);
  REQUIRE(queued.list.size() == 1);
  CHECK(queued.list[0].run.occurrence.triggered);
  CHECK(queued.list[0].run.occurrence.nominal == desk.now.wall);
  CHECK_FALSE(queued.list[0].run.scheduled());
  const auto outcome = skipped.skipped(SkipReason::Coalesced, 2);
  CHECK(outcome.id == "job");
  CHECK(outcome.count == 2);
  CHECK(outcome.is_skipped());
}

TEST_CASE("the status of a job follows from its pause, its runs and its last end") {
  Desk desk{{}};
  CHECK(desk.info().status == FlowStatus::Idle);
  CHECK(desk.book.is_active());
  desk.due();
  CHECK(desk.info().status == FlowStatus::Running);
  desk.book.set_paused(true);
  CHECK(desk.info().status == FlowStatus::Paused);
  CHECK_FALSE(desk.book.is_active());
  desk.book.set_paused(false);
  desk.end(Outcome::Failed);
  CHECK(desk.info().status == FlowStatus::Failed);
  CHECK(desk.info().failure_streak == 1);
  desk.book.reset();
  CHECK(desk.info().status == FlowStatus::Idle);
  CHECK(desk.info().last_error == "no");
  desk.book.schedule_failed("no such zone", desk.now.wall);
  CHECK(desk.info().status == FlowStatus::Failed);
  CHECK(desk.info().last_error == "no such zone");
}

TEST_CASE("a history keeps the last outcomes, and skips in a row as one") {
  const auto outcome = [](std::uint64_t run, std::optional<SkipReason> skipped = {}) {
    cano::JobOutcome made;
    made.run = run;
    made.skipped = skipped;
    return made;
  };
  cano::detail::JobStats stats{3};
  CHECK(stats.history().empty());
  stats.keep(outcome(1));
  stats.keep(outcome(0, SkipReason::Overlap));
  CHECK(stats.keep(outcome(0, SkipReason::Overlap)).skipped == SkipReason::Overlap);
  CHECK(stats.keep(outcome(0, SkipReason::Paused)).count == 1);
  CHECK(stats.keep(outcome(2)).run == 1);
  const auto kept = stats.history();
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].skipped == SkipReason::Overlap);
  CHECK(kept[0].count == 2);
  CHECK(kept[1].skipped == SkipReason::Paused);
  CHECK(kept[2].run == 2);
  cano::detail::JobStats none{0};
  CHECK(none.keep(outcome(4)).run == 4);
  CHECK(none.history().empty());
}

}  // namespace job_book_tests
