// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>

#include <cano/duration.hpp>

namespace cano_test {

/// "2025-03-30 01:30:00", or "never": what a failed check shows.
inline std::string text(std::optional<cano::system_time> time) {
  using namespace std::chrono;
  if (!time) return "never";
  const auto second = floor<seconds>(*time);
  const year_month_day date{floor<days>(second)};
  const hh_mm_ss clock{second - floor<days>(second)};
  char result[64];
  std::snprintf(result, sizeof result, "%04d-%02u-%02u %02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return result;
}

/// The time in UTC that `text` writes: "2025-03-30 01:30:00" or "2025-03-30 01:30".
inline std::chrono::sys_seconds utc(const char* text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const int found =
      std::sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  if (found < 5) throw std::invalid_argument{text};
  return std::chrono::sys_days{std::chrono::year{year} / month / day} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

}  // namespace cano_test
