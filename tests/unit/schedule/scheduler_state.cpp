// SPDX-License-Identifier: MIT

// What a scheduler decides at every moment of its life, without an executor, and that none of the
// occurrences gets lost.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/schedule/backoff.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/due_queue.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/scheduler_state.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/shutdown_report.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::JobOutcome;
using cano::Misfire;
using cano::Outcome;
using cano::Overlap;
using cano::Schedule;
using cano::ScheduleOptions;
using cano::ShutdownReport;
using cano::detail::Actions;
using cano::detail::Backlog;
using cano::detail::DueJob;
using cano::detail::Job;
using cano::detail::Moment;
using cano::detail::NextWake;
using cano::detail::RemoteCompletion;
using cano::detail::RunStart;
using cano::detail::SchedulerState;
using cano::detail::Timeline;
using cano::detail::WorkTag;
using namespace std::chrono_literals;

namespace scheduler_state_tests {

using Answer = RemoteCompletion<JobOutcome>;
using Stopped = RemoteCompletion<ShutdownReport>;

// A scheduler without an executor: the test says what time it is and when a run ends.
class Desk {
 public:
  // ---- what is done

  void add(const std::string& id, Schedule schedule, const ScheduleOptions& options = {}) {
    const auto job = std::make_shared<Job>(id, std::move(schedule),
                                           cano::detail::make_job_body(id, [] {}), options);
    auto timeline = timeline_of(*job, *job->schedule, options.first_run);
    change([&](Actions& actions) { state.add(job, std::move(timeline), actions); });
  }

  void start() {
    for (const DueJob& each : state.start()) {
      auto timeline = timeline_of(*each.job, *each.job->schedule, each.job->options.first_run);
      change([&](Actions& actions) { state.schedule(each, std::move(timeline), actions); });
    }
    on_wake();
  }

  // As the timer does.
  NextWake on_wake() {
    while (const auto popped = state.pop_due(now))
      evaluate(*popped);
    NextWake next;
    change([&](Actions& actions) { next = state.next_wake(state.generation(), now, actions); });
    return next;
  }

  void evaluate(const DueJob& popped) {
    auto timeline = std::make_shared<Timeline>(*popped.timeline);
    const Backlog backlog = timeline->take(now, popped.job->options.misfire.max() + 1);
    change([&](Actions& actions) {
      state.handle_due(popped, std::move(timeline), backlog, now, actions);
    });
  }

  void trigger(const std::string& id, std::weak_ptr<Answer> waiter = {}) {
    change([&](Actions& actions) { state.trigger(id, std::move(waiter), now, actions); });
  }
  std::size_t cancel(const std::string& id) {
    std::size_t count = 0;
    change([&](Actions& actions) { count = state.cancel(id, actions); });
    return count;
  }
  void remove(const std::string& id) {
    change([&](Actions& actions) { state.remove(id, actions); });
  }
  void replace(const std::string& id, Schedule schedule) {
    const auto job = state.job(id);
    const auto next = std::make_shared<const Schedule>(std::move(schedule));
    auto timeline = timeline_of(*job, *next, cano::FirstRun::AfterInterval);
    change([&](Actions& actions) { state.replace(job, next, std::move(timeline), actions); });
  }
  void stop(Duration drain) {
    change([&](Actions& actions) { state.stop(drain, now, actions); });
  }
  std::optional<ShutdownReport> stop(Duration drain, const std::shared_ptr<Stopped>& waiter,
                                     const WorkTag* tag) {
    std::optional<ShutdownReport> last;
    change([&](Actions& actions) { last = state.stop(drain, waiter, tag, now, actions); });
    return last;
  }

  // The first of the runs under way has ended.
  void end(Outcome outcome = Outcome::Success) { end(running.begin()->first, outcome); }
  void end(std::uint64_t key, Outcome outcome) {
    const RunStart run = running.extract(key).mapped();
    JobOutcome ended;
    static_cast<cano::Occurrence&>(ended) = run.run.occurrence;
    ended.outcome = outcome;
    ++runs_ended[ended.id];
    change([&](Actions& actions) {
      state.run_ended(key, run.run.waiter, std::move(ended), std::nullopt, "", now, actions);
    });
  }

