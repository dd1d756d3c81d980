// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/detail/exception_text.hpp>
#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/job_ledger.hpp>
#include <cano/schedule/detail/ticket.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/health_check.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>

namespace cano::detail {

/// Asks before the occurrences of a backlog run. Calls a user's code.
inline void ask_health(const HealthCheck& check, Backlog& backlog) {
  try {
    backlog.is_healthy = check();
  } catch (...) {
    backlog.is_healthy = false;
    backlog.problem = "Health check: " + exception_text(std::current_exception());
  }
}

/// One job of a scheduler: what never changes, and below it what the scheduler's lock guards.
template <class Executor> struct Job : std::enable_shared_from_this<Job<Executor>> {
  using Ticket = detail::Ticket<Executor>;
  using Ledger = JobLedger<Executor>;

  Job(std::string name, Schedule when, std::unique_ptr<JobBody> what, const ScheduleOptions& how)
      : id{std::move(name)},
        options{how},
        body{std::move(what)},
        instances{body->instances()},
        schedule{std::make_shared<const Schedule>(std::move(when))},
        ledger{how} {
    check();
  }

  const std::string id;
  const ScheduleOptions options;
  const std::unique_ptr<JobBody> body;
  const std::optional<std::size_t> instances;  // of a batch

  std::shared_ptr<const Schedule> schedule;
  Ledger ledger;
  std::uint64_t number = 0;  // in the order of registration
  std::uint64_t plan = 0;    // changes with the schedule: what was made of an older one is void
  std::shared_ptr<const Timeline> timeline;  // while the scheduler runs
  DueTime due;                               // what the timeline says
  bool queued = false;                       // whether it stands in a queue, at that time
  bool paused = false;
  bool removed = false;
  std::vector<std::uint64_t> runs;  // under way

 private:
  void check() const {
    if (id.empty()) throw Error{Errc::Configuration, "A job needs an id that is not empty"};
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
