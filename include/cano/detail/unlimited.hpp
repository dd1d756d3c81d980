// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>

namespace cano::detail {

/// In place of a count: without an end. No negative number converts to it.
inline constexpr std::size_t unlimited =
    static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

/// "4", or "unlimited".
inline std::string count_text(std::size_t count) {
  return count == unlimited ? "unlimited" : std::to_string(count);
}

}  // namespace cano::detail
