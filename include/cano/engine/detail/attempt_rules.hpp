// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include <cano/duration.hpp>
#include <cano/engine/detail/retry_rules.hpp>
#include <cano/limit/detail/attempt_gate.hpp>

namespace cano::detail {

/// How the attempts of a visit to a state run: a `TaskConfig`, as the engine reads it.
struct AttemptRules {
  RetryRules retry{};
  std::optional<Duration> attempt_timeout{};  // of each attempt
  std::optional<Duration> timeout{};          // of all attempts and pauses of a visit
  bool is_uninterruptible = false;
  std::shared_ptr<const AttemptGate> gate{};  // null where an attempt has nothing to pass

  /// Whether an attempt needs more than to be called and tried again.
  bool has_limits() const noexcept {
    return attempt_timeout || timeout || retry.max_elapsed || is_uninterruptible || gate;
  }
};

}  // namespace cano::detail