  void pass(Duration time) { now = {now.steady + time, now.wall + time}; }

  // ---- what is known

  // All that was carried out since the last call.
  std::string log() { return std::exchange(log_, {}); }

  SchedulerState state;
  Moment now{cano::steady_time{1h}, cano::system_time{24h}};
  std::map<std::uint64_t, RunStart> running;
  std::map<std::string, std::uint64_t> due, skipped, queued, runs_ended;  // by job
  std::map<const Answer*, int> answers;
  std::optional<ShutdownReport> report;

 private:
  std::shared_ptr<const Timeline> timeline_of(const Job& job, const Schedule& schedule,
                                              cano::FirstRun first) const {
    return std::make_shared<const Timeline>(schedule, job.options, job.id, first, now);
  }

  template <class Decide> void change(Decide decide) {
    Actions actions;
    actions.observers = observers_;
    decide(actions);
    for (const auto& each : actions.reports)
      note(each);
    for (auto& each : actions.cancels) {
      if (each.request_stop()) write("cancel");
    }
    for (auto& each : actions.starts) {
      const auto& occurrence = each.run.occurrence;
      write("start " + occurrence.id + '#' + std::to_string(occurrence.run));
      running.emplace(each.key, each);
    }
    for (const auto& each : actions.answers)
      ++answers[each.waiter.lock().get()];
    if (!actions.stopped.empty()) write("tell " + std::to_string(actions.stopped.size()));
    if (!actions.shutdown) return;
    report = actions.shutdown;
    write("stopped");
  }

  void note(const Actions::Report& each) {
    switch (each.kind) {
      case Actions::Report::Kind::Due:
        due[each.job->id] += each.count;
        return write("due " + std::to_string(each.count));
      case Actions::Report::Kind::Queued:
        ++queued[each.job->id];
        return write("queue");
      case Actions::Report::Kind::Skipped:
        skipped[each.job->id] += each.count;
        return write("skip " + std::to_string(each.count) + ' ' +
                     std::string{to_string(each.reason)});
    }
  }

  void write(const std::string& what) { log_ += (log_.empty() ? "" : ", ") + what; }

