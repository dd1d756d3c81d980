// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include <cano/duration.hpp>
#include <cano/task/retry_policy.hpp>

namespace cano {

/// How often `poll` asks, and for how long.
struct PollOptions {
  Duration every = std::chrono::seconds{1};  ///< The pause after an ask; not negative.
  std::optional<RetryPolicy> backoff{};      ///< Pauses that change, instead of `every`.
  std::optional<Duration> within{};          ///< For all asks and pauses together; positive.
  std::optional<std::size_t> max_polls{};    ///< At most so many asks; at least 1.
};

}  // namespace cano
