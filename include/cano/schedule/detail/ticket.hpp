// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/observe/skip_reason.hpp>
#include <cano/schedule/job_outcome.hpp>

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

  /// What becomes of it when it does not run; `count`: with others that were skipped before it.
  JobOutcome skipped(std::string id, SkipReason reason, std::uint64_t count) const {
    JobOutcome outcome;
    outcome.id = std::move(id);
    outcome.nominal = nominal;
    outcome.triggered = triggered;
    outcome.skipped = reason;
    outcome.count = count;
    return outcome;
  }
};

}  // namespace cano::detail
