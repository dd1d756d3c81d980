// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cano::detail {

/// A field of a cron expression, or the expression as a whole.
enum class CronField { Expression, Second, Minute, Hour, DayOfMonth, Month, DayOfWeek, Year };

/// The name of a field, its range and the names of its values.
struct CronFieldInfo {
  std::string_view name;
  int low, high;           // what may be written
  int count;               // of distinct values: Sunday is both 0 and 7
  std::string_view names;  // three letters each, the first one for `low`
};

constexpr int first_cron_year = 1970;
// The last whole year of `system_time`.
constexpr int last_cron_year = 2261;

constexpr CronFieldInfo cron_field_info(CronField field) noexcept {
  switch (field) {
    case CronField::Second:
      return {"second", 0, 59, 60, ""};
    case CronField::Minute:
      return {"minute", 0, 59, 60, ""};
    case CronField::Hour:
      return {"hour", 0, 23, 24, ""};
    case CronField::DayOfMonth:
      return {"day of month", 1, 31, 31, ""};
    case CronField::Month:
      return {"month", 1, 12, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"};
    case CronField::DayOfWeek:
      return {"day of week", 0, 7, 7, "SUNMONTUEWEDTHUFRISAT"};
    case CronField::Year:
      return {"year", first_cron_year, last_cron_year, last_cron_year - first_cron_year + 1, ""};
    case CronField::Expression:
      break;
  }
  return {"", 0, 0, 0, ""};
}

using CronBits = std::uint64_t;

constexpr CronBits cron_bit(int index) noexcept { return CronBits{1} << index; }

// The bits low to high, both included.
constexpr CronBits cron_bits(int low, int high) noexcept {
  return (~CronBits{0} >> (63 - high)) & (~CronBits{0} << low);
}

constexpr bool has_bit(CronBits bits, int index) noexcept { return (bits >> index & 1) != 0; }

// The lowest bit from `index` up, or -1.
constexpr int bit_from(CronBits bits, int index) noexcept {
  if (index > 63) return -1;
  const CronBits rest = bits >> index << index;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

// The highest bit from `index` down, or -1.
constexpr int bit_down_from(CronBits bits, int index) noexcept {
  if (index < 0) return -1;
  const CronBits rest = index >= 63 ? bits : bits & (cron_bit(index + 1) - 1);
  return 63 - std::countl_zero(rest);
}

// The years of an expression.
class CronYears {
 public:
  constexpr void insert(int year) noexcept { word(year) |= cron_bit(at(year) % 64); }

  constexpr bool contains(int year) const noexcept {
    if (year < first_cron_year || year > last_cron_year) return false;
    return has_bit(words_[static_cast<std::size_t>(at(year) / 64)], at(year) % 64);
  }

  friend constexpr bool operator==(const CronYears&, const CronYears&) = default;

 private:
  static constexpr int at(int year) noexcept { return year - first_cron_year; }
  constexpr CronBits& word(int year) noexcept {
    return words_[static_cast<std::size_t>(at(year) / 64)];
  }

  std::array<CronBits, (last_cron_year - first_cron_year) / 64 + 1> words_{};
};

inline constexpr CronYears all_cron_years = [] {
  CronYears years;
  for (int year = first_cron_year; year <= last_cron_year; ++year)
    years.insert(year);
  return years;
}();

// The values that each field of an expression allows, in sets of bits.
struct CronFields {
  CronBits seconds = 0;
  CronBits minutes = 0;
  CronBits hours = 0;
  CronBits days = 0;              // 1 to 31
  CronBits nearest_weekdays = 0;  // 15W is 15
  CronBits months = 0;            // 1 to 12
  CronBits weekdays = 0;          // 0 is Sunday
  CronBits nth_weekdays = 0;      // FRI#2 is 5 + 7 * (2 - 1)
  CronBits last_weekdays = 0;     // 5L is 5
  CronYears years;
  std::uint32_t days_before_last = 0;     // L is 0, L-3 is 3
  std::uint32_t nearest_before_last = 0;  // LW is 0, L-3W is 3
  std::uint8_t wildcards = 0;             // a bit per CronField: begins with * or ?

  // Adds one value of a field, as cron counts them (Sunday is 0).
  constexpr void insert(CronField field, int value) noexcept {
    if (field == CronField::Year) {
      years.insert(value);
    } else {
      this->*values_of(field) |= cron_bit(value);
    }
  }

  constexpr bool contains(CronField field, int value) const noexcept {
    return field == CronField::Year ? years.contains(value)
                                    : has_bit(this->*values_of(field), value);
  }

  constexpr bool is_wildcard(CronField field) const noexcept {
    return has_bit(wildcards, static_cast<int>(field));
  }

  constexpr void set_wildcard(CronField field) noexcept {
    wildcards = static_cast<std::uint8_t>(wildcards | cron_bit(static_cast<int>(field)));
  }

  // Whether the times of day repeat, rather than being fixed points on the clock.
  constexpr bool repeats() const noexcept {
    return is_wildcard(CronField::Second) || is_wildcard(CronField::Minute) ||
           is_wildcard(CronField::Hour);
  }

  friend constexpr bool operator==(const CronFields&, const CronFields&) = default;

 private:
  static constexpr CronBits CronFields::* values_of(CronField field) noexcept {
    constexpr std::array<CronBits CronFields::*, 6> sets{
        &CronFields::seconds, &CronFields::minutes, &CronFields::hours,
        &CronFields::days,    &CronFields::months,  &CronFields::weekdays};
    return sets[static_cast<std::size_t>(field) - static_cast<std::size_t>(CronField::Second)];
  }
};

}  // namespace cano::detail
