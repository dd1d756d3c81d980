// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/detail/cron_calendar.hpp>
#include <cano/cron/detail/zone_search.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/calendar_interval.hpp>
#include <cano/schedule/detail/time_grid.hpp>
#include <cano/time/time_zone.hpp>

namespace cano {

namespace detail {

// Whether a unit of time is a whole number of another, which is of whole seconds. Without a
// quotient of the two, which need not fit.
template <class Period, class Unit>
inline constexpr bool
    is_multiple =  // NOLINTNEXTLINE(misc-redundant-expression): of one Period it is
    Period::den == 1 && Period::num % Unit::num == 0;

template <class Period>
inline constexpr bool is_of_months = is_multiple<Period, std::chrono::months::period>;
template <class Period>
inline constexpr bool is_of_years = is_multiple<Period, std::chrono::years::period>;

}  // namespace detail

/// When a job is due: at an interval, by a cron expression, or only when asked.
///
/// A plain value that knows no clock: ask it for the occurrence after any point in time.
///
///     Schedule::every(500ms);                                // by the steady clock
///     Schedule::every(15min, system_time{});                 // at :00, :15, :30 and :45
///     Schedule::every(std::chrono::months{3}, local_days{2025y / 1 / 31} + 9h, berlin);
///     Schedule::cron("0 9 * * MON-FRI", TimeZone::iana("Europe/Berlin"));
///     Schedule::manual();
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Schedule {
 public:
  /// What decides when a job is due.
  enum class Kind {
    Every,     ///< At a fixed interval.
    Cron,      ///< By a cron expression in a time zone.
    Manual,    ///< Never by itself.
    Grid,      ///< At a fixed interval on a grid through an anchor.
    Calendar,  ///< Every so many days or months at a local time.
  };

  /// At an interval, given as any `std::chrono` duration, by the steady clock.
  ///
  /// A day is 24 hours here and a year 365.2425 days. Months do not compile, since a month is
  /// not 30.44 days: give them, and years of the calendar, a local time as their anchor. One beyond
  /// the range of `Duration` (292 years) is taken, and never due.
  ///
  /// **Errors.** `Error(Configuration)`, with the interval, when it is less than `Duration`'s unit
  /// (1 ns): zero, negative, not a number.
  template <class Rep, class Period>
  static Schedule every(std::chrono::duration<Rep, Period> interval) {
    return Schedule{Kind::Every, fixed(interval)};
  }

  /// On a grid: at `anchor` and at whole intervals from it, before it and after it, by the clock on
  /// the wall.
  ///
  /// With `system_time{}`, which is a midnight, as the anchor every 15 minutes are those of the
  /// clock: a job that is started at 10:07 is due at 10:15 and 10:30.
  ///
  /// **Errors.** As for `every(interval)`.
  template <class Rep, class Period>
  static Schedule every(std::chrono::duration<Rep, Period> interval, system_time anchor) {
    Schedule schedule{Kind::Grid, fixed(interval)};
    schedule.grid_ = detail::TimeGrid{anchor, schedule.interval_};
    return schedule;
  }

  /// By the calendar: every so many days, weeks, months or years from a local date and time on, and
  /// likewise before it; at that time of day on the zone's clocks, whenever these are set.
  ///
  ///     Schedule::every(std::chrono::weeks{2}, local_days{2025y / 1 / 6} + 9h, berlin);
  ///
  /// A month without the anchor's day has it on its last day. A time of day that does not exist or
  /// comes twice is treated as `DstGap` and `DstFold` say.
  ///
  /// **Errors.** `Error(Configuration)` for less than one day or month, and for an anchor outside
  /// the years 1970 to 2261.
  template <std::integral Rep, class Period>
  static Schedule every(std::chrono::duration<Rep, Period> interval,
                        std::chrono::local_seconds anchor, TimeZone zone = TimeZone::utc()) {
    using Unit =
        std::conditional_t<detail::is_of_months<Period>, std::chrono::months, std::chrono::days>;
    static_assert(
        detail::is_multiple<Period, typename Unit::period>,
        "cano: a calendar interval is a number of days, weeks, months or years; hours and "
        "less have a system_time as their anchor");
    return calendar(
        detail::saturate_cast<std::chrono::duration<std::int64_t, typename Unit::period>>(interval)
            .count(),
        Unit{1}, anchor, std::move(zone));
  }

  /// Every day at a local time, given as the time since midnight.
  ///
  /// **Errors.** `Error(Configuration)` when it is not within a day.
  static Schedule daily(std::chrono::seconds time_of_day, TimeZone zone = TimeZone::utc()) {
    using std::chrono::days;
    if (time_of_day < std::chrono::seconds{0} || time_of_day >= days{1}) {
      throw Error{Errc::Configuration, "Schedule::daily: " + std::to_string(time_of_day.count()) +
                                           " s since midnight are no time of day"};
    }
    return every(days{1}, detail::first_local_day + time_of_day, std::move(zone));
  }

  /// By a cron expression, in UTC or another zone.
  ///
  /// **Errors.** `Error(Configuration)`: that of `CronExpression::parse`.
  static Schedule cron(std::string_view expression, TimeZone zone = TimeZone::utc()) {
    return cron(CronExpression::parse(expression), std::move(zone));
  }
  /// @overload
  static Schedule cron(CronExpression expression, TimeZone zone = TimeZone::utc()) {
    Schedule schedule{Kind::Cron, Duration::zero()};
    schedule.expression_ = expression;
    schedule.zone_ = std::move(zone);
    return schedule;
  }

  /// Only when triggered.
  static Schedule manual() { return Schedule{Kind::Manual, Duration::zero()}; }

  /// What decides when a job is due.
  Kind kind() const noexcept { return kind_; }

  /// The fixed interval of `every`, else zero. `Duration::max()` is never due.
  Duration interval() const noexcept { return interval_; }

  /// The expression of `cron`, else nothing.
  const std::optional<CronExpression>& expression() const noexcept { return expression_; }

  /// The zone of `cron` and of a calendar interval, else UTC.
  const TimeZone& zone() const noexcept { return zone_; }

  /// The first occurrence that is later than `time`; nothing when there is none.
  ///
  /// For an interval without an anchor that is one interval later: where it begins is the matter of
  /// who keeps it. The policies are those of `CronExpression`.
  std::optional<system_time> next_after(system_time time, DstGap gap = DstGap::ShiftForward,
                                        DstFold fold = DstFold::First) const {
    switch (kind_) {
      case Kind::Every:
      case Kind::Grid:
        if (interval_ == Duration::max()) return std::nullopt;
        return grid(time).next_after(time);
      case Kind::Cron:
        return expression_->next_after(time, zone_, gap, fold);
      case Kind::Calendar:
        return in_zone<detail::Forward>(gap, fold).find(
            std::chrono::floor<std::chrono::seconds>(time) + std::chrono::seconds{1});
      case Kind::Manual:
        break;
    }
    return std::nullopt;
  }

  /// The last occurrence that is earlier than `time`; nothing when there is none.
  std::optional<system_time> prev_before(system_time time, DstGap gap = DstGap::ShiftForward,
                                         DstFold fold = DstFold::First) const {
    switch (kind_) {
      case Kind::Every:
      case Kind::Grid:
        if (interval_ == Duration::max()) return std::nullopt;
        return grid(time).prev_before(time);
      case Kind::Cron:
        return expression_->prev_before(time, zone_, gap, fold);
      case Kind::Calendar:
        return in_zone<detail::Backward>(gap, fold).find(
            std::chrono::ceil<std::chrono::seconds>(time) - std::chrono::seconds{1});
      case Kind::Manual:
        break;
    }
    return std::nullopt;
  }

  /// How many occurrences are later than `after` and not later than `until`: by arithmetic, however
  /// many they are. Of an interval without an anchor as if it began at `after`.
  std::uint64_t count_between(system_time after, system_time until,
                              DstGap gap = DstGap::ShiftForward,
                              DstFold fold = DstFold::First) const {
    using std::chrono::floor;
    using std::chrono::seconds;
    switch (kind_) {
      case Kind::Every:
      case Kind::Grid:
        return interval_ == Duration::max() ? 0 : grid(after).count(after, until);
      case Kind::Cron:
        return expression_->count_between(after, until, zone_, gap, fold);
      case Kind::Calendar:
        return detail::ZoneCount<detail::CalendarInterval>{*calendar_, zone_, gap, fold}.count(
            floor<seconds>(after) + seconds{1}, floor<seconds>(until));
      case Kind::Manual:
        break;
    }
    return 0;
  }

  /// Whether it goes on by a clock on the wall that is put back, rather than name fixed times of
  /// day, which are not repeated then; see `CronExpression::repeats`.
  bool repeats() const noexcept {
    return kind_ == Kind::Cron ? expression_->repeats() : kind_ == Kind::Grid;
  }

  /// Whether both are of one kind, with equal intervals, expressions and zones.
  friend bool operator==(const Schedule&, const Schedule&) = default;

 private:
  Schedule(Kind kind, Duration interval) : kind_{kind}, interval_{interval} {}

  template <class Rep, class Period>
  static Duration fixed(std::chrono::duration<Rep, Period> interval) {
    static_assert(!detail::is_of_months<Period> || detail::is_of_years<Period>,
                  "cano: months have no fixed length: give a local time as the anchor, as "
                  "in Schedule::every(std::chrono::months{1}, anchor, zone)");
    const Duration rounded = detail::to_duration(interval);
    if (rounded <= Duration::zero()) {
      throw too_short(std::chrono::duration<double>{interval}.count());
    }
    return rounded;
  }

  template <class Unit>
  static Schedule calendar(std::int64_t count, Unit unit, std::chrono::local_seconds anchor,
                           TimeZone zone) {
    constexpr std::int64_t longest = 1'000'000;  // all that the type of days is sure to hold
    if (count < 1) {
      throw Error{
          Errc::Configuration,
          "Schedule::every: a calendar interval must be at least 1, not " + std::to_string(count)};
    }
    if (anchor < detail::first_local_day ||
        anchor >= detail::last_local_day + std::chrono::days{1}) {
      throw Error{
          Errc::Configuration,
          "Schedule::every: the anchor of a calendar interval must lie in the years 1970 to 2261"};
    }
    Schedule schedule{Kind::Calendar, Duration::zero()};
    schedule.calendar_ =
        detail::CalendarInterval{anchor, unit * static_cast<int>(std::min(count, longest))};
    schedule.zone_ = std::move(zone);
    return schedule;
  }

  // An interval without an anchor has one wherever it is asked.
  detail::TimeGrid grid(system_time time) const noexcept {
    return grid_ ? *grid_ : detail::TimeGrid{time, interval_};
  }

  template <class Direction>
  detail::ZoneSearch<Direction, detail::CalendarInterval> in_zone(DstGap gap, DstFold fold) const {
    return {*calendar_, zone_, gap, fold};
  }

  static Error too_short(double seconds) {
    char text[32];
    char* const end = std::to_chars(text, text + sizeof text, seconds).ptr;
    return Error{Errc::Configuration, "Schedule::every: the interval must be at least 1 ns, not " +
                                          std::string{text, end} + " s"};
  }

  Kind kind_;
  Duration interval_;
  std::optional<CronExpression> expression_{};
  std::optional<detail::TimeGrid> grid_{};
  std::optional<detail::CalendarInterval> calendar_{};
  TimeZone zone_{};
};

}  // namespace cano