  std::shared_ptr<const cano::detail::ObserverList> observers_ =
      std::make_shared<cano::detail::ObserverList>();
  std::string log_;
};

// A job every ten seconds of which two may wait, one second after some moment of its life.
enum At { Added, Idle, Running, Queued, Paused, Removed, Draining, Cancelling, Stopped_ };

std::unique_ptr<Desk> desk_at(At moment) {
  auto desk = std::make_unique<Desk>();
  desk->add("a", Schedule::every(10s), {.overlap = Overlap::QueueAll(2)});
  if (moment != Added) desk->start();
  if (moment == Idle || moment == Paused) desk->end();
  if (moment == Paused) desk->state.job("a")->book.set_paused(true);
  if (moment == Queued || moment == Draining || moment == Removed) desk->trigger("a");
  if (moment == Removed) {
    desk->remove("a");
    desk->add("a", Schedule::manual());
  }
  if (moment == Draining) desk->stop(1min);
  if (moment == Cancelling || moment == Stopped_) desk->stop(0s);
  if (moment == Stopped_) desk->end(Outcome::Cancelled);
  desk->pass(1s);
  if (moment != Added) desk->on_wake();
  desk->log();
  return desk;
}

// What is done, and what it does at each of those moments; the last line of an error.
struct Row {
  const char* name;
  std::function<void(Desk&)> act;
  const char* expected[9];
};

const char* const refused = "Job 'a': the scheduler is not running, nothing is triggered";
const char* const running = "Scheduler::start: the scheduler is running already";
const char* const stopping = "Scheduler::start: the scheduler is still stopping, wait for stop()";

TEST_CASE("whatever is done with a scheduler, at whatever moment, has one result") {
  const Row rows[] = {
      {"trigger",
       [](Desk& desk) { desk.trigger("a"); },
       {refused, "due 1, start a#2", "due 1, queue", "due 1, queue", "due 1, start a#2",
        "due 1, start a#1", refused, refused, refused}},
      {"cancel",
       [](Desk& desk) { desk.cancel("a"); },
       {"", "", "cancel", "cancel", "", "", "cancel", "", ""}},
      {"remove",
       [](Desk& desk) { desk.remove("a"); },
       {"", "", "", "skip 1 shutdown", "", "", "", "", ""}},
      {"start",
       [](Desk& desk) { desk.start(); },
       {"due 1, start a#1", running, running, running, running, running, stopping, stopping,
        "due 1, start a#2"}},
      {"wait until it is due",
       [](Desk& desk) {
         desk.pass(9s);
         desk.on_wake();
       },
       {"stopped at once", "due 1, start a#2", "due 1, queue", "due 1, queue",
        "due 1, skip 1 paused", "", "", "", ""}},
      {"replace, and wait until that is due",
       [](Desk& desk) {
         desk.replace("a", Schedule::every(3s));
         desk.pass(2s);
         desk.on_wake();
         desk.pass(1s);
         desk.on_wake();
       },
       {"stopped at once", "due 1, start a#2", "due 1, queue", "due 1, queue",
        "due 1, skip 1 paused", "due 1, start a#1", "", "", ""}},
      {"pause, and wait until it is due",
       [](Desk& desk) {
         desk.state.job("a")->book.set_paused(true);
         desk.pass(9s);
         desk.on_wake();
       },
       {"stopped at once", "due 1, skip 1 paused", "due 1, skip 1 paused", "due 1, skip 1 paused",
        "due 1, skip 1 paused", "", "", "", ""}},
      {"end the run",
       [](Desk& desk) {
         if (!desk.running.empty()) desk.end();
         desk.on_wake();
       },
       {"stopped at once", "", "", "start a#2", "", "", "stopped", "stopped", ""}},
      {"stop at once",
       [](Desk& desk) {
         desk.stop(0s);
         desk.on_wake();
       },
       {"stopped at once", "stopped", "cancel", "skip 1 shutdown, cancel", "stopped", "cancel",
        "cancel", "", ""}},
      {"stop with time to drain",
       [](Desk& desk) {
         desk.stop(5s);
         desk.on_wake();
         desk.pass(5s);
         desk.on_wake();
       },
       {"stopped at once", "stopped", "cancel", "skip 1 shutdown, cancel", "stopped", "cancel",
        "cancel", "", ""}},
      {"the execution context goes",
       [](Desk& desk) {
         Actions actions;
         desk.state.context_gone(desk.state.generation(), desk.now, actions);
         CHECK(desk.state.phase() == SchedulerState::Phase::Stopped);
         CHECK(desk.state.next_wake(desk.state.generation(), desk.now, actions).is_over);
       },
       {"", "", "", "", "", "", "", "", ""}},
  };
  for (const Row& row : rows) {
    for (const At moment :
         {Added, Idle, Running, Queued, Paused, Removed, Draining, Cancelling, Stopped_}) {
      CAPTURE(row.name, static_cast<int>(moment));
      const std::string expected = row.expected[moment];
      if (expected == "stopped at once") continue;  // there is no timer yet
      const auto desk = desk_at(moment);
      std::string error;
      try {
        row.act(*desk);
      } catch (const cano::Error& refusal) {
        error = refusal.message();
      }
      CHECK((error.empty() ? desk->log() : error) == expected);
    }
  }
}

TEST_CASE("what happens while a job's timeline is evaluated makes the evaluation void") {
  struct Meanwhile {
    const char* name;
    std::function<void(Desk&)> act;
    const char* expected;
  };
  const Meanwhile rows[] = {
      {"nothing", [](Desk&) {}, "due 1, start a#2"},
      {"replace", [](Desk& desk) { desk.replace("a", Schedule::every(1h)); }, ""},
      {"remove", [](Desk& desk) { desk.remove("a"); }, ""},
      {"stop", [](Desk& desk) { desk.stop(0s); }, ""},
      {"restart",
       [](Desk& desk) {
         desk.stop(0s);
         desk.on_wake();
         desk.start();
         desk.end();
       },
       "stopped, due 1, start a#2"},  // that of the new start
      {"pause", [](Desk& desk) { desk.state.job("a")->book.set_paused(true); },
       "due 1, skip 1 paused"},
      {"trigger", [](Desk& desk) { desk.trigger("a"); }, "due 1, start a#2, due 1, queue"},
  };
  for (const Meanwhile& row : rows) {
    CAPTURE(row.name);
    const auto desk = desk_at(Idle);
    desk->pass(9s);
    const auto due = desk->state.pop_due(desk->now);
    REQUIRE(due);
    row.act(*desk);
    desk->evaluate(*due);
    CHECK(desk->log() == row.expected);
  }
}

TEST_CASE("a schedule that cannot be evaluated is the job's failure, unless it was replaced") {
  for (const bool is_replaced : {false, true}) {
    const auto desk = desk_at(Idle);
    desk->pass(9s);
    const auto due = desk->state.pop_due(desk->now);
    REQUIRE(due);
    if (is_replaced) desk->replace("a", Schedule::every(1min));
    Actions actions;
    desk->state.schedule_failed(*due, "no such zone", desk->now, actions);
    const auto info = desk->state.job("a")->info(desk->now);
    CHECK(info.last_error == (is_replaced ? "" : "no such zone"));
    CHECK((info.status == cano::FlowStatus::Failed) == !is_replaced);
    CHECK(info.next_run.has_value() == is_replaced);
  }
}

TEST_CASE("a run that stops its scheduler is neither awaited nor cancelled, however deep it is") {
  const auto foreign = std::make_shared<const WorkTag>(WorkTag{std::stop_source{}.get_token(), {}});
  for (const int depth : {0, 1, 2}) {
    const auto desk = desk_at(Running);
    const auto own = desk->running.begin()->second.stop.get_token();
    auto tag = std::make_shared<const WorkTag>(WorkTag{own, foreign});
    for (int i = 0; i < depth; ++i)
      tag = std::make_shared<const WorkTag>(WorkTag{std::stop_source{}.get_token(), tag});
    const auto waiter = std::make_shared<Stopped>();
    CHECK_FALSE(desk->stop(0s, waiter, tag.get()));
    CHECK(desk->on_wake().is_over);
    CHECK(desk->log() == "tell 1, stopped");
    CHECK(desk->state.running() == 1);
    CHECK(desk->stop(0s, waiter, tag.get()).has_value());
    desk->end();
  }
}

TEST_CASE("a stop by other work cancels the run, and so does one that waits no longer") {
  const auto foreign = std::make_shared<const WorkTag>(WorkTag{std::stop_source{}.get_token(), {}});
  for (const WorkTag* const tag : {static_cast<const WorkTag*>(nullptr), foreign.get()}) {
    const auto desk = desk_at(Running);
    const auto waiter = std::make_shared<Stopped>();
    desk->stop(0s, waiter, tag);
    CHECK_FALSE(desk->on_wake().is_over);
    CHECK(desk->log() == "cancel");
    desk->end(Outcome::Cancelled);
    CHECK(desk->on_wake().is_over);
    CHECK(desk->report->cancelled == std::vector<std::string>{"a"});
  }
  const auto desk = desk_at(Running);
  const WorkTag own{desk->running.begin()->second.stop.get_token(), {}};
  auto waiter = std::make_shared<Stopped>();
  desk->stop(5s, waiter, &own);
  waiter.reset();
  CHECK_FALSE(desk->on_wake().is_over);
  desk->pass(5s);
  CHECK_FALSE(desk->on_wake().is_over);
  CHECK(desk->log() == "cancel");
}

TEST_CASE("of several stops the earliest end of the drain counts, and all get the report") {
  const auto desk = desk_at(Running);
  const auto one = std::make_shared<Stopped>(), two = std::make_shared<Stopped>();
  desk->stop(1min, one, nullptr);
  CHECK(desk->on_wake().due.steady == desk->now.steady + 1min);
  desk->pass(10s);
  desk->stop(5s, two, nullptr);
  CHECK(desk->on_wake().due.steady == desk->now.steady + 5s);
  desk->stop(1h);
  CHECK(desk->on_wake().due.steady == desk->now.steady + 5s);
  desk->stop(-1s);
  CHECK_FALSE(desk->on_wake().due.steady);
  desk->end(Outcome::Cancelled);
  desk->on_wake();
  CHECK(desk->log() == "cancel, tell 2, stopped");
  CHECK(desk->report->elapsed == 10s);
}

TEST_CASE("a timer of an earlier start has nothing more to do") {
  const auto desk = desk_at(Stopped_);
  const auto earlier = desk->state.generation();
  desk->start();
  Actions actions;
  CHECK(desk->state.next_wake(earlier, desk->now, actions).is_over);
  desk->state.context_gone(earlier, desk->now, actions);
  CHECK(desk->state.phase() == SchedulerState::Phase::Running);
  CHECK_FALSE(desk->on_wake().is_over);
}

TEST_CASE("a job whose max_runs is used up is due again when what waited is skipped") {
  Desk desk;
  desk.add("a", Schedule::every(10s),
           {.misfire = Misfire::FireAll(9), .max_runs = 3, .backoff = cano::Backoff::fixed(1s)});
  desk.start();
  desk.pass(20s);
  CHECK_FALSE(desk.on_wake().due.steady);
  CHECK(desk.log() == "due 1, start a#1, due 2, queue, queue");
  desk.end(Outcome::Failed);
  CHECK(desk.log() == "skip 1 backoff, skip 1 backoff");
  CHECK(desk.on_wake().due.steady == desk.now.steady + 10s);
  desk.pass(10s);
  desk.on_wake();
  CHECK(desk.log() == "due 1, start a#2");
}

// ---- nothing gets lost

class History {
 public:
  explicit History(unsigned seed) : random_{seed} {
    for (int i = 0; i < 3; ++i)
      add();
  }

