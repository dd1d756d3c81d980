// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/observe/skip_reason.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano::detail {

/// An occurrence on its way to a run, and the coroutine that waits for the outcome.
struct PendingRun {
  Occurrence occurrence{};
  steady_time due{};  // from when on it is late
  std::weak_ptr<RemoteCompletion<JobOutcome>> waiter{};

  /// What the schedule names; nothing for a trigger.
  std::optional<system_time> scheduled() const {
    return occurrence.triggered ? std::nullopt : std::optional{occurrence.nominal};
  }

  /// The outcome when it does not run. `count`: of all those that are skipped with it.
  JobOutcome skipped(SkipReason reason, std::uint64_t count) const {
    JobOutcome outcome;
    outcome.id = occurrence.id;
    outcome.nominal = occurrence.nominal;
    outcome.triggered = occurrence.triggered;
    outcome.skipped = reason;
    outcome.count = count;
    return outcome;
  }
};

}  // namespace cano::detail
