// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/active_runs.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// One stop of a scheduler, from the first call to the end of the last run: its report, the end of
/// the time to drain, and the coroutines that wait.
class Shutdown {
 public:
  /// `is_first`: the scheduler was running until now. Of several calls the earliest end counts.
  void begin(bool is_first, steady_time now, steady_time drain_end) {
    drain_end_ = is_first ? drain_end : std::min(drain_end_, drain_end);
    if (!is_first) return;
    began_ = now;
    cancels_rest_ = false;
    report_ = {};
  }

  /// When the runs that are left are cancelled.
  steady_time drain_end() const noexcept { return drain_end_; }

  /// Whether the runs that were left have been cancelled.
  bool cancels_rest() const noexcept { return cancels_rest_; }

  /// Cancels the runs that are left, once.
  void cancel_rest(const ActiveRuns& runs, Actions& actions) {
    if (std::exchange(cancels_rest_, true)) return;
    runs.cancel_all([this](std::uint64_t key) { return is_awaited_by(key); }, actions);
  }

  /// Whether no run is under way but those that wait for just that.
  bool has_joined(const ActiveRuns& runs) const {
    return runs.all_of([this](std::uint64_t key) { return is_awaited_by(key); });
  }

  void add_dropped(std::uint64_t count) noexcept { report_.dropped += count; }

  void add_end(const JobOutcome& outcome) {
    (outcome.is_cancelled() ? report_.cancelled : report_.completed).push_back(outcome.id);
  }

  /// `key`: of the run that the waiting coroutine is part of.
  void add_waiter(std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter,
                  std::optional<std::uint64_t> key) {
    waiters_.push_back({std::move(waiter), key});
  }

  void finish(steady_time now, Actions& actions) {
    report_.elapsed = now - began_;
    std::sort(report_.completed.begin(), report_.completed.end());
    std::sort(report_.cancelled.begin(), report_.cancelled.end());
    for (const Waiter& each : std::exchange(waiters_, {})) {
      if (auto waiter = each.waiter.lock()) actions.stopped.push_back(std::move(waiter));
    }
    actions.shutdown = report_;
  }

  /// Of the last stop that has come to its end.
  const ShutdownReport& report() const noexcept { return report_; }

 private:
  struct Waiter {
    std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter;
    std::optional<std::uint64_t> key;
  };

  // Whether that run waits for the end of the others. One that has been cancelled does no more.
  bool is_awaited_by(std::uint64_t key) const noexcept {
    return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& each) {
      return each.key == key && !each.waiter.expired();
    });
  }

  steady_time began_{};
  steady_time drain_end_{};
  bool cancels_rest_ = false;
  ShutdownReport report_;
  std::vector<Waiter> waiters_;
};

}  // namespace cano::detail
