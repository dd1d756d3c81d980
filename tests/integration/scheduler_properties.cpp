// SPDX-License-Identifier: MIT

// Random schedules, job lengths, pauses, triggers, failures, health, replacements, removals and
// outages: whatever happens, every occurrence ends in exactly one outcome, and runs overlap only as
// the policy allows.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/schedule/backoff.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/spread.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"
#include "support/scheduling.hpp"

using cano::Duration;
using cano::Misfire;
using cano::Occurrence;
using cano::Overlap;
using cano::Schedule;
using cano::ScheduleOptions;
using cano::Scheduler;
using cano::Spread;
using cano::VirtualTime;
using cano_test::Starts;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Counts the events of each job.
struct Tally final : cano::Observer {
  struct Counts {
    std::uint64_t due = 0;
    std::uint64_t queued = 0;
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    std::uint64_t skipped = 0;
    std::map<cano::SkipReason, std::uint64_t> reasons{};
  };
  std::map<std::string, Counts, std::less<>> jobs;

  Counts& of(std::string_view id) { return jobs[std::string{id}]; }
  void on_occurrence_due(const cano::OccurrenceDue& e) override { of(e.job).due += e.count; }
  void on_occurrence_queued(const cano::OccurrenceQueued& e) override { ++of(e.job).queued; }
  void on_occurrence_started(const cano::OccurrenceStarted& e) override { ++of(e.job).started; }
  void on_occurrence_finished(const cano::OccurrenceFinished& e) override { ++of(e.job).finished; }
  void on_occurrence_skipped(const cano::OccurrenceSkipped& e) override {
    of(e.job).skipped += e.count;
    of(e.job).reasons[e.reason] += e.count;
  }
};

// One scheduler with five jobs at a time, to which things happen at random.
class ClockFixture {
 public:
  explicit ClockFixture(unsigned seed) : random_{seed} {
    scheduler_.with_observer(tally_);
    for (int i = 0; i < 5; ++i)
      add_job();
    scheduler_.start();
  }

