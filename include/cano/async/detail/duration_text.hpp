// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <cano/duration.hpp>

namespace cano::detail {

/// A duration in the unit that a person would use: "250 ms", "2.5 s", "90 s", "5 min".
inline std::string duration_text(Duration duration) {
  using std::chrono::nanoseconds;
  struct Unit {
    std::int64_t length;  // in nanoseconds
    std::string_view name;
    bool is_whole;  // "1.667 min" is no way to say it
  };
  static constexpr std::array units{Unit{86'400'000'000'000, " d", true},
                                    Unit{3'600'000'000'000, " h", true},
                                    Unit{60'000'000'000, " min", true},
                                    Unit{1'000'000'000, " s", false},
                                    Unit{1'000'000, " ms", false},
                                    Unit{1'000, " us", false},
                                    Unit{1, " ns", false}};
  const std::int64_t count = std::chrono::duration_cast<nanoseconds>(duration).count();
  // Unsigned, as the least number has no positive counterpart.
  const std::uint64_t size =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  if (size == 0) return "0 s";
  for (const Unit& unit : units) {
    const auto length = static_cast<std::uint64_t>(unit.length);
    if (size < length || (unit.is_whole && size % length != 0)) continue;
    std::string text = (count < 0 ? "-" : "") + std::to_string(size / length);
    if (const std::uint64_t rest = size % length; rest != 0) {
      std::string digits = std::to_string(1000 + rest * 1000 / length).substr(1);
      digits.erase(digits.find_last_not_of('0') + 1);
      if (!digits.empty()) text += '.' + digits;
    }
    return text.append(unit.name);
  }
  return {};
}

}  // namespace cano::detail
