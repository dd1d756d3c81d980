// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/skip_reason.hpp>
#include <cano/schedule/backoff.hpp>
#include <cano/schedule/detail/timeline.hpp>

namespace cano::detail {

/// The rule that keeps a failing job from running: for a while after each failure, and for good
/// after too many in a row.
///
/// Pure: it reads no clock.
class FailureGate {
 public:
  FailureGate(const Backoff& backoff, std::optional<std::uint64_t> trip_after) noexcept
      : backoff_{backoff}, trip_after_{trip_after} {}

  /// A run has ended. One that was cancelled says nothing about the job.
  void note_end(Outcome outcome, Moment now) noexcept {
    if (outcome == Outcome::Success && !is_tripped()) {
      reset();
    } else if (outcome == Outcome::Failed) {
      ++streak_;
      const Duration delay = backoff_.delay_after(streak_);
      if (delay == Duration::zero()) return;
      eligible_at_ = saturating_add(now.steady, delay);
      backoff_until_ = saturating_add(now.wall, delay);
    }
  }

  /// Why an occurrence may not run now. One that was triggered by hand waits for no back-off.
  std::optional<SkipReason> refusal(steady_time now, bool triggered) const noexcept {
    if (is_tripped()) return SkipReason::Tripped;
    if (!triggered && eligible_at_ && now < *eligible_at_) return SkipReason::Backoff;
    return std::nullopt;
  }

  /// As if the job had never failed.
  void reset() noexcept {
    streak_ = 0;
    eligible_at_.reset();
    backoff_until_.reset();
  }

  bool is_tripped() const noexcept { return trip_after_ && streak_ >= *trip_after_; }
  std::uint64_t streak() const noexcept { return streak_; }

  /// When the back-off after the last failure ends or has ended, by the clock on the wall as it was
  /// then.
  std::optional<system_time> backoff_until() const noexcept { return backoff_until_; }

 private:
  Backoff backoff_;
  std::optional<std::uint64_t> trip_after_;
  std::uint64_t streak_ = 0;  // failures in a row
  std::optional<steady_time> eligible_at_;
  std::optional<system_time> backoff_until_;
};

}  // namespace cano::detail
