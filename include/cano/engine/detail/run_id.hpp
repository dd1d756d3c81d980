// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <cano/detail/random_bits.hpp>

namespace cano::detail {

/// "5f3c01-12": a random part for the process, so that the logs of two processes can be put
/// together, and a number. Short enough for a string to hold without an allocation.
inline std::string make_run_id() {
  static const std::string process = [] {
    constexpr char digits[] = "0123456789abcdef";
    std::uint64_t random = system_entropy();
    std::string id;
    for (int i = 0; i < 6; ++i, random /= 16)
      id += digits[random % 16];
    return id + '-';
  }();
  static std::atomic<std::uint64_t> count{0};
  return process + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
}

}  // namespace cano::detail
