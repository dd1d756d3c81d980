// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/timeline.hpp>

namespace cano::detail {

/// A job whose timeline has to be evaluated, without the scheduler's lock.
struct DueJob {
  std::shared_ptr<Job> job;
  std::shared_ptr<const Timeline> timeline;  // null before the first evaluation
  std::uint64_t version;                     // of the schedule
};

/// The next time at which the timer of a scheduler has to wake it.
struct NextWake {
  bool is_over = false;   // no more calls
  bool is_again = false;  // another call as soon as others on the executor have run
  DueTime due{};          // otherwise when this comes
};

/// The jobs in the order in which they are due, by each of the two clocks.
class DueQueue {
 public:
  /// Adds the job at its `due`; does nothing when it has none.
  void insert(const std::shared_ptr<Job>& job) {
    if (job->due.steady) steady_.insert(entry(*job->due.steady, job));
    if (job->due.wall) wall_.insert(entry(*job->due.wall, job));
    job->is_in_due_queue = job->due.steady || job->due.wall;
  }

  /// Does nothing when the job is not in the queue.
  void erase(const std::shared_ptr<Job>& job) {
    if (!std::exchange(job->is_in_due_queue, false)) return;
    if (job->due.steady) steady_.erase(entry(*job->due.steady, job));
    if (job->due.wall) wall_.erase(entry(*job->due.wall, job));
  }

  /// Takes out the first job that is due.
  std::optional<DueJob> pop_due(Moment now) {
    if (is_due(steady_, now.steady.time_since_epoch())) return pop(steady_);
    if (is_due(wall_, now.wall.time_since_epoch())) return pop(wall_);
    return std::nullopt;
  }

  /// Takes out every job that is due by the clock on the wall.
  std::vector<DueJob> pop_by_wall() {
    std::vector<DueJob> jobs;
    while (!wall_.empty())
      jobs.push_back(pop(wall_));
    return jobs;
  }

  /// When the first jobs are due, and whether that has come.
  NextWake next_wake(Moment now) const noexcept {
    NextWake next;
    next.is_again = is_due(steady_, now.steady.time_since_epoch()) ||
                    is_due(wall_, now.wall.time_since_epoch());
    if (!steady_.empty()) next.due.steady = steady_time{steady_.begin()->time};
    if (!wall_.empty()) next.due.wall = system_time{wall_.begin()->time};
    return next;
  }

 private:
  struct Entry {
    Duration time;         // since the epoch of the clock
    std::uint64_t number;  // jobs of one time come in the order of their registration
    std::shared_ptr<Job> job;

    friend bool operator<(const Entry& a, const Entry& b) noexcept {
      return a.time != b.time ? a.time < b.time : a.number < b.number;
    }
  };
  using Entries = std::set<Entry>;

  template <class Time> static Entry entry(Time time, const std::shared_ptr<Job>& job) {
    return {time.time_since_epoch(), job->number, job};
  }
  static bool is_due(const Entries& entries, Duration now) noexcept {
    return !entries.empty() && entries.begin()->time <= now;
  }
  DueJob pop(const Entries& entries) {
    std::shared_ptr<Job> job = entries.begin()->job;
    erase(job);
    auto timeline = job->timeline;
    const std::uint64_t version = job->version;
    return {std::move(job), std::move(timeline), version};
  }

  Entries steady_;
  Entries wall_;
};

}  // namespace cano::detail
