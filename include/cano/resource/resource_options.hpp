// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <type_traits>

#include <cano/duration.hpp>

namespace cano {

/// How long a resource of a `ResourceSet` may take; each positive.
struct ResourceOptions {
  std::optional<Duration> set_up_within{};               ///< For ever by default.
  Duration tear_down_within = std::chrono::seconds{30};  ///< Then it counts as failed.
  Duration health_within = std::chrono::seconds{5};      ///< Then it counts as unhealthy.
};
static_assert(std::is_trivially_destructible_v<ResourceOptions>);

}  // namespace cano
