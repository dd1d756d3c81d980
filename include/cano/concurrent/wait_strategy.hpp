// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include <cano/duration.hpp>

namespace cano {

/// Waits for every instance.
struct WaitForever {
  bool operator==(const WaitForever&) const = default;
};

/// Waits until `quota` instances have finished, then cancels the rest; 0 cancels all.
struct WaitForQuota {
  std::size_t quota;            ///< How many instances to wait for.
  bool successes_only = false;  ///< Whether a failed instance does not count.

  bool operator==(const WaitForQuota&) const = default;
};

/// Waits that long, then cancels the instances that have not finished.
struct WaitDuration {
  Duration limit;  ///< From the start of the batch.

  bool operator==(const WaitDuration&) const = default;
};

/// Waits for the quota or that long, whichever comes first.
struct WaitQuotaOrDuration {
  std::size_t quota;            ///< How many instances to wait for.
  Duration limit;               ///< From the start of the batch.
  bool successes_only = false;  ///< Whether a failed instance does not count.

  bool operator==(const WaitQuotaOrDuration&) const = default;
};

/// When a batch has waited long enough for its instances.
using WaitStrategy = std::variant<WaitForever, WaitForQuota, WaitDuration, WaitQuotaOrDuration>;

/// "wait_forever", "wait_for_quota", "wait_duration" or "wait_quota_or_duration".
inline std::string_view to_string(const WaitStrategy& strategy) noexcept {
  constexpr std::string_view names[] = {"wait_forever", "wait_for_quota", "wait_duration",
                                        "wait_quota_or_duration"};
  return names[strategy.index()];
}

namespace detail {

struct Quota {
  std::size_t count;
  bool successes_only;
};

inline std::optional<Quota> quota_of(const WaitStrategy& strategy) {
  return std::visit(
      [](const auto& wait) -> std::optional<Quota> {
        if constexpr (requires { wait.quota; }) return Quota{wait.quota, wait.successes_only};
        return std::nullopt;
      },
      strategy);
}

inline std::optional<Duration> limit_of(const WaitStrategy& strategy) {
  return std::visit(
      [](const auto& wait) -> std::optional<Duration> {
        if constexpr (requires { wait.limit; }) return wait.limit;
        return std::nullopt;
      },
      strategy);
}

}  // namespace detail
}  // namespace cano
