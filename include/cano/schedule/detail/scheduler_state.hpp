// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/active_runs.hpp>
#include <cano/schedule/detail/due_queue.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_book.hpp>
#include <cano/schedule/detail/job_table.hpp>
#include <cano/schedule/detail/shutdown.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// The jobs, the due queue, the runs and the shutdown of a scheduler, and its decisions: which jobs
/// are due, what becomes of each occurrence, when it has stopped.
///
/// Pure: it does no I/O, reads no clock and takes no lock. The caller holds the lock, and carries
/// out the `Actions` when it has released it.
class SchedulerState {
 public:
  enum class Phase { Stopped, Running, Stopping };

  // ---- jobs

  const JobTable& jobs() const noexcept { return jobs_; }
  const std::shared_ptr<Job>& job(std::string_view id) const { return jobs_.at(id); }

  void add(const std::shared_ptr<Job>& job, std::shared_ptr<const Timeline> timeline,
           Actions& actions) {
    jobs_.add(job);
    schedule({job, nullptr, job->version}, std::move(timeline), actions);
    actions.wake = true;
  }

  void remove(std::string_view id, Actions& actions) {
    const std::shared_ptr<Job> gone = job(id);
    gone->is_removed = true;
    unschedule(gone, actions);
    carry_out(gone, gone->book.drop_queue(), actions);
    jobs_.erase(id);
    actions.garbage.push_back(gone);
    actions.wake = true;
  }

  /// **Errors.** `Error(Configuration)` when the job is not in the scheduler any more.
  void replace(const std::shared_ptr<Job>& replaced, std::shared_ptr<const Schedule> with,
               std::shared_ptr<const Timeline> timeline, Actions& actions) {
    if (job(replaced->id) != replaced) {
      throw Error{Errc::Configuration, "Job '" + replaced->id + "': it was removed meanwhile"};
    }
    unschedule(replaced, actions);
    actions.garbage.push_back(std::exchange(replaced->schedule, std::move(with)));
    schedule({replaced, nullptr, replaced->version}, std::move(timeline), actions);
    actions.wake = true;
  }

  /// Requests the end of the job's runs under way; returns how many there are.
  std::size_t cancel(std::string_view id, Actions& actions) {
    const Job& cancelled = *job(id);
    runs_.cancel_runs_of(cancelled, actions);
    return cancelled.runs.size();
  }

  // ---- the schedule

  Phase phase() const noexcept { return phase_; }
  /// How often the scheduler was started.
  std::uint64_t generation() const noexcept { return generation_; }

  /// Starts; returns the jobs, which then have to be scheduled.
  ///
  /// **Errors.** `Error(Configuration)` when it is not stopped.
  std::vector<DueJob> start() {
    if (phase_ == Phase::Running)
      throw Error{Errc::Configuration, "Scheduler::start: the scheduler is running already"};
    if (phase_ == Phase::Stopping)
      throw Error{Errc::Configuration,
                  "Scheduler::start: the scheduler is still stopping, wait for stop()"};
    phase_ = Phase::Running;
    ++generation_;
    std::vector<DueJob> all;
    for (const auto& [id, job] : jobs_.all())
      all.push_back({job, nullptr, job->version});
    return all;
  }

  std::optional<DueJob> pop_due(Moment now) { return due_queue_.pop_due(now); }
  std::vector<DueJob> pop_by_wall() { return due_queue_.pop_by_wall(); }

  /// Puts a job into the due queue, unless its schedule has changed since.
  void schedule(const DueJob& due, std::shared_ptr<const Timeline> timeline, Actions& actions) {
    Job& job = *due.job;
    if (!is_current(due) || phase_ != Phase::Running) return;
    due_queue_.erase(due.job);
    job.due = job.book.runs_left() > 0 ? timeline->due() : DueTime{};
    actions.garbage.push_back(std::exchange(job.timeline, std::move(timeline)));
    due_queue_.insert(due.job);
  }

  /// A job's schedule could not be evaluated, e.g. because its time zone threw.
  void schedule_failed(const DueJob& due, std::string error, Moment now, Actions& actions) {
    if (!is_current(due)) return;
    unschedule(due.job, actions);
    due.job->book.schedule_failed(std::move(error), now.wall);
  }

  /// Decides on what a job's timeline found to be due, and schedules the job again.
  void handle_due(const DueJob& due, std::shared_ptr<const Timeline> timeline,
                  const Backlog& backlog, Moment now, Actions& actions) {
    if (!is_current(due) || phase_ != Phase::Running) return;
    if (auto decisions = due.job->book.handle_due(backlog, now); !decisions.list.empty()) {
      actions.report(Actions::Report::Kind::Due, due.job, backlog.last.back().nominal,
                     backlog.count);
      carry_out(due.job, std::move(decisions), actions);
    }
    schedule(due, std::move(timeline), actions);
  }

  /// **Errors.** `Error(Configuration)` when the scheduler is not running.
  void trigger(std::string_view id, std::weak_ptr<RemoteCompletion<JobOutcome>> waiter, Moment now,
               Actions& actions) {
    if (phase_ != Phase::Running) {
      throw Error{Errc::Configuration, "Job '" + std::string{id} +
                                           "': the scheduler is not running, nothing is triggered"};
    }
    const std::shared_ptr<Job> triggered = job(id);
    actions.report(Actions::Report::Kind::Due, triggered, std::nullopt);
    carry_out(triggered, triggered->book.trigger(std::move(waiter), now), actions);
    if (triggered->book.runs_left() > 0) return;
    due_queue_.erase(triggered);
    triggered->due = {};
  }