  void run() {
    for (int i = 0; i < 300; ++i) {
      happen();
      check();
    }
    finish();
    for (const auto& [id, due] : desk_.due)
      CHECK(due == desk_.runs_ended[id] + desk_.skipped[id]);
    for (const auto& each : waiters_) {
      CHECK(desk_.answers[each.get()] == 1);
    }
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  Duration up_to(int seconds) { return std::chrono::milliseconds{pick(seconds * 1000)}; }
  const std::string& any() { return ids_[static_cast<std::size_t>(pick(3))]; }

  Schedule any_schedule() {
    const int kind = pick(4);
    if (kind == 0) return Schedule::manual();
    if (kind == 1) return Schedule::cron(pick(2) == 0 ? "*/5 * * * * *" : "* * * * *");
    return Schedule::every(1s + up_to(20));
  }

  void add() {
    const Overlap overlaps[] = {Overlap::Skip, Overlap::QueueOne, Overlap::QueueAll(3),
                                Overlap::CancelRunning, Overlap::Allow(2)};
    const Misfire misfires[] = {Misfire::FireOnce, Misfire::Skip, Misfire::FireAll(4)};
    ScheduleOptions options{.overlap = overlaps[pick(5)],
                            .misfire = misfires[pick(3)],
                            .misfire_grace = up_to(5),
                            .history_limit = static_cast<std::size_t>(pick(4))};
    if (pick(2) == 0) options.backoff = cano::Backoff::fixed(up_to(20));
    if (pick(3) == 0) options.trip_after = 1 + static_cast<std::uint64_t>(pick(3));
    if (pick(3) == 0) options.max_runs = 1 + static_cast<std::uint64_t>(pick(20));
    ids_.push_back("job" + std::to_string(++last_));
    desk_.add(ids_.back(), any_schedule(), options);
  }

  void remove() {
    const auto place = pick(3);
    desk_.remove(ids_[static_cast<std::size_t>(place)]);
    ids_.erase(ids_.begin() + place);
    add();
  }

  void trigger() {
    if (desk_.state.phase() != SchedulerState::Phase::Running) return;
    waiters_.push_back(std::make_shared<Answer>());
    desk_.trigger(any(), waiters_.back());
  }

  void end_one() {
    if (desk_.running.empty()) return;
    const auto run = std::next(desk_.running.begin(), pick(static_cast<int>(desk_.running.size())));
    const Outcome outcomes[] = {Outcome::Success, Outcome::Failed, Outcome::Cancelled};
    desk_.end(run->first, outcomes[pick(3)]);
  }

  // A user's time zone throws, or uses the scheduler, while it evaluates a job.
  void evaluate_slowly() {
    const auto due = desk_.state.pop_due(desk_.now);
    if (!due) return;
    if (pick(4) == 0) {
      Actions actions;
      return desk_.state.schedule_failed(*due, "no such zone", desk_.now, actions);
    }
    happen();
    desk_.evaluate(*due);
  }

  void happen() {
    switch (pick(14)) {
      case 0:
        return trigger();
      case 1:
        return desk_.state.job(any())->book.set_paused(pick(2) == 0);
      case 2:
        return pick(3) == 0 ? remove() : desk_.replace(any(), any_schedule());
      case 3:
        desk_.cancel(any());
        return;
      case 4:
        return desk_.state.job(any())->book.reset();
      case 5:
        return pick(5) == 0 ? desk_.stop(up_to(5)) : trigger();
      case 6:
        if (desk_.state.phase() == SchedulerState::Phase::Stopped) desk_.start();
        return;
      case 7:
        return evaluate_slowly();
      case 8:
        desk_.now.wall += up_to(100) - 50s;
        return;
      case 9:
      case 10:
        return end_one();
      default:
        desk_.pass(up_to(pick(5) == 0 ? 100 : 10));
        if (desk_.state.generation() > 0) desk_.on_wake();
    }
  }

  void check() {
    std::size_t under_way = 0;
    for (const auto& [id, job] : desk_.state.jobs().all()) {
      const auto info = job->info(desk_.now);
      const auto& counts = info.occurrences;
      REQUIRE(counts.due == desk_.due[id]);
      REQUIRE(counts.skipped() == desk_.skipped[id]);
      REQUIRE(counts.due == counts.started + counts.queued + counts.skipped());
      REQUIRE(counts.started == desk_.runs_ended[id] + info.running);
      REQUIRE(job->runs.size() == info.running);
      under_way += info.running;
    }
    REQUIRE(desk_.state.running() == desk_.running.size());
    REQUIRE(desk_.running.size() >= under_way);  // those of jobs that were removed too
  }

  void finish() {
    desk_.stop(0s);
    while (!desk_.running.empty())
      end_one();
    if (desk_.state.generation() > 0) CHECK(desk_.on_wake().is_over);
    check();
    for (const auto& [id, job] : desk_.state.jobs().all())
      CHECK(job->info(desk_.now).occurrences.queued == 0);
  }

  std::mt19937 random_;
  Desk desk_;
  std::vector<std::string> ids_;
  int last_ = 0;
  std::vector<std::shared_ptr<Answer>> waiters_;
};

TEST_CASE("every occurrence that is due ends once: in a run, a skip or the end of the scheduler") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    History{seed}.run();
  }
}

}  // namespace scheduler_state_tests
