// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/skip_reason.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>

namespace cano::detail {

/// The counters of a job, its last run and failure, and its last outcomes.
class JobStats {
 public:
  /// `history_limit`: how many outcomes are kept.
  explicit JobStats(std::size_t history_limit) noexcept : history_limit_{history_limit} {}

  OccurrenceCounts counts;

  std::uint64_t& counter_of(SkipReason reason) noexcept {
    switch (reason) {
      case SkipReason::Overlap:
        return counts.overlap;
      case SkipReason::Coalesced:
        return counts.coalesced;
      case SkipReason::Misfire:
        return counts.misfire;
      case SkipReason::Paused:
        return counts.paused;
      case SkipReason::Backoff:
        return counts.backoff;
      case SkipReason::Tripped:
        return counts.tripped;
      case SkipReason::Unhealthy:
        return counts.unhealthy;
      case SkipReason::Shutdown:
        break;
    }
    return counts.shutdown;
  }

  void run_began(system_time when) noexcept { last_run_ = when; }

  void run_ended(const JobOutcome& outcome, const std::optional<BatchStatus>& batch) {
    last_outcome_ = outcome.outcome;
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

  /// Something failed: a run, a health check or the schedule.
  void failed(std::string error, system_time when) {
    last_error_ = std::move(error);
    last_failure_ = when;
  }

  /// The job counts as failed or, with nothing, as idle.
  void set_last_outcome(std::optional<Outcome> outcome) noexcept { last_outcome_ = outcome; }
  std::optional<Outcome> last_outcome() const noexcept { return last_outcome_; }

  /// Keeps an outcome, and returns the one that it replaces. Its exception may run a user's code
  /// when it is destroyed, so the caller destroys it without a lock.
  JobOutcome keep(JobOutcome outcome) {
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

  void describe(FlowInfo& info) const {
    info.run_count = counts.started;
    info.success_count = successes_;
    info.failure_count = failures_;
    info.cancel_count = cancellations_;
    info.skip_count = counts.skipped();
    info.occurrences = counts;
    info.last_run = last_run_;
    info.last_duration = last_duration_;
    info.last_error = last_error_;
    info.last_failure = last_failure_;
    info.last_batch = last_batch_;
  }

 private:
  std::uint64_t successes_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t cancellations_ = 0;
  std::optional<Outcome> last_outcome_;
  std::optional<system_time> last_run_;
  std::optional<Duration> last_duration_;
  std::string last_error_;
  std::optional<system_time> last_failure_;
  std::optional<BatchStatus> last_batch_;
  std::size_t history_limit_;
  std::vector<JobOutcome> history_;  // a ring
  std::size_t newest_ = 0;
};

}  // namespace cano::detail
