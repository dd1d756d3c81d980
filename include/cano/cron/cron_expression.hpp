// SPDX-License-Identifier: MIT
#pragma once

// cron/: cron expressions and the times that they name.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cano/cron/detail/cron_calendar.hpp>
#include <cano/cron/detail/cron_describe.hpp>
#include <cano/cron/detail/cron_error.hpp>
#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/detail/cron_parser.hpp>
#include <cano/cron/detail/cron_syntax.hpp>
#include <cano/cron/detail/cron_text.hpp>
#include <cano/cron/detail/zone_search.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/result.hpp>
#include <cano/time/time_zone.hpp>

namespace cano {

namespace detail {
struct CronMaker;
}  // namespace detail

/// Points in time that come round, as crontab writes them: `"30 9 * * MON-FRI"`.
///
/// A small value, made once and asked often. It needs no scheduler and no time-zone database.
///
///     using namespace cano::literals;
///     constexpr auto opening = "0 9 * * MON-FRI"_cron;      // a mistake does not compile
///     auto given = cano::CronExpression::parse(text);       // a mistake throws
///     auto next = given.next_after(std::chrono::system_clock::now());
///
/// **Fields.** Five, between blanks: minute (0-59), hour (0-23), day of month (1-31), month (1-12
/// or JAN-DEC), day of week (0-7 or SUN-SAT: 0 and 7 are Sunday, whatever the number of fields).
/// With six, the second (0-59) comes first; else it is 0. With seven, the year (1970-2261) comes
/// last. Blanks and line ends around the whole do not matter. In place of all there may be a name:
/// `@yearly`, `@annually`, `@monthly`, `@weekly`,
/// `@daily`, `@midnight` or `@hourly`. Letters are of any case.
///
/// A field is a list of items, separated by commas:
///
/// - `*`: every value.
/// - `5`, `MON`: that value.
/// - `9-17`: a range; `22-2` and `FRI-MON` run on past the end of the field.
/// - `*/15`, `9-17/2`, `5/15`: every n-th value of all, of a range, from a value to the end.
/// - `?`, alone, for day of month or day of week: the same as `*`.
/// - `L`, `L-3`, for day of month: the last day, the day three days before it.
/// - `15W`, `LW`, `L-3W`, for day of month: the day from Monday to Friday that is nearest to the
///   15th, to the last day, to the day three days before it, within the month; a month without that
///   day has none.
/// - `FRI#2`, for day of week: the second Friday of the month.
/// - `5L`, `FRIL`, for day of week: the last Friday of the month.
///
/// **Wildcards.** A field is a wildcard when it begins with `*` or `?`, with a step or without, or
/// with a step from the field's first value (minute `0/15` is `*/15`). When neither day field is a
/// wildcard, a day that *either* of them names is due (Vixie's rule): `0 0 13 * FRI` is each 13th
/// and each Friday. When one is, both must agree: `0 0 */2 * FRI` is each Friday with an odd date.
///
/// **Daylight saving time.** An expression whose second, minute and hour are no wildcards names
/// fixed times of day. In a zone, `DstGap` and `DstFold` say what becomes of them where clocks are
/// changed; times that fall together are one. Any other expression, such as `*/15 * * * *` or
/// `30 * * * *`, repeats: it is due at every moment at which the zone's clocks show a time that
/// matches. So it goes on evenly where clocks are put forward, and runs through the hour that comes
/// twice both times. Debian's cron distinguishes the two in the same way, and treats fixed times as
/// `RunAtGapEnd` and `First` do.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class CronExpression {
 public:
  /// Reads an expression.
  ///
  /// **Errors.** `Error(Configuration)` that names the field, the column (from 1, in bytes) and
  /// what is wrong there.
  static CronExpression parse(std::string_view text) { return try_parse(text).value(); }

  /// `parse` that returns its error.
  static Result<CronExpression> try_parse(std::string_view text) {
    const auto [fields, problem] = detail::CronParser{text}.parse();
    if (problem.fault != detail::CronFault::None) return detail::cron_error(text, problem);
    return CronExpression{fields};
  }

  /// The first occurrence that is later than `time`, in UTC; nothing when none is left up to 2261,
  /// the last whole year of `system_time`.
  ///
  /// It goes from month to month, so that even the answer for 31 February comes in microseconds.
  constexpr std::optional<system_time> next_after(system_time time) const noexcept {
    return in_utc(detail::find_local<detail::Forward>(fields_, as_local(second_after(time))));
  }

  /// The last occurrence that is earlier than `time`, in UTC; nothing when there is none from 1970.
  constexpr std::optional<system_time> prev_before(system_time time) const noexcept {
    return in_utc(detail::find_local<detail::Backward>(fields_, as_local(second_before(time))));
  }

  /// The first occurrence that is later than `time`, in a zone.
  ///
  /// **Errors.** What the zone's rules throw.
  std::optional<system_time> next_after(system_time time, const TimeZone& zone,
                                        DstGap gap = DstGap::ShiftForward,
                                        DstFold fold = DstFold::First) const {
    if (zone.is_utc()) return next_after(time);
    return in_zone<detail::Forward>(zone, gap, fold).find(second_after(time));
  }

