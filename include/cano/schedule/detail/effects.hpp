// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/schedule/detail/run_handle.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// What has to be done after a decision that was made under the lock: all that runs code of a user,
/// or that destroys something of theirs.
template <class Job> struct Effects {
  struct Start {
    std::shared_ptr<Job> job;
    typename Job::Ticket ticket;
    std::uint64_t key;     // of the run, among all of the scheduler
    std::uint64_t number;  // of the run, among those of the job
  };

  struct Report {
    enum class Kind { Due, Queued, Skipped };
    Kind kind;
    std::shared_ptr<const Job> job;
    std::optional<system_time> nominal;
    std::uint64_t count;
    SkipReason reason{};
  };

  struct Answer {
    std::weak_ptr<RemoteCompletion<JobOutcome>> waiter;
    JobOutcome outcome;
  };

  std::shared_ptr<const ObserverList> observers;  // null: nobody wants reports
  std::vector<Report> reports;
  std::vector<RunHandle> cancels;
  std::vector<Start> starts;
  std::vector<Answer> answers;
  std::vector<std::shared_ptr<RemoteCompletion<ShutdownReport>>> stopped;
  std::optional<ShutdownReport> shutdown;
  bool wake = false;  // the driver has something new to see

  std::vector<std::shared_ptr<const void>> garbage;
  std::vector<JobOutcome> forgotten;

  void report(typename Report::Kind kind, const Job& job, std::optional<system_time> nominal,
              std::uint64_t count, SkipReason reason = {}) {
    if (observers) reports.push_back({kind, job.shared_from_this(), nominal, count, reason});
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
