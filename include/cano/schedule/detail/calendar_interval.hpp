// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <cano/cron/detail/cron_calendar.hpp>
#include <cano/cron/detail/cron_fields.hpp>

namespace cano::detail {

// The local times at whole numbers of days, or of months, from an anchor, before it and after it.
//
// In a month without the anchor's day it is the last day. Pure; the anchor is in the years that
// cron knows.
class CalendarInterval {
 public:
  using local_seconds = std::chrono::local_seconds;

  constexpr CalendarInterval(local_seconds anchor, std::chrono::days days) noexcept
      : anchor_{anchor}, days_{std::min(days.count(), longest)} {}
  constexpr CalendarInterval(local_seconds anchor, std::chrono::months months) noexcept
      : anchor_{anchor}, months_{std::min(months.count(), longest)} {}

  constexpr local_seconds anchor() const noexcept { return anchor_; }

  // Its times are fixed points on the clock.
  static constexpr bool repeats() noexcept { return false; }

  template <class Direction>
  constexpr std::optional<local_seconds> find(local_seconds from) const noexcept {
    using std::chrono::seconds;
    from = std::clamp<local_seconds>(from, first_local_day - seconds{1}, end);
    const std::int64_t index =
        Direction::step > 0 ? last_index(from - seconds{1}) + 1 : last_index(from);
    const local_seconds found = at(index);
    if (found < first_local_day || found >= end) return std::nullopt;
    return found;
  }

  constexpr std::uint64_t count(local_seconds first, local_seconds last) const noexcept {
    using std::chrono::seconds;
    first = std::max<local_seconds>(first, first_local_day);
    last = std::min(last, end - seconds{1});
    if (first > last) return 0;
    return static_cast<std::uint64_t>(last_index(last) - last_index(first - seconds{1}));
  }

  friend constexpr bool operator==(const CalendarInterval&, const CalendarInterval&) = default;

 private:
  using Number = std::int64_t;

  // More than there are years, in days and in months; no product overflows.
  static constexpr Number longest = 1'000'000;
  static constexpr local_seconds end = last_local_day + std::chrono::days{1};

  static constexpr Number floor_divide(Number a, Number b) noexcept {
    return a / b - (a % b < 0 ? 1 : 0);
  }

  static constexpr Number months_of(std::chrono::local_days day) noexcept {
    const std::chrono::year_month_day date{day};
    return Number{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
  }

  // The number of the last time that is not later than `time`; the anchor has number 0.
  constexpr Number last_index(local_seconds time) const noexcept {
    using std::chrono::days;
    if (days_ > 0) return floor_divide((time - anchor_).count(), days_ * 86'400);
    const Number passed =
        months_of(std::chrono::floor<days>(time)) - months_of(std::chrono::floor<days>(anchor_));
    const Number index = floor_divide(passed, months_);
    return at(index) <= time ? index : index - 1;
  }

  constexpr local_seconds at(Number index) const noexcept {
    using namespace std::chrono;
    if (days_ > 0) return anchor_ + days{index * days_};
    const auto day = floor<days>(anchor_);
    const year_month_day date{day};
    const Number months = months_of(day) + index * months_;
    const Number year = floor_divide(months, 12);
    if (year < first_cron_year - 1) return local_seconds::min();
    if (year > last_cron_year) return local_seconds::max();
    const auto month =
        std::chrono::year{static_cast<int>(year)} / static_cast<int>(months - year * 12 + 1);
    const auto last_day = (month / last).day();
    return local_days{month / std::min(date.day(), last_day)} + (anchor_ - day);
  }

  local_seconds anchor_;
  Number days_ = 0;  // one of the two is 0
  Number months_ = 0;
};

}  // namespace cano::detail
