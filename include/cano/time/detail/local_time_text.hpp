// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <cano/duration.hpp>

namespace cano::detail {

/// Appends a number that is not negative with at least `width` digits.
inline void append_digits(std::string& text, std::int64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

/// "09:30" or "09:30:15".
inline void append_clock(std::string& text, std::chrono::seconds since_midnight,
                         bool with_seconds) {
  const std::int64_t total = since_midnight.count();
  append_digits(text, total / 3600, 2);
  append_digits(text += ':', total / 60 % 60, 2);
  if (with_seconds) append_digits(text += ':', total % 60, 2);
}

/// `2025-03-30T03:30:00+02:00` (ISO 8601), with a fraction of the second where there is one.
inline std::string local_time_text(system_time time, std::chrono::seconds offset) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time);
  const sys_seconds local = whole + offset;
  const auto day = floor<days>(local);
  const year_month_day date{day};
  const int year = static_cast<int>(date.year());
  std::string text = year < 0 ? "-" : "";
  append_digits(text, year < 0 ? -year : year, 4);
  append_digits(text += '-', static_cast<unsigned>(date.month()), 2);
  append_digits(text += '-', static_cast<unsigned>(date.day()), 2);
  append_clock(text += 'T', local - day, true);
  if (const nanoseconds rest = time - whole; rest.count() != 0) {
    append_digits(text += '.', rest.count(), 9);
    text.erase(text.find_last_not_of('0') + 1);
  }
  const seconds distance = offset < seconds{0} ? -offset : offset;
  append_clock(text += offset < seconds{0} ? '-' : '+', distance,
               distance % minutes{1} != seconds{0});
  return text;
}

}  // namespace cano::detail
