// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/skip_reason.hpp>
#include <cano/schedule/detail/failure_gate.hpp>
#include <cano/schedule/detail/job_stats.hpp>
#include <cano/schedule/detail/pending_run.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule_options.hpp>

namespace cano::detail {

/// A decision on one occurrence, or on several that are skipped together.
struct Decision {
  enum class Kind { Start, Queue, Skip };
  Kind kind;
  PendingRun run;           // of several the last
  SkipReason reason{};      // of Skip
  std::uint64_t count = 1;  // of Skip
};

/// The decisions on what has become due, or can start, at one moment.
struct Decisions {
  std::vector<Decision> list;
  bool cancels_running = false;  // the runs under way have to end first
};

/// The rules and the counters of one job: which of its occurrences start a run, wait in a queue or
/// are skipped.
///
/// Pure: it starts nothing and reads no clock. At any time every occurrence that was due is counted
/// once: as started, queued or skipped.
class JobBook {
 public:
  JobBook(std::string id, const ScheduleOptions& options)
      : id_{std::move(id)},
        overlap_{options.overlap},
        misfire_{options.misfire},
        misfire_grace_{options.misfire_grace},
        max_runs_{options.max_runs},
        limit_{overlap_.kind() == Overlap::Kind::Allow ? overlap_.max() : 1},
        gate_{options.backoff, options.trip_after},
        stats_{options.history_limit} {}

  JobStats& stats() noexcept { return stats_; }
  const JobStats& stats() const noexcept { return stats_; }

  // ---- what becomes of an occurrence

  /// Decides on what the schedule has made due. Nothing is due when `max_runs` is used up.
  Decisions handle_due(const Backlog& backlog, Moment now) {
    Decisions decisions;
    if (backlog.count == 0 || runs_left() == 0) return decisions;
    stats_.counts.due += backlog.count;
    const auto& last = backlog.last;
    if (const auto reason = refuse(backlog, now)) {
      skip(decisions, pending(last.back(), now), *reason, backlog.count);
      return decisions;
    }
    const auto runs = static_cast<std::size_t>(
        std::min<std::uint64_t>({last.size(), misfire_.max(), Timeline::max_backlog, runs_left()}));
    const std::uint64_t passed = backlog.count - runs;
    const auto first = last.end() - static_cast<std::ptrdiff_t>(runs);
    if (passed > 0) {
      const bool is_once = misfire_.kind() == Misfire::Kind::FireOnce;
      skip(decisions, pending(first == last.begin() ? *first : *(first - 1), now),
           is_once ? SkipReason::Coalesced : SkipReason::Misfire, passed);
    }
    const bool is_too_late =
        misfire_.kind() == Misfire::Kind::Skip && last.back().lateness > misfire_grace_;
    for (auto each = first; each != last.end(); ++each) {
      PendingRun run = pending(*each, now);
      if (is_too_late) {
        skip(decisions, std::move(run), SkipReason::Misfire);
      } else {
        if (runs == 1) run.occurrence.missed = passed;
        admit(decisions, std::move(run), runs > 1);
      }
    }
    return decisions;
  }

  /// Decides on an occurrence that was triggered. Neither a pause nor a back-off holds it.
  Decisions trigger(std::weak_ptr<RemoteCompletion<JobOutcome>> waiter, Moment now) {
    Decisions decisions;
    PendingRun run = pending({{}, now.wall, {}}, now);
    run.occurrence.triggered = true;
    run.waiter = std::move(waiter);
    ++stats_.counts.due;
    if (const auto reason = gate_.refusal(now.steady, true)) {
      skip(decisions, std::move(run), *reason);
    } else {
      admit(decisions, std::move(run), false);
    }
    return decisions;
  }

  /// Decides on what waits in the queue, after a run has ended: earlier failures may forbid it.
  Decisions take_queued(Moment now) {
    Decisions decisions;
    while (!queue_.empty() && running_ < limit_) {
      PendingRun run = pop_queued();
      if (const auto reason = gate_.refusal(now.steady, run.occurrence.triggered)) {
        skip(decisions, std::move(run), *reason);
      } else {
        start(decisions, std::move(run));
        break;
      }
    }
    return decisions;
  }

  /// Skips all that waits in the queue.
  Decisions drop_queue() {
    Decisions decisions;
    while (!queue_.empty())
      skip(decisions, pop_queued(), SkipReason::Shutdown);
    return decisions;
  }

  // ---- what happens to the job

  void run_ended(const JobOutcome& outcome, const std::optional<BatchStatus>& batch,
                 std::string error, Moment now) {
    --running_;
    gate_.note_end(outcome.outcome, now);
    stats_.run_ended(outcome, batch);
    if (outcome.is_failed()) stats_.failed(std::move(error), now.wall);
  }

