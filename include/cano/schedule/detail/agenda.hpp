// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/schedule/detail/timeline.hpp>

namespace cano::detail {

/// A job whose timeline is to be asked what is due.
template <class Job> struct DueJob {
  std::shared_ptr<Job> job;
  std::shared_ptr<const Timeline> timeline;
  std::uint64_t plan;
};

/// The jobs in the order in which they are due, by each of the two clocks: however many there are,
/// only the first is looked at.
template <class Job> class Agenda {
 public:
  using DueJob = detail::DueJob<Job>;

  /// Gives the job a place at its `due`, if it has one.
  void insert(Job& job) {
    if (job.due.steady) steady_.insert({*job.due.steady, job.number, &job});
    if (job.due.wall) wall_.insert({*job.due.wall, job.number, &job});
    job.queued = job.due.steady || job.due.wall;
  }

  void erase(Job& job) {
    if (!std::exchange(job.queued, false)) return;
    if (job.due.steady) steady_.erase({*job.due.steady, job.number, &job});
    if (job.due.wall) wall_.erase({*job.due.wall, job.number, &job});
  }

  /// Takes out the first job that is due.
  std::optional<DueJob> pop_due(Moment now) {
    if (!steady_.empty() && steady_.begin()->time <= now.steady) return take(*steady_.begin()->job);
    if (!wall_.empty() && wall_.begin()->time <= now.wall) return take(*wall_.begin()->job);
    return std::nullopt;
  }

  /// Takes out every job that goes by the clock on the wall.
  std::vector<DueJob> pop_by_wall() {
    std::vector<DueJob> jobs;
    while (!wall_.empty())
      jobs.push_back(take(*wall_.begin()->job));
    return jobs;
  }

  /// When the first jobs are due.
  DueTime next_due() const noexcept {
    DueTime due;
    if (!steady_.empty()) due.steady = steady_.begin()->time;
    if (!wall_.empty()) due.wall = wall_.begin()->time;
    return due;
  }

 private:
  template <class Time> struct Entry {
    Time time;
    std::uint64_t number;  // jobs of one time come in the order of their registration
    Job* job;

    friend bool operator<(const Entry& a, const Entry& b) noexcept {
      return a.time != b.time ? a.time < b.time : a.number < b.number;
    }
  };

  DueJob take(Job& job) {
    erase(job);
    return {job.shared_from_this(), job.timeline, job.plan};
  }

  std::set<Entry<steady_time>> steady_;
  std::set<Entry<system_time>> wall_;
};

}  // namespace cano::detail
