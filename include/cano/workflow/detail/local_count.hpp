// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace cano::detail {

/// A number that is changed in a register, and written back however the scope is left.
struct LocalCount {
  explicit LocalCount(std::size_t& number) noexcept : now{number}, total{number} {}
  LocalCount(const LocalCount&) = delete;
  LocalCount& operator=(const LocalCount&) = delete;
  ~LocalCount() { total = now; }

  std::size_t now;
  std::size_t& total;
};

}  // namespace cano::detail
