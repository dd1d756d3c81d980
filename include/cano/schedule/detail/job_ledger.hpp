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
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule_options.hpp>

namespace cano::detail {

/// An occurrence that is to run, now or when it is its turn.
///
/// A template on the scheduler's executor, as all behind a scheduler: only programs that make one
/// compile it.
template <class Executor> struct Ticket {
  system_time nominal;
  steady_time due;  // from when on it is late
  std::uint64_t missed = 0;
  bool triggered = false;
  std::weak_ptr<RemoteCompletion<JobOutcome>> waiter{};  // who awaits its outcome

  /// What the schedule names; nothing for a trigger.
  std::optional<system_time> scheduled() const {
    return triggered ? std::nullopt : std::optional{nominal};
  }
};

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

  /// A run has ended.
  void finish(const JobOutcome& outcome, const std::optional<BatchStatus>& batch) {
    --running_;
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

  /// The schedule itself cannot be had any more.
  void fail(std::string error, system_time when) {
    note_failure(std::move(error), when);
    last_ended_ = Outcome::Failed;
  }

  /// A run has begun, at that time of day.
  void note_start(system_time when) { last_run_ = when; }

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
  }

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
      case SkipReason::Shutdown:
        break;
    }
    return counts_.shutdown;
  }

  FlowStatus status(bool paused) const noexcept {
    if (paused) return FlowStatus::Paused;
    if (running_ > 0) return FlowStatus::Running;
    return last_ended_ == Outcome::Failed ? FlowStatus::Failed : FlowStatus::Idle;
  }

  Overlap overlap_;
  std::optional<std::uint64_t> max_runs_;
  std::size_t history_limit_;
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
