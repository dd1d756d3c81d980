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
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// One stop of a scheduler, from the first call to the end of the last run: how long runs may
/// drain, what became of them, and who waits for the end.
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

  /// When to cancel what is left.
  steady_time drain_end() const noexcept { return drain_end_; }

  /// Whether what is left has been cancelled.
  bool cancels_rest() const noexcept { return cancels_rest_; }

  /// True the first time.
  bool cancel_rest() noexcept { return !std::exchange(cancels_rest_, true); }

  void note_dropped(std::uint64_t count) noexcept { report_.dropped += count; }

  void note_end(const JobOutcome& outcome) {
    (outcome.is_cancelled() ? report_.cancelled : report_.completed).push_back(outcome.id);
  }

  /// `key`: of the run that waits.
  void await(std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter,
             std::optional<std::uint64_t> key) {
    waiters_.push_back({std::move(waiter), key});
  }

  /// Whether that run waits for the end of the others. One that has been cancelled does no more.
  bool is_awaited_by(std::uint64_t key) const noexcept {
    return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& each) {
      return each.key == key && !each.waiter.expired();
    });
  }

  template <class Effects> void finish(steady_time now, Effects& effects) {
    report_.elapsed = now - began_;
    std::sort(report_.completed.begin(), report_.completed.end());
    std::sort(report_.cancelled.begin(), report_.cancelled.end());
    for (const Waiter& each : std::exchange(waiters_, {})) {
      if (auto waiter = each.waiter.lock()) effects.stopped.push_back(std::move(waiter));
    }
    effects.shutdown = report_;
  }

  /// Of the last stop that has come to its end.
  const ShutdownReport& report() const noexcept { return report_; }

 private:
  struct Waiter {
    std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter;
    std::optional<std::uint64_t> key;
  };

  steady_time began_{};
  steady_time drain_end_{};
  bool cancels_rest_ = false;
  ShutdownReport report_;
  std::vector<Waiter> waiters_;
};

}  // namespace cano::detail
