// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/pending_run.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// A run that has to be started.
struct RunStart {
  std::shared_ptr<Job> job;
  PendingRun run;
  std::uint64_t key;  // of the run, among all of the scheduler
  std::stop_source stop;
};

/// The side effects that the state decides on: everything that runs a user's code or destroys a
/// user's object. They are carried out without the lock.
struct Actions {
  struct Report {
    enum class Kind { Due, Queued, Skipped };
    Kind kind;
    std::shared_ptr<const Job> job;
    std::optional<system_time> nominal;
    std::uint64_t count;
    SkipReason reason;
  };

  struct Answer {
    std::weak_ptr<RemoteCompletion<JobOutcome>> waiter;
    JobOutcome outcome;
  };

  std::shared_ptr<const ObserverList> observers;  // null where there are none
  std::vector<Report> reports;
  std::vector<std::stop_source> cancels;
  std::vector<RunStart> starts;
  std::vector<Answer> answers;
  std::vector<std::shared_ptr<RemoteCompletion<ShutdownReport>>> stopped;
  std::optional<ShutdownReport> shutdown;
  bool wake = false;  // the timer has to look at the state again

  // To be destroyed.
  std::vector<std::shared_ptr<const void>> garbage;
  std::vector<JobOutcome> forgotten;

  void report(Report::Kind kind, std::shared_ptr<const Job> job, std::optional<system_time> nominal,
              std::uint64_t count = 1, SkipReason reason = {}) {
    if (observers) reports.push_back({kind, std::move(job), nominal, count, reason});
  }

  void notify(Moment at) const {
    for (const Report& r : reports) {
      switch (r.kind) {
        case Report::Kind::Due:
          observers->notify(&Observer::on_occurrence_due,
                            OccurrenceDue{r.job->id, r.nominal, at.wall, r.count, at.steady});
          break;
        case Report::Kind::Queued:
          observers->notify(&Observer::on_occurrence_queued,
                            OccurrenceQueued{r.job->id, r.nominal, at.wall, at.steady});
          break;
        case Report::Kind::Skipped:
          observers->notify(
              &Observer::on_occurrence_skipped,
              OccurrenceSkipped{r.job->id, r.nominal, r.reason, at.wall, r.count, at.steady});
          break;
      }
    }
  }
};

}  // namespace cano::detail
