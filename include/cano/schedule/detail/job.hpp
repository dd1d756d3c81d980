// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/job_book.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>

namespace cano::detail {

/// A job of a scheduler. The scheduler's lock guards what changes.
struct Job {
  Job(std::string name, Schedule when, std::unique_ptr<JobBody> what, const ScheduleOptions& how)
      : id{std::move(name)},
        options{how},
        body{std::move(what)},
        instances{body->instances()},
        schedule{std::make_shared<const Schedule>(std::move(when))},
        book{id, how} {
    check();
  }

  const std::string id;
  const ScheduleOptions options;
  const std::unique_ptr<JobBody> body;
  const std::optional<std::size_t> instances;  // of a batch

  std::shared_ptr<const Schedule> schedule;
  JobBook book;
  std::uint64_t number = 0;   // in the order of registration
  std::uint64_t version = 0;  // changes with the schedule: a timeline of an older one is void
  std::shared_ptr<const Timeline> timeline;  // while the scheduler runs
  DueTime due;                               // what the timeline says
  bool is_in_due_queue = false;
  bool is_removed = false;
  std::vector<std::uint64_t> runs;  // the keys of those under way

  FlowInfo info(Moment now) const {
    FlowInfo info;
    book.describe(info);
    info.concurrent_instances = instances;
    if (!book.is_active()) return info;
    info.next_run = due.wall;
    if (due.steady) info.next_run = Timeline::on_wall(*due.steady, now);
    return info;
  }

 private:
  void check() const {
    if (id.empty()) refuse("the id is empty");
    if (options.misfire_grace < Duration::zero()) refuse("misfire_grace is negative");
    if (options.max_runs == 0) refuse("max_runs must be at least 1, not 0");
    if (options.trip_after == 0) refuse("trip_after must be at least 1, not 0");
    if (options.start_at && options.end_at && *options.end_at < *options.start_at) {
      refuse("end_at is earlier than start_at");
    }
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error{Errc::Configuration, "Job '" + one_line(id) + "': " + what};
  }
};

}  // namespace cano::detail