  /// The schedule cannot be evaluated.
  void schedule_failed(std::string error, system_time when) {
    stats_.failed(std::move(error), when);
    stats_.set_last_outcome(Outcome::Failed);
  }

  void set_paused(bool whether) noexcept { is_paused_ = whether; }

  /// Forgets the failures, but for their number and the last error.
  void reset() noexcept {
    gate_.reset();
    if (stats_.last_outcome() == Outcome::Failed) stats_.set_last_outcome(std::nullopt);
  }

  // ---- what is known

  /// How many more runs the schedule may ask for.
  std::uint64_t runs_left() const noexcept {
    if (!max_runs_) return std::numeric_limits<std::uint64_t>::max();
    return *max_runs_ - std::min(*max_runs_, stats_.counts.started + stats_.counts.queued);
  }

  /// Whether the schedule's occurrences run; if not, there is no next run to report.
  bool is_active() const noexcept { return !is_paused_ && !gate_.is_tripped(); }

  void describe(FlowInfo& info) const {
    info.id = id_;
    info.status = status();
    info.running = running_;
    stats_.describe(info);
    info.failure_streak = gate_.streak();
    info.backoff_until = gate_.backoff_until();
  }

 private:
  // A health check that said no is a failure to report when it threw.
  std::optional<SkipReason> refuse(const Backlog& backlog, Moment now) {
    if (is_paused_) return SkipReason::Paused;
    if (const auto reason = gate_.refusal(now.steady, false)) return reason;
    if (backlog.is_healthy) return std::nullopt;
    if (!backlog.problem.empty()) stats_.failed(backlog.problem, now.wall);
    return SkipReason::Unhealthy;
  }

  // `one_of_several`: missed occurrences run one after the other, whatever the policy.
  void admit(Decisions& decisions, PendingRun run, bool one_of_several) {
    if (running_ < limit_ && queue_.empty()) return start(decisions, std::move(run));
    if (one_of_several) return queue(decisions, std::move(run));
    switch (overlap_.kind()) {
      case Overlap::Kind::QueueOne:
        if (queue_.empty()) return queue(decisions, std::move(run));
        queue_.back().occurrence.missed += 1 + run.occurrence.missed;
        return skip(decisions, std::move(run), SkipReason::Coalesced);
      case Overlap::Kind::QueueAll:
        if (queue_.size() < overlap_.max()) return queue(decisions, std::move(run));
        break;
      case Overlap::Kind::CancelRunning:
        return supersede(decisions, std::move(run));
      case Overlap::Kind::Skip:
      case Overlap::Kind::Allow:
        break;
    }
    skip(decisions, std::move(run), SkipReason::Overlap);
  }

  // The run takes the place of all that waits.
  void supersede(Decisions& decisions, PendingRun run) {
    decisions.cancels_running = true;
    while (!queue_.empty()) {
      run.occurrence.missed += 1 + queue_.front().occurrence.missed;
      skip(decisions, pop_queued(), SkipReason::Coalesced);
    }
    queue(decisions, std::move(run));
  }

  void start(Decisions& decisions, PendingRun run) {
    ++running_;
    run.occurrence.run = ++stats_.counts.started;
    decisions.list.push_back({Decision::Kind::Start, std::move(run)});
  }

  void queue(Decisions& decisions, PendingRun run) {
    ++stats_.counts.queued;
    queue_.push_back(run);
    decisions.list.push_back({Decision::Kind::Queue, std::move(run)});
  }

  void skip(Decisions& decisions, PendingRun run, SkipReason reason, std::uint64_t count = 1) {
    stats_.counter_of(reason) += count;
    decisions.list.push_back({Decision::Kind::Skip, std::move(run), reason, count});
  }

  PendingRun pop_queued() {
    PendingRun run = std::move(queue_.front());
    queue_.pop_front();
    --stats_.counts.queued;
    return run;
  }

  PendingRun pending(const Occurrence& occurrence, Moment now) const {
    PendingRun run{occurrence, now.steady - occurrence.lateness, {}};
    run.occurrence.id = id_;
    return run;
  }

  FlowStatus status() const noexcept {
    if (gate_.is_tripped()) return FlowStatus::Tripped;
    if (is_paused_) return FlowStatus::Paused;
    if (running_ > 0) return FlowStatus::Running;
    return stats_.last_outcome() == Outcome::Failed ? FlowStatus::Failed : FlowStatus::Idle;
  }

  std::string id_;
  Overlap overlap_;
  Misfire misfire_;
  Duration misfire_grace_;
  std::optional<std::uint64_t> max_runs_;
  std::size_t limit_;  // runs at once
  FailureGate gate_;
  JobStats stats_;
  bool is_paused_ = false;
  std::size_t running_ = 0;
  std::deque<PendingRun> queue_;
};

}  // namespace cano::detail
