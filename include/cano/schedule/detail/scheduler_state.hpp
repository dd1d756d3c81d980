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
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/detail/agenda.hpp>
#include <cano/schedule/detail/effects.hpp>
#include <cano/schedule/detail/job_table.hpp>
#include <cano/schedule/detail/run_table.hpp>
#include <cano/schedule/detail/shutdown.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// All that a scheduler knows, and what it decides: which jobs are due, what becomes of each
/// occurrence, when it has stopped.
///
/// It does no I/O, reads no clock and takes no lock: who calls it holds one, and carries out the
/// `Effects` when it has let go.
template <class Job> class SchedulerState {
 public:
  using DueJob = detail::DueJob<Job>;
  using Effects = detail::Effects<Job>;
  enum class Phase { Stopped, Running, Stopping };

  // ---- jobs

  void add(const std::shared_ptr<Job>& job) { jobs_.add(job); }
  const std::shared_ptr<Job>& job(std::string_view id) const { return jobs_.at(id); }
  const JobTable<Job>& jobs() const noexcept { return jobs_; }

  void remove(std::string_view id, Effects& effects) {
    const std::shared_ptr<Job> gone = job(id);
    gone->removed = true;
    unplan(*gone, effects);
    drop_line(*gone, effects);
    jobs_.erase(id);
    effects.garbage.push_back(gone);
    effects.wake = true;
  }

  void replace(Job& job, std::shared_ptr<const Schedule> schedule, Effects& effects) {
    unplan(job, effects);
    effects.garbage.push_back(std::exchange(job.schedule, std::move(schedule)));
  }

  /// Requests the end of the job's runs under way; returns how many there are.
  std::size_t cancel(std::string_view id, Effects& effects) {
    const std::shared_ptr<Job>& job = jobs_.at(id);
    for (const std::uint64_t key : job->runs)
      runs_.cancel(key, effects);
    return job->runs.size();
  }

  // ---- the schedule

  Phase phase() const noexcept { return phase_; }
  std::uint64_t epoch() const noexcept { return epoch_; }

  void begin() {
    phase_ = Phase::Running;
    ++epoch_;
  }

  /// Gives a job its place in the queues, unless its plan has changed since.
  void place(Job& job, std::uint64_t plan, std::shared_ptr<const Timeline> timeline,
             Effects& effects) {
    if (job.plan != plan || phase_ != Phase::Running) return;
    agenda_.erase(job);
    job.due = job.ledger.runs_left() > 0 ? timeline->due() : DueTime{};
    effects.garbage.push_back(std::exchange(job.timeline, std::move(timeline)));
    agenda_.insert(job);
  }

  /// A job's schedule could not be evaluated, e.g. because its time zone threw.
  void fail(Job& job, std::uint64_t plan, std::string error, Moment now, Effects& effects) {
    if (job.plan != plan) return;
    unplan(job, effects);
    job.ledger.fail(std::move(error), now.wall);
  }

  std::optional<DueJob> pop_due(Moment now) { return agenda_.pop_due(now); }
  std::vector<DueJob> pop_by_wall() { return agenda_.pop_by_wall(); }
  DueTime next_due() const noexcept { return agenda_.next_due(); }

  /// Decides on what a job's timeline found to be due, and places it anew.
  void deliver(const DueJob& due, std::shared_ptr<const Timeline> timeline, const Backlog& backlog,
               Moment now, Effects& effects) {
    if (due.job->plan != due.plan || phase_ != Phase::Running) return;
    // What runs out of `max_runs` is not due any more.
    if (backlog.count > 0 && due.job->ledger.runs_left() > 0)
      take_in(*due.job, backlog, now, effects);
    place(*due.job, due.plan, std::move(timeline), effects);
  }

  void trigger(std::string_view id, std::weak_ptr<RemoteCompletion<JobOutcome>> waiter, Moment now,
               Effects& effects) {
    if (phase_ != Phase::Running) {
      throw Error{Errc::Configuration, "The scheduler is not running: job '" + std::string{id} +
                                           "' cannot be triggered"};
    }
    Job& triggered = *job(id);
    effects.report(Effects::Report::Kind::Due, triggered, std::nullopt, 1);
    Ticket ticket{
        .nominal = now.wall, .due = now.steady, .triggered = true, .waiter = std::move(waiter)};
    if (const auto reason = triggered.ledger.refusal(now.steady, true)) {
      triggered.ledger.skip_due(*reason, 1);
      return report_skip(triggered, ticket, *reason, 1, effects);
    }
    admit(triggered, std::move(ticket), false, effects);
    if (triggered.ledger.runs_left() > 0) return;
    agenda_.erase(triggered);
    triggered.due = {};
  }

  // ---- runs

  RunTable<Job>& runs() noexcept { return runs_; }
  const RunTable<Job>& runs() const noexcept { return runs_; }

  /// `error`: what the outcome's exception says.
  void finish(std::uint64_t key, JobOutcome outcome, const std::optional<BatchStatus>& batch,
              std::string error, Moment now, Effects& effects) {
    const std::shared_ptr<Job> job = runs_.remove(key);
    effects.garbage.push_back(job);
    job->ledger.finish(outcome, batch, now);
    if (outcome.is_failed()) job->ledger.note_failure(std::move(error), now.wall);
    if (phase_ == Phase::Stopping) {
      shutdown_.note_end(outcome);
      effects.wake = effects.wake || has_joined();
    }
    effects.forgotten.push_back(job->ledger.remember(std::move(outcome)));
    if (phase_ != Phase::Running || job->removed) return;
    bool is_any_refused = false;
    while (const auto refused = job->ledger.refused_in_line(now.steady)) {
      report_skip(*job, refused->first, refused->second, 1, effects);
      is_any_refused = true;
    }
    if (auto next = job->ledger.next_in_line()) start(*job, std::move(*next), effects);
    if (is_any_refused) replan(*job, effects);
  }

  // ---- stopping

  const Shutdown& shutdown() const noexcept { return shutdown_; }

  /// No occurrence starts from here on, and the runs under way have so long.
  void stop(Duration drain, Moment now, Effects& effects) {
    const bool is_first = phase_ == Phase::Running;
    const Duration left = std::max(drain, Duration::zero());
    shutdown_.begin(is_first, now.steady, saturating_add(now.steady, left));
    effects.wake = true;
    if (is_first) {
      phase_ = Phase::Stopping;
      for (const auto& job : jobs_.all()) {
        unplan(*job, effects);
        shutdown_.note_dropped(drop_line(*job, effects));
      }
    }
    if (left == Duration::zero()) cancel_rest(effects);
  }

  /// `key`: the run that waits for the end of all others, if it is one.
  void await_stop(std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter,
                  std::optional<std::uint64_t> key) {
    shutdown_.await(std::move(waiter), key);
  }

  /// Whether no run is under way but those that wait for just that.
  bool has_joined() const noexcept {
    return runs_.all_of([&](std::uint64_t key) { return shutdown_.is_awaited_by(key); });
  }

  /// The time to drain is over.
  void cancel_rest(Effects& effects) {
    if (!shutdown_.cancel_rest()) return;
    runs_.cancel_all([&](std::uint64_t key) { return shutdown_.is_awaited_by(key); }, effects);
  }

  /// All is joined.
  void finish_stop(Moment now, Effects& effects) {
    phase_ = Phase::Stopped;
    shutdown_.finish(now.steady, effects);
  }

 private:
  using Ticket = typename Job::Ticket;
  using Decision = typename Job::Ledger::Decision;

  void unplan(Job& job, Effects& effects) {
    agenda_.erase(job);
    ++job.plan;
    job.due = {};
    effects.garbage.push_back(std::exchange(job.timeline, nullptr));
  }

  // Of the `max_runs` some are left again, that were asked for and will not be.
  void replan(Job& job, Effects& effects) {
    if (job.queued || !job.timeline || job.ledger.runs_left() == 0) return;
    job.due = job.timeline->due();
    agenda_.insert(job);
    effects.wake = true;
  }

  std::uint64_t drop_line(Job& job, Effects& effects) {
    const auto dropped = job.ledger.drop_line();
    for (const Ticket& ticket : dropped)
      report_skip(job, ticket, SkipReason::Shutdown, 1, effects);
    return dropped.size();
  }

  void take_in(Job& job, const Backlog& backlog, Moment now, Effects& effects) {
    const auto& last = backlog.last;
    const auto ticket_of = [&](const DueOccurrence& each) {
      return Ticket{.nominal = each.nominal, .due = now.steady - each.lateness};
    };
    const auto skip = [&](const DueOccurrence& each, SkipReason reason, std::uint64_t count) {
      job.ledger.skip_due(reason, count);
      report_skip(job, ticket_of(each), reason, count, effects);
    };
    effects.report(Effects::Report::Kind::Due, job, last.back().nominal, backlog.count);
    if (job.paused) return skip(last.back(), SkipReason::Paused, backlog.count);
    if (const auto reason = job.ledger.refusal(now.steady, false))
      return skip(last.back(), *reason, backlog.count);
    if (!backlog.is_healthy) {
      if (!backlog.problem.empty()) job.ledger.note_failure(backlog.problem, now.wall);
      return skip(last.back(), SkipReason::Unhealthy, backlog.count);
    }

    const Misfire misfire = job.options.misfire;
    const bool once = misfire.kind() == Misfire::Kind::FireOnce;
    const std::size_t wanted = std::min(misfire.max(), Timeline::max_backlog);
    const auto runs = static_cast<std::size_t>(
        std::min<std::uint64_t>({last.size(), wanted, job.ledger.runs_left()}));
    const std::uint64_t passed = backlog.count - runs;
    const auto first = last.end() - static_cast<std::ptrdiff_t>(runs);
    if (passed > 0) {
      skip(first == last.begin() ? *first : *(first - 1),
           once ? SkipReason::Coalesced : SkipReason::Misfire, passed);
    }
    if (runs == 0) return;
    const bool too_late =
        misfire.kind() == Misfire::Kind::Skip && last.back().lateness > job.options.misfire_grace;
    if (too_late) return skip(last.back(), SkipReason::Misfire, 1);
    for (auto each = first; each != last.end(); ++each) {
      Ticket ticket = ticket_of(*each);
      if (runs == 1) ticket.missed = passed;
      admit(job, std::move(ticket), runs > 1, effects);
    }
  }

  void admit(Job& job, Ticket ticket, bool in_line, Effects& effects) {
    const Ticket seen = ticket;
    auto decision = job.ledger.admit(ticket, in_line);
    for (const Ticket& each : decision.displaced)
      report_skip(job, each, SkipReason::Coalesced, 1, effects);
    if (decision.cancel_running) {
      for (const std::uint64_t key : job.runs)
        runs_.cancel(key, effects);
    }
    switch (decision.kind) {
      case Decision::Kind::Start:
        return start(job, std::move(ticket), effects);
      case Decision::Kind::Wait:
        return effects.report(Effects::Report::Kind::Queued, job, seen.scheduled(), 1);
      case Decision::Kind::Skip:
        return report_skip(job, seen, decision.reason, 1, effects);
    }
  }

  void start(Job& job, Ticket ticket, Effects& effects) {
    const std::uint64_t key = runs_.add(job);
    effects.starts.push_back(
        {job.shared_from_this(), std::move(ticket), key, job.ledger.started()});
  }

  void report_skip(Job& job, const Ticket& ticket, SkipReason reason, std::uint64_t count,
                   Effects& effects) {
    effects.report(Effects::Report::Kind::Skipped, job, ticket.scheduled(), count, reason);
    JobOutcome outcome = ticket.skipped(job.id, reason, count);
    if (!ticket.waiter.expired()) effects.answers.push_back({ticket.waiter, outcome});
    effects.forgotten.push_back(job.ledger.remember(std::move(outcome)));
  }

  JobTable<Job> jobs_;
  Agenda<Job> agenda_;
  RunTable<Job> runs_;
  Shutdown shutdown_;
  Phase phase_ = Phase::Stopped;
  std::uint64_t epoch_ = 0;  // how often it was started
};

}  // namespace cano::detail