  /// The last occurrence that is earlier than `time`, in a zone.
  ///
  /// **Errors.** What the zone's rules throw.
  std::optional<system_time> prev_before(system_time time, const TimeZone& zone,
                                         DstGap gap = DstGap::ShiftForward,
                                         DstFold fold = DstFold::First) const {
    if (zone.is_utc()) return prev_before(time);
    return in_zone<detail::Backward>(zone, gap, fold).find(second_before(time));
  }

  /// How many occurrences are later than `after` and not later than `until`, in UTC.
  ///
  /// By arithmetic, month by month: a century of seconds is counted in microseconds.
  constexpr std::uint64_t count_between(system_time after, system_time until) const noexcept {
    return detail::count_local(fields_, as_local(second_after(after)),
                               as_local(std::chrono::floor<std::chrono::seconds>(until)));
  }

  /// The same in a zone, as `next_after` would find them.
  ///
  /// **Errors.** What the zone's rules throw.
  std::uint64_t count_between(system_time after, system_time until, const TimeZone& zone,
                              DstGap gap = DstGap::ShiftForward,
                              DstFold fold = DstFold::First) const {
    if (zone.is_utc()) return count_between(after, until);
    const detail::ZoneCount<detail::CronTimes> occurrences{{fields_}, zone, gap, fold};
    return occurrences.count(second_after(after), std::chrono::floor<std::chrono::seconds>(until));
  }

  /// Whether any date matches at all: of `0 0 30 2 *` none does.
  constexpr bool has_dates() const noexcept { return detail::has_dates(fields_); }

  /// Whether it repeats rather than name fixed times of day; see above.
  constexpr bool repeats() const noexcept { return fields_.repeats(); }

  /// The expression in English: "At 09:00, Monday through Friday".
  std::string describe() const { return detail::CronDescriber{fields_}.describe(); }

  /// The expression in its shortest usual form: numbers for names, no more fields than are needed.
  /// Parsed again it is equal to this one.
  std::string to_string() const { return detail::cron_text(fields_); }

  /// What `CronExpression::to_string` gives.
  friend std::string to_string(const CronExpression& expression) { return expression.to_string(); }

  /// Whether both name the same values, however they are written: `0 9 * * MON` is `0 9 * * 1`.
  friend constexpr bool operator==(const CronExpression&, const CronExpression&) = default;

 private:
  friend struct detail::CronMaker;

  explicit constexpr CronExpression(const detail::CronFields& fields) noexcept : fields_{fields} {}

  template <class Direction>
  detail::ZoneSearch<Direction, detail::CronTimes> in_zone(const TimeZone& zone, DstGap gap,
                                                           DstFold fold) const {
    return {{fields_}, zone, gap, fold};
  }

  // The first whole second later than `time`.
  static constexpr std::chrono::sys_seconds second_after(system_time time) noexcept {
    using namespace std::chrono;
    return floor<seconds>(time) + seconds{1};
  }

  // The last whole second earlier than `time`.
  static constexpr std::chrono::sys_seconds second_before(system_time time) noexcept {
    using namespace std::chrono;
    return ceil<seconds>(time) - seconds{1};
  }

  static constexpr std::chrono::local_seconds as_local(std::chrono::sys_seconds time) noexcept {
    return std::chrono::local_seconds{time.time_since_epoch()};
  }

  static constexpr std::optional<system_time> in_utc(
      std::optional<std::chrono::local_seconds> time) noexcept {
    if (!time) return std::nullopt;
    return std::chrono::sys_seconds{time->time_since_epoch()};
  }

  detail::CronFields fields_;
};

namespace detail {

template <std::size_t Size> struct CronLiteralText {
  char characters[Size];

  consteval CronLiteralText(const char (&text)[Size]) { std::copy_n(text, Size, characters); }
  constexpr std::string_view view() const noexcept { return {characters, Size - 1}; }
};

// Makes an expression of what the compiler has parsed.
struct CronMaker {
  static constexpr CronExpression make(const CronFields& fields) noexcept {
    return CronExpression{fields};
  }
};

// The compiler names its arguments when it refuses a literal.
template <CronField Field, std::size_t Column, CronFault Fault> struct CronLiteral {
  static constexpr bool is_valid = Fault == CronFault::None;
};

}  // namespace detail

inline namespace literals {

/// An expression that the compiler checks. It refuses a bad one, and one that no date matches, with
/// the field, the column and the fault: `CronLiteral<CronField::Hour, 3, CronFault::OutOfRange>`.
template <detail::CronLiteralText Text> consteval CronExpression operator""_cron() {
  constexpr detail::ParsedCron parsed = detail::CronParser{Text.view()}.parse_possible();
  constexpr detail::CronProblem problem = parsed.problem;
  static_assert(
      detail::CronLiteral<problem.field, problem.column(), problem.fault>::is_valid,
      "not a valid cron expression: CronLiteral<field, column, fault> tells where and why");
  return detail::CronMaker::make(parsed.fields);
}

}  // namespace literals

}  // namespace cano
