// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>

#include <cano/cron/detail/cron_fields.hpp>

namespace cano::detail {

// The local times that an expression names, without any time zone.

inline constexpr std::chrono::local_days first_local_day{std::chrono::year{first_cron_year} / 1 /
                                                         1};
inline constexpr std::chrono::local_days last_local_day{std::chrono::year{last_cron_year} / 12 /
                                                        31};

// One month, as far as cron looks at it.
struct CronMonth {
  int year, month;
  int length;  // days
  int first;   // weekday of its first day, 0 is Sunday

  constexpr CronMonth(int y, int m) noexcept : year{y}, month{m} {
    using namespace std::chrono;
    const auto start = std::chrono::year{y} / m;
    length = static_cast<int>(static_cast<unsigned>((start / last).day()));
    first = static_cast<int>(weekday{local_days{start / 1}}.c_encoding());
  }

  constexpr int weekday_of(int day) const noexcept { return (first + day - 1) % 7; }

  // The day from Monday to Friday that is nearest to `day` in this month, 0 when it has no `day`.
  constexpr int working_day_near(int day) const noexcept {
    if (day > length) return 0;
    switch (weekday_of(day)) {
      case 6:
        return day == 1 ? 3 : day - 1;
      case 0:
        return day == length ? day - 2 : day + 1;
      default:
        return day;
    }
  }
};

// Set bits `weekdays` (0 is Sunday) turned so that bit 0 is the weekday `first`.
constexpr CronBits turn_week(CronBits weekdays, int first) noexcept {
  return (weekdays >> first | weekdays << (7 - first)) & cron_bits(0, 6);
}

// The days of a month that the day of month field names.
constexpr CronBits days_by_date(const CronFields& fields, const CronMonth& month) noexcept {
  CronBits days = fields.days;
  for (int back = bit_from(fields.days_before_last, 0); back >= 0;
       back = bit_from(fields.days_before_last, back + 1)) {
    if (back < month.length) days |= cron_bit(month.length - back);
  }
  for (int near = bit_from(fields.nearest_weekdays, 0); near >= 0;
       near = bit_from(fields.nearest_weekdays, near + 1)) {
    days |= cron_bit(month.working_day_near(near));
  }
  for (int back = bit_from(fields.nearest_before_last, 0); back >= 0;
       back = bit_from(fields.nearest_before_last, back + 1)) {
    if (back < month.length) days |= cron_bit(month.working_day_near(month.length - back));
  }
  return days & cron_bits(1, month.length);
}

// The days of a month that the day of week field names.
constexpr CronBits days_by_weekday(const CronFields& fields, const CronMonth& month) noexcept {
  CronBits days = 0;
  for (int week = 0; week < 5; ++week) {
    const CronBits nth = fields.nth_weekdays >> (7 * week) & cron_bits(0, 6);
    days |= turn_week(fields.weekdays | nth, month.first) << (1 + 7 * week);
  }
  const int last_week = month.length - 6;
  days |= turn_week(fields.last_weekdays, month.weekday_of(last_week)) << last_week;
  return days & cron_bits(1, month.length);
}

// Vixie's rule: when both fields are restricted, a day that either names will do.
constexpr CronBits days_of(const CronFields& fields, const CronMonth& month) noexcept {
  const CronBits by_date = days_by_date(fields, month);
  const CronBits by_weekday = days_by_weekday(fields, month);
  const bool either =
      !fields.is_wildcard(CronField::DayOfMonth) && !fields.is_wildcard(CronField::DayOfWeek);
  return either ? by_date | by_weekday : by_date & by_weekday;
}

// Whether any date in the years of an expression is one that it names.
constexpr bool has_dates(const CronFields& fields) noexcept {
  // What a year looks like depends on its first weekday and on whether it is a leap year alone.
  std::uint32_t seen = 0;
  for (int year = first_cron_year; year <= last_cron_year; ++year) {
    if (!fields.years.contains(year)) continue;
    const CronMonth january{year, 1};
    const bool is_leap = std::chrono::year{year}.is_leap();
    const auto kind = std::uint32_t{1} << (january.first + (is_leap ? 7 : 0));
    if ((seen & kind) != 0) continue;
    seen |= kind;
    for (int month = bit_from(fields.months, 1); month >= 1;
         month = bit_from(fields.months, month + 1)) {
      if (days_of(fields, CronMonth{year, month}) != 0) return true;
    }
  }
  return false;
}

// A time on some day, in a form that fields are compared with.
struct TimeOfDay {
  int hour, minute, second;