  /// What the timer has to do next.
  NextWake next_wake(std::uint64_t generation, Moment now, Actions& actions) {
    NextWake next;
    if (generation_ != generation || phase_ == Phase::Stopped) {
      next.is_over = true;
    } else if (phase_ == Phase::Running) {
      next = due_queue_.next_wake(now);
    } else if (shutdown_.has_joined(runs_)) {
      finish_stop(now, actions);
      next.is_over = true;
    } else {
      if (shutdown_.drain_end() <= now.steady) shutdown_.cancel_rest(runs_, actions);
      if (!shutdown_.cancels_rest()) next.due.steady = shutdown_.drain_end();
    }
    return next;
  }

  // ---- runs

  std::size_t running() const noexcept { return runs_.size(); }

  /// A run has ended. `error`: what the outcome's exception says.
  void run_ended(std::uint64_t key, std::weak_ptr<RemoteCompletion<JobOutcome>> waiter,
                 JobOutcome outcome, const std::optional<BatchStatus>& batch, std::string error,
                 Moment now, Actions& actions) {
    const std::shared_ptr<Job> job = runs_.remove(key);
    actions.garbage.push_back(job);
    job->book.run_ended(outcome, batch, std::move(error), now);
    if (phase_ == Phase::Stopping) {
      shutdown_.add_end(outcome);
      actions.wake = actions.wake || shutdown_.has_joined(runs_);
    }
    if (!waiter.expired()) actions.answers.push_back({std::move(waiter), outcome});
    actions.forgotten.push_back(job->book.stats().keep(std::move(outcome)));
    if (phase_ != Phase::Running || job->is_removed) return;
    const bool was_used_up = job->book.runs_left() == 0;
    carry_out(job, job->book.take_queued(now), actions);
    if (was_used_up && job->book.runs_left() > 0) reschedule(job, actions);
  }

  // ---- stopping

  /// From here on no occurrence starts, and the runs under way have until the end of `drain`.
  void stop(Duration drain, Moment now, Actions& actions) {
    if (phase_ == Phase::Stopped) return;
    const bool is_first = phase_ == Phase::Running;
    const Duration left = std::max(drain, Duration::zero());
    shutdown_.begin(is_first, now.steady, saturating_add(now.steady, left));
    actions.wake = true;
    if (is_first) {
      phase_ = Phase::Stopping;
      for (const auto& [id, job] : jobs_.all()) {
        unschedule(job, actions);
        Decisions dropped = job->book.drop_queue();
        shutdown_.add_dropped(dropped.list.size());
        carry_out(job, std::move(dropped), actions);
      }
    }
    if (left == Duration::zero()) shutdown_.cancel_rest(runs_, actions);
  }

  /// The same for a coroutine that waits for the end. `tag`: of the scheduled run that it is part
  /// of, or null; this run is neither awaited nor cancelled. When the scheduler has stopped it
  /// returns the last report, and does not complete `waiter`.
  std::optional<ShutdownReport> stop(Duration drain,
                                     std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter,
                                     const WorkTag* tag, Moment now, Actions& actions) {
    if (phase_ == Phase::Stopped) return shutdown_.report();
    shutdown_.add_waiter(std::move(waiter), runs_.key_of(tag));
    stop(drain, now, actions);
    return std::nullopt;
  }

  /// The execution context is gone: all that can end has ended.
  void context_gone(std::uint64_t generation, Moment now, Actions& actions) {
    if (generation_ != generation || phase_ == Phase::Stopped) return;
    stop(Duration::zero(), now, actions);
    finish_stop(now, actions);
  }

 private:
  static bool is_current(const DueJob& due) noexcept { return due.job->version == due.version; }

  void unschedule(const std::shared_ptr<Job>& job, Actions& actions) {
    due_queue_.erase(job);
    ++job->version;
    job->due = {};
    actions.garbage.push_back(std::exchange(job->timeline, nullptr));
  }

  // Occurrences that waited and were skipped leave some of the `max_runs` to the schedule again.
  void reschedule(const std::shared_ptr<Job>& job, Actions& actions) {
    if (job->is_in_due_queue || !job->timeline) return;
    job->due = job->timeline->due();
    due_queue_.insert(job);
    actions.wake = actions.wake || job->is_in_due_queue;
  }

  void carry_out(const std::shared_ptr<Job>& job, Decisions&& decisions, Actions& actions) {
    if (decisions.cancels_running) runs_.cancel_runs_of(*job, actions);
    for (Decision& each : decisions.list) {
      switch (each.kind) {
        case Decision::Kind::Start:
          runs_.start(job, std::move(each.run), actions);
          break;
        case Decision::Kind::Queue:
          actions.report(Actions::Report::Kind::Queued, job, each.run.scheduled());
          break;
        case Decision::Kind::Skip:
          skip(job, each, actions);
          break;
      }
    }
  }

  static void skip(const std::shared_ptr<Job>& job, Decision& decision, Actions& actions) {
    actions.report(Actions::Report::Kind::Skipped, job, decision.run.scheduled(), decision.count,
                   decision.reason);
    JobOutcome outcome = decision.run.skipped(decision.reason, decision.count);
    if (!decision.run.waiter.expired())
      actions.answers.push_back({std::move(decision.run.waiter), outcome});
    actions.forgotten.push_back(job->book.stats().keep(std::move(outcome)));
  }

  void finish_stop(Moment now, Actions& actions) {
    phase_ = Phase::Stopped;
    shutdown_.finish(now.steady, actions);
  }

  JobTable jobs_;
  DueQueue due_queue_;
  ActiveRuns runs_;
  Shutdown shutdown_;
  Phase phase_ = Phase::Stopped;
  std::uint64_t generation_ = 0;
};

}  // namespace cano::detail
