// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <cano/adapters/time_zones.hpp>

namespace cano_test {

/// Every zone of the system's time-zone database.
inline std::vector<std::string> zone_names() {
#if defined(__cpp_lib_chrono) && __cpp_lib_chrono >= 201907L
  const auto& database = std::chrono::get_tzdb();
#else
  const auto& database = date::get_tzdb();
#endif
  std::vector<std::string> names;
  for (const auto& zone : database.zones)
    names.emplace_back(zone.name());
  return names;
}

}  // namespace cano_test