  constexpr std::chrono::seconds since_midnight() const noexcept {
    return std::chrono::seconds{hour * 3600 + minute * 60 + second};
  }
};

constexpr TimeOfDay split_time(std::chrono::seconds since_midnight) noexcept {
  const auto total = static_cast<int>(since_midnight.count());
  return {total / 3600, total / 60 % 60, total % 60};
}

// The two directions of a search: Forward finds the earliest at or after a point, Backward the
// latest at or before it.
struct Forward {
  static constexpr int step = 1;
  static constexpr TimeOfDay start_of_day{0, 0, 0};
  static constexpr int first_month = 1, first_day = 1;
  static constexpr int find(CronBits bits, int from) noexcept { return bit_from(bits, from); }
};
/// The direction into the past.
struct Backward {
  static constexpr int step = -1;
  static constexpr TimeOfDay start_of_day{23, 59, 59};
  static constexpr int first_month = 12, first_day = 31;
  static constexpr int find(CronBits bits, int from) noexcept { return bit_down_from(bits, from); }
};

template <class Direction>
constexpr std::optional<TimeOfDay> find_time(const CronFields& fields, TimeOfDay from) noexcept {
  constexpr TimeOfDay start = Direction::start_of_day;
  int hour = Direction::find(fields.hours, from.hour);
  if (hour < 0) return std::nullopt;
  if (hour != from.hour) from = {hour, start.minute, start.second};
  int second = Direction::find(fields.seconds, from.second);
  if (second < 0) {
    second = Direction::find(fields.seconds, start.second);
    from.minute += Direction::step;
  }
  int minute = Direction::find(fields.minutes, from.minute);
  if (minute < 0) {
    hour = Direction::find(fields.hours, hour + Direction::step);
    if (hour < 0) return std::nullopt;
    minute = Direction::find(fields.minutes, start.minute);
  }
  if (hour != from.hour || minute != from.minute) {
    second = Direction::find(fields.seconds, start.second);
  }
  return TimeOfDay{hour, minute, second};
}

template <class Direction>
constexpr std::optional<std::chrono::local_days> find_day(
    const CronFields& fields, std::chrono::year_month_day from) noexcept {
  int year = static_cast<int>(from.year());
  int month = static_cast<int>(static_cast<unsigned>(from.month()));
  int day = static_cast<int>(static_cast<unsigned>(from.day()));
  for (; year >= first_cron_year && year <= last_cron_year; year += Direction::step) {
    if (fields.years.contains(year)) {
      for (int found = Direction::find(fields.months, month); found >= 1;
           found = Direction::find(fields.months, found + Direction::step)) {
        if (found != month) day = Direction::first_day;
        const int match = Direction::find(days_of(fields, CronMonth{year, found}), day);
        if (match >= 1) {
          return std::chrono::local_days{std::chrono::year{year} / found / match};
        }
      }
    }
    month = Direction::first_month;
    day = Direction::first_day;
  }
  return std::nullopt;
}

template <class Direction>
constexpr std::optional<std::chrono::local_seconds> find_local(
    const CronFields& fields, std::chrono::local_seconds from) noexcept {
  using namespace std::chrono;
  // A point outside the years that there are is moved to where they begin.
  const local_seconds end = last_local_day + days{1};
  if (Direction::step > 0 && from < first_local_day) from = first_local_day;
  if (Direction::step < 0 && from >= end) from = end - seconds{1};

  const auto today = floor<days>(from);
  const auto day = find_day<Direction>(fields, year_month_day{today});
  if (!day) return std::nullopt;
  if (*day == today) {
    if (const auto time = find_time<Direction>(fields, split_time(from - today))) {
      return today + time->since_midnight();
    }
  } else {
    return *day + find_time<Direction>(fields, Direction::start_of_day)->since_midnight();
  }
  const auto later = find_day<Direction>(fields, year_month_day{today + days{Direction::step}});
  if (!later) return std::nullopt;
  return *later + find_time<Direction>(fields, Direction::start_of_day)->since_midnight();
}

// How many times of a day, up to and with `last`, an expression names.
constexpr std::uint64_t count_times(const CronFields& fields, TimeOfDay last) noexcept {
  const auto below = [](CronBits bits, int end) {
    return static_cast<std::uint64_t>(std::popcount(bits & (cron_bit(end) - 1)));
  };
  const std::uint64_t an_hour = below(fields.minutes, 60) * below(fields.seconds, 60);
  std::uint64_t count = below(fields.hours, last.hour) * an_hour;
  if (!has_bit(fields.hours, last.hour)) return count;
  count += below(fields.minutes, last.minute) * below(fields.seconds, 60);
  if (has_bit(fields.minutes, last.minute)) count += below(fields.seconds, last.second + 1);
  return count;
}

// How many days from first to last, both included, an expression names.
constexpr std::uint64_t count_days(const CronFields& fields, std::chrono::local_days first_day,
                                   std::chrono::local_days last_day) noexcept {
  const std::chrono::year_month_day first{first_day}, last{last_day};
  std::uint64_t count = 0;
  for (auto month = first.year() / first.month(); month <= last.year() / last.month();
       month += std::chrono::months{1}) {
    const int year = static_cast<int>(month.year());
    const int number = static_cast<int>(static_cast<unsigned>(month.month()));
    if (!fields.years.contains(year) || !has_bit(fields.months, number)) continue;
    CronBits days = days_of(fields, CronMonth{year, number});
    const auto day_of = [](std::chrono::year_month_day date) {
      return static_cast<int>(static_cast<unsigned>(date.day()));
    };
    if (month == first.year() / first.month()) days &= cron_bits(day_of(first), 31);
    if (month == last.year() / last.month()) days &= cron_bits(1, day_of(last));
    count += static_cast<std::uint64_t>(std::popcount(days));
  }
  return count;
}

// How many local times from first to last, both included, an expression names.
constexpr std::uint64_t count_local(const CronFields& fields, std::chrono::local_seconds first,
                                    std::chrono::local_seconds last) noexcept {
  using namespace std::chrono;
  first = std::max<local_seconds>(first, first_local_day);
  last = std::min<local_seconds>(last, last_local_day + days{1} - seconds{1});
  if (first > last) return 0;
  const auto first_day = floor<days>(first), last_day = floor<days>(last);
  const auto is_named = [&](local_days day) { return count_days(fields, day, day) == 1; };
  const std::uint64_t a_day = count_times(fields, {23, 59, 59});
  std::uint64_t count = count_days(fields, first_day, last_day) * a_day;
  if (first > first_day && is_named(first_day)) {
    count -= count_times(fields, split_time(first - seconds{1} - first_day));
  }
  if (is_named(last_day)) count -= a_day - count_times(fields, split_time(last - last_day));
  return count;
}

// The local times of an expression, as a search in a zone asks for them.
struct CronTimes {
  const CronFields& fields;

  // Whether the times repeat, rather than being fixed points on the clock.
  constexpr bool repeats() const noexcept { return fields.repeats(); }

  template <class Direction>
  constexpr std::optional<std::chrono::local_seconds> find(
      std::chrono::local_seconds from) const noexcept {
    return find_local<Direction>(fields, from);
  }

  constexpr std::uint64_t count(std::chrono::local_seconds first,
                                std::chrono::local_seconds last) const noexcept {
    return count_local(fields, first, last);
  }
};

}  // namespace cano::detail