  void run() {
    for (int i = 0; i < 60; ++i) {
      happen();
      check_counts();
    }
    time_.run(scheduler_.stop(seconds_up_to(20)));
    check_end();
  }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }
  Duration seconds_up_to(int limit) { return std::chrono::milliseconds{pick(limit * 1000)}; }
  std::string any_job() { return ids_[static_cast<std::size_t>(pick(5))]; }

  Overlap any_overlap() {
    const Overlap policies[] = {Overlap::Skip, Overlap::QueueOne, Overlap::QueueAll(3),
                                Overlap::CancelRunning, Overlap::Allow(2)};
    return policies[pick(5)];
  }
  Misfire any_misfire() {
    const Misfire policies[] = {Misfire::FireOnce, Misfire::Skip, Misfire::FireAll(4)};
    return policies[pick(3)];
  }
  Spread any_spread() {
    const Spread spreads[] = {Spread{}, Spread::hashed(5s), Spread::random(5s)};
    return spreads[pick(3)];
  }
  Schedule any_schedule() {
    const char* const expressions[] = {"* * * * * *", "*/7 * * * * *", "* * * * *", "*/2 * * * *"};
    const int kind = pick(6);
    if (kind == 0) return Schedule::cron(expressions[pick(4)]);
    if (kind == 4) return Schedule::every(1s + seconds_up_to(15), cano::system_time{1ms});
    if (kind == 1) return Schedule::manual();
    return Schedule::every(1ms + seconds_up_to(15));
  }

  cano::Backoff any_backoff() {
    const cano::Backoff backoffs[] = {cano::Backoff{}, cano::Backoff::fixed(7s),
                                      cano::Backoff::exponential(2s, 3.0, 1min)};
    return backoffs[pick(3)];
  }

  // An id that was never used: what is known of it is known of one job.
  void add_job() {
    const std::string id = "job" + std::to_string(overlaps_.size());
    ids_.push_back(id);
    ScheduleOptions options{.overlap = any_overlap(),
                            .misfire = any_misfire(),
                            .misfire_grace = seconds_up_to(10),
                            .spread = any_spread()};
    if (pick(4) == 0) options.max_runs = 1 + static_cast<std::uint64_t>(pick(10));
    if (pick(4) == 0) options.start_at = time_.wall_now() + seconds_up_to(60);
    if (pick(4) == 0) options.end_at = time_.wall_now() + 60s + seconds_up_to(600);
    options.backoff = any_backoff();
    if (pick(3) == 0) options.trip_after = 1 + static_cast<std::uint64_t>(pick(4));
    if (pick(3) == 0) options.health = [this] { return is_healthy(); };
    overlaps_.emplace(id, options.overlap);
    try {
      scheduler_.add(id, Job{*this}, any_schedule(), options);
    } catch (const cano::Error& error) {  // its end comes before its first occurrence
      CHECK(error.message().find("never due") != std::string::npos);
      options.end_at.reset();
      scheduler_.add(id, Job{*this}, Schedule::manual(), options);
    }
  }

  bool is_healthy() {
    if (pick(10) == 0) throw std::runtime_error{"unknown"};
    return pick(3) != 0;
  }

  void remove_one() {
    const auto at = static_cast<std::size_t>(pick(5));
    scheduler_.remove(ids_[at]);
    ids_.erase(ids_.begin() + static_cast<std::ptrdiff_t>(at));
    add_job();
  }

  struct Job {
    ClockFixture& fixture;

    asio::awaitable<void> operator()(const Occurrence& now) const {
      CHECK(now.lateness >= 0s);
      const auto run = fixture.starts_.begin(now);
      const int kind = fixture.pick(8);
      if (kind == 0) throw std::runtime_error{"at once"};
      bool done = false;
      if (kind == 1) co_await cano_test::insist(fixture.seconds_up_to(20), done);
      if (kind > 2) co_await cano::sleep_for(fixture.seconds_up_to(kind > 6 ? 40 : 4));
      if (kind == 3) throw kind;
      if (kind == 4) fixture.scheduler_.trigger(fixture.any_job());
    }
  };

  void happen() {
    switch (pick(16)) {
      case 12:
        scheduler_.cancel(any_job());
        return;
      case 13:
        return scheduler_.reset(any_job());
      case 14:
        if (pick(3) == 0) return remove_one();
        return time_.run_for(seconds_up_to(30));
      case 0:
        return scheduler_.pause(any_job());
      case 1:
      case 2:
        return scheduler_.resume(any_job());
      case 3:
        return time_.stall(seconds_up_to(30));
      case 4:
        return time_.suspend(seconds_up_to(600));
      case 5:
        return time_.step_wall_clock(seconds_up_to(7200) - 1h);
      case 6:
        return scheduler_.replace(any_job(), any_schedule());
      case 7:
        if (pick(3) == 0) return restart();
        [[fallthrough]];
      case 8:
        return scheduler_.trigger(any_job());
      default:
        return time_.run_for(seconds_up_to(30));
    }
  }

  void restart() {
    const auto report = time_.run(scheduler_.stop(seconds_up_to(10)));
    CHECK(scheduler_.running_count() == 0);
    CHECK(starts_.begun == starts_.ended());
    time_.run_for(seconds_up_to(30));
    scheduler_.start();
  }

  void check_counts() {
    std::size_t running = 0;
    for (const auto& info : scheduler_.list()) {
      const auto& counts = info.occurrences;
      REQUIRE(counts.due == counts.started + counts.queued + counts.skipped());
      REQUIRE(info.run_count ==
              info.success_count + info.failure_count + info.cancel_count + info.running);
      const auto& seen = tally_->of(info.id);
      REQUIRE(seen.due == counts.due);
      REQUIRE(seen.skipped == counts.skipped());
      REQUIRE(seen.started <= counts.started);
      REQUIRE(seen.finished == info.run_count - info.running);
      running += info.running;
    }
    REQUIRE(scheduler_.running_count() >= running);  // those of jobs that were removed count too
  }

  void check_end() {
    check_counts();
    CHECK_FALSE(scheduler_.has_running_flows());
    CHECK(starts_.begun == starts_.ended());
    for (const auto& [id, seen] : tally_->jobs) {  // also of those that were removed
      CHECK(seen.started == seen.finished);
      CHECK(seen.due == seen.started + seen.skipped);
    }
    for (const auto& info : scheduler_.list()) {
      CHECK(info.occurrences.queued == 0);
      check_reasons(info.occurrences, tally_->of(info.id).reasons);
      const Overlap overlap = overlaps_.at(info.id);
      const int limit =
          overlap.kind() == Overlap::Kind::Allow ? static_cast<int>(overlap.max()) : 1;
      CHECK(starts_.most_at_once_of(info.id) <= limit);
      std::uint64_t told = 0;
      for (const auto& outcome : scheduler_.history(info.id))
        told += outcome.is_skipped() ? outcome.count : 1;
      CHECK(told <= info.occurrences.due);
    }
  }

  static void check_reasons(const cano::OccurrenceCounts& counts,
                            std::map<cano::SkipReason, std::uint64_t> seen) {
    CHECK(seen[cano::SkipReason::Overlap] == counts.overlap);
    CHECK(seen[cano::SkipReason::Coalesced] == counts.coalesced);
    CHECK(seen[cano::SkipReason::Misfire] == counts.misfire);
    CHECK(seen[cano::SkipReason::Paused] == counts.paused);
    CHECK(seen[cano::SkipReason::Shutdown] == counts.shutdown);
    CHECK(seen[cano::SkipReason::Backoff] == counts.backoff);
    CHECK(seen[cano::SkipReason::Tripped] == counts.tripped);
    CHECK(seen[cano::SkipReason::Unhealthy] == counts.unhealthy);
  }

  std::mt19937 random_;
  std::vector<std::string> ids_;  // of the jobs that there are
  std::map<std::string, Overlap> overlaps_;
  Starts starts_;
  std::shared_ptr<Tally> tally_ = std::make_shared<Tally>();
  VirtualTime time_;
  Scheduler scheduler_{time_.get_executor()};
};

}  // namespace

TEST_CASE("whatever happens, every occurrence ends in one outcome, and runs overlap as allowed") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    ClockFixture{seed}.run();
  }
}
