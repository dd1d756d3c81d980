// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

/// The limits in force on a run: on all of it, on the visit to a state, on the attempt.
class RunLimits {
 public:
  struct Nearest {
    steady_time deadline = steady_time::max();
    StopReason reason = StopReason::None;
  };

  void limit_run(steady_time started, Duration timeout) { run_.set(started, timeout); }
  void limit_visit(steady_time entered, std::optional<Duration> timeout) {
    visit_ = {};
    if (timeout) visit_.set(entered, *timeout);
  }
  void limit_attempt(steady_time started, std::optional<Duration> timeout) {
    attempt_ = {};
    if (timeout) attempt_.set(started, *timeout);
  }
  void lift_from_attempt() noexcept { attempt_ = {}; }
  void lift_from_visit() noexcept { visit_ = {}; }

  Nearest nearest() const noexcept {
    Nearest nearest;
    const auto look_at = [&](const Limit& limit, StopReason reason) {
      if (limit.deadline < nearest.deadline) nearest = {limit.deadline, reason};
    };
    look_at(run_, StopReason::RunTimeout);
    look_at(visit_, StopReason::StateTimeout);
    look_at(attempt_, StopReason::AttemptTimeout);
    return nearest;
  }

  /// "attempt timeout of 2.5 ms".
  std::string describe(StopReason reason) const {
    if (reason == StopReason::AttemptTimeout)
      return std::string{"attempt timeout of "} + duration_text(attempt_.timeout);
    if (reason == StopReason::StateTimeout)
      return std::string{"timeout of "} + duration_text(visit_.timeout);
    return std::string{"total timeout of "} + duration_text(run_.timeout);
  }

 private:
  struct Limit {
    steady_time deadline = steady_time::max();
    Duration timeout{};

    void set(steady_time start, Duration length) {
      deadline = saturating_add(start, length);
      timeout = length;
    }
  };

  Limit run_;
  Limit visit_;
  Limit attempt_;
};

}  // namespace cano::detail
