// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

namespace cano::detail {

/// "5f3c01-12": a random part for the process, so that the logs of two processes can be put
/// together, and a number. Short enough for a string to hold without an allocation.
inline std::string make_run_id() {
  static const std::string process = [] {
    constexpr char digits[] = "0123456789abcdef";
    std::random_device random;
    std::string id;
    for (int i = 0; i < 6; ++i)
      id += digits[random() % 16];
    return id + '-';
  }();
  static std::atomic<std::uint64_t> count{0};
  return process + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
}

}  // namespace cano::detail
