// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>

#include <cano/duration.hpp>

namespace cano::detail {

/// Holds the product of any two 64-bit numbers: rates times durations.
__extension__ using Wide = unsigned __int128;

inline constexpr Wide most_units = std::numeric_limits<std::uint64_t>::max();

/// The time that many nanoseconds later, or the end of time.
constexpr steady_time later_by(steady_time time, Wide nanoseconds) noexcept {
  constexpr auto longest = static_cast<Wide>(Duration::max().count());
  return saturating_add(time, nanoseconds > longest
                                  ? Duration::max()
                                  : Duration{static_cast<Duration::rep>(nanoseconds)});
}

}  // namespace cano::detail
