// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/adapters/time_zones.hpp>

bool has_zones() {
  const cano::TimeZone berlin = cano::TimeZone::iana("Europe/Berlin");
  return berlin.span_at(std::chrono::sys_days{std::chrono::July / 1 / 2025}).offset ==
         std::chrono::hours{2};
}
