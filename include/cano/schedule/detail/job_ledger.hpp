// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/detail/failure_gate.hpp>
#include <cano/schedule/detail/ticket.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule_options.hpp>

namespace cano::detail {

/// The books of one job: which of its occurrences run, wait or do not run, and what became of all.
///
/// Pure: it starts nothing and knows no clock.
template <class Executor> class JobLedger {
 public:
  using Ticket = detail::Ticket<Executor>;

  explicit JobLedger(const ScheduleOptions& options)
      : overlap_{options.overlap},
        max_runs_{options.max_runs},
        history_limit_{options.history_limit},
        gate_{options.backoff, options.trip_after},
        limit_{overlap_.kind() == Overlap::Kind::Allow ? overlap_.max() : 1} {}

  /// What to do with an occurrence.
  struct Decision {
    enum class Kind { Start, Wait, Skip };
    Kind kind;
    SkipReason reason{};             // of Skip
    bool cancel_running = false;     // the runs under way make room
    std::deque<Ticket> displaced{};  // waited, and will never run
  };

  /// Decides on an occurrence and notes it as due. `in_line`: it is one of several that are to run
  /// one after the other, whatever the policy.
  Decision admit(Ticket& ticket, bool in_line) {
    ++counts_.due;
    if (running_ < limit_ && queue_.empty()) {
      begin();
      return {Decision::Kind::Start};
    }
    if (in_line) return wait(std::move(ticket));
    switch (overlap_.kind()) {
      case Overlap::Kind::QueueOne:
        if (queue_.empty()) return wait(std::move(ticket));
        queue_.back().missed += 1 + ticket.missed;
        return skip(SkipReason::Coalesced);
      case Overlap::Kind::QueueAll:
        if (queue_.size() < overlap_.max()) return wait(std::move(ticket));
        break;
      case Overlap::Kind::CancelRunning:
        return displace_all(std::move(ticket));
      case Overlap::Kind::Skip:
      case Overlap::Kind::Allow:
        break;
    }
    return skip(SkipReason::Overlap);
  }

  /// Notes occurrences that are due and do not run.
  void skip_due(SkipReason reason, std::uint64_t count) {
    counts_.due += count;
    counter_of(reason) += count;
  }

  /// Why an occurrence may not run now, because of earlier failures.
  std::optional<SkipReason> refusal(steady_time now, bool triggered) const noexcept {
    return gate_.refusal(now, triggered);
  }

  /// Forgets the failures, but for their number and the last error.
  void reset() noexcept {
    gate_.reset();
    if (last_ended_ == Outcome::Failed) last_ended_.reset();
  }

  /// A run has ended.
  void finish(const JobOutcome& outcome, const std::optional<BatchStatus>& batch, Moment now) {
    --running_;
    gate_.note_end(outcome.outcome, now);
    last_ended_ = outcome.outcome;
    last_duration_ = outcome.elapsed;
    if (batch) last_batch_ = batch;
    if (outcome.outcome == Outcome::Success) {
      ++successes_;
    } else if (outcome.outcome == Outcome::Cancelled) {
      ++cancellations_;
    } else {
      ++failures_;
    }
  }

  /// What went wrong last, in a run or with the schedule.
  void note_failure(std::string error, system_time when) {
    last_error_ = std::move(error);
    last_failure_ = when;
  }

  /// The schedule could not be evaluated, and is given up.
  void fail(std::string error, system_time when) {
    note_failure(std::move(error), when);
    last_ended_ = Outcome::Failed;
  }

  /// A run has begun, at that time of day.
  void note_start(system_time when) { last_run_ = when; }

  /// Takes out the next in line when it is its turn and it may not run, because of failures.
  std::optional<std::pair<Ticket, SkipReason>> refused_in_line(steady_time now) {
    if (queue_.empty() || running_ >= limit_) return std::nullopt;
    const auto reason = refusal(now, queue_.front().triggered);
    if (!reason) return std::nullopt;
    Ticket ticket = std::move(queue_.front());
    queue_.pop_front();
    --counts_.queued;
    ++counter_of(*reason);
    return std::pair{std::move(ticket), *reason};
  }

  /// The next occurrence whose turn it is, noted as started.
  std::optional<Ticket> next_in_line() {
    if (queue_.empty() || running_ >= limit_) return std::nullopt;
    Ticket ticket = std::move(queue_.front());
    queue_.pop_front();
    --counts_.queued;
    begin();
    return ticket;
  }

  /// Empties the line: none of them will run.
  std::deque<Ticket> drop_line() {
    counts_.queued -= queue_.size();
    counts_.shutdown += queue_.size();
    return std::exchange(queue_, {});
  }

  /// Keeps an outcome; returns what it displaces, to be destroyed where that does no harm.
  JobOutcome remember(JobOutcome outcome) {
    if (history_limit_ == 0) return outcome;
    if (!history_.empty() && outcome.skipped) {
      JobOutcome& last = history_[newest_];
      if (last.skipped == outcome.skipped && last.triggered == outcome.triggered) {
        outcome.count += last.count;
        return std::exchange(last, std::move(outcome));
      }
    }
    if (history_.size() < history_limit_) {
      newest_ = history_.size();
      history_.push_back(std::move(outcome));
      return {};
    }
    newest_ = (newest_ + 1) % history_limit_;
    return std::exchange(history_[newest_], std::move(outcome));
  }

  /// The outcomes that are kept, the oldest first.
  std::vector<JobOutcome> history() const {
    std::vector<JobOutcome> outcomes;
    for (std::size_t i = 1; i <= history_.size(); ++i)
      outcomes.push_back(history_[(newest_ + i) % history_.size()]);
    return outcomes;
  }

  /// How many more runs the schedule may ask for.
  std::uint64_t runs_left() const noexcept {
    const std::uint64_t asked = counts_.started + counts_.queued;
    if (!max_runs_) return std::numeric_limits<std::uint64_t>::max();
    return *max_runs_ - std::min(*max_runs_, asked);
  }

  std::uint64_t started() const noexcept { return counts_.started; }

  /// All of it but what only the scheduler knows.
  void describe(FlowInfo& info, bool paused) const {
    info.status = status(paused);
    info.running = running_;
    info.run_count = counts_.started;
    info.success_count = successes_;
    info.failure_count = failures_;
    info.cancel_count = cancellations_;
    info.skip_count = counts_.skipped();
    info.occurrences = counts_;
    info.last_run = last_run_;
    info.last_duration = last_duration_;
    info.last_error = last_error_;
    info.last_failure = last_failure_;
    info.last_batch = last_batch_;
    info.failure_streak = gate_.streak();
    info.backoff_until = gate_.backoff_until();
  }

  bool is_tripped() const noexcept { return gate_.is_tripped(); }

 private:
  void begin() noexcept {
    ++running_;
    ++counts_.started;
  }

  Decision wait(Ticket ticket) {
    queue_.push_back(std::move(ticket));
    ++counts_.queued;
    return {Decision::Kind::Wait};
  }

  Decision skip(SkipReason reason) {
    ++counter_of(reason);
    return {Decision::Kind::Skip, reason};
  }

  Decision displace_all(Ticket ticket) {
    Decision decision{Decision::Kind::Wait, SkipReason::Coalesced, true};
    decision.displaced = std::exchange(queue_, {});
    for (const Ticket& each : decision.displaced)
      ticket.missed += 1 + each.missed;
    counts_.queued -= decision.displaced.size();
    counts_.coalesced += decision.displaced.size();
    wait(std::move(ticket));
    return decision;
  }

  std::uint64_t& counter_of(SkipReason reason) noexcept {
    switch (reason) {
      case SkipReason::Overlap:
        return counts_.overlap;
      case SkipReason::Coalesced:
        return counts_.coalesced;
      case SkipReason::Misfire:
        return counts_.misfire;
      case SkipReason::Paused:
        return counts_.paused;
      case SkipReason::Backoff:
        return counts_.backoff;
      case SkipReason::Tripped:
        return counts_.tripped;
      case SkipReason::Unhealthy:
        return counts_.unhealthy;
      case SkipReason::Shutdown:
        break;
    }
    return counts_.shutdown;
  }

  FlowStatus status(bool paused) const noexcept {
    if (gate_.is_tripped()) return FlowStatus::Tripped;
    if (paused) return FlowStatus::Paused;
    if (running_ > 0) return FlowStatus::Running;
    return last_ended_ == Outcome::Failed ? FlowStatus::Failed : FlowStatus::Idle;
  }

  Overlap overlap_;
  std::optional<std::uint64_t> max_runs_;
  std::size_t history_limit_;
  FailureGate gate_;
  std::size_t limit_;  // runs at once
  std::size_t running_ = 0;
  std::deque<Ticket> queue_;
  OccurrenceCounts counts_;
  std::uint64_t successes_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t cancellations_ = 0;
  std::optional<Outcome> last_ended_;
  std::optional<system_time> last_run_;
  std::optional<Duration> last_duration_;
  std::string last_error_;
  std::optional<system_time> last_failure_;
  std::optional<BatchStatus> last_batch_;
  std::vector<JobOutcome> history_;  // a ring
  std::size_t newest_ = 0;
};

}  // namespace cano::detail
