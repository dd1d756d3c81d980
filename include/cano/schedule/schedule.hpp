// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/cron_expression.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
#include <cano/time/time_zone.hpp>

namespace cano {

/// When a job is due: at an interval, by a cron expression, or only when asked.
///
/// A plain value that knows no clock: ask it for the occurrence after any point in time.
///
///     Schedule::every(500ms);
///     Schedule::cron("0 9 * * MON-FRI", TimeZone::iana("Europe/Berlin"));
///     Schedule::manual();
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Schedule {
 public:
  /// What decides when a job is due.
  enum class Kind {
    Every,   ///< At a fixed interval.
    Cron,    ///< By a cron expression in a time zone.
    Manual,  ///< Never by itself.
  };

  /// At an interval, given as any `std::chrono` duration.
  ///
  /// One beyond the range of `Duration` (292 years) is taken, and never due.
  ///
  /// **Errors.** `Error(Configuration)`, with the interval, when it is less than `Duration`'s unit
  /// (1 ns): zero, negative, not a number.
  template <class Rep, class Period>
  static Schedule every(std::chrono::duration<Rep, Period> interval) {
    const Duration rounded = detail::to_duration(interval);
    if (rounded <= Duration::zero()) {
      throw too_short(std::chrono::duration<double>{interval}.count());
    }
    return Schedule{Kind::Every, rounded, std::nullopt, TimeZone::utc()};
  }

  /// By a cron expression, in UTC or another zone.
  ///
  /// **Errors.** `Error(Configuration)`: that of `CronExpression::parse`.
  static Schedule cron(std::string_view expression, TimeZone zone = TimeZone::utc()) {
    return cron(CronExpression::parse(expression), std::move(zone));
  }
  /// @overload
  static Schedule cron(CronExpression expression, TimeZone zone = TimeZone::utc()) {
    return Schedule{Kind::Cron, Duration::zero(), expression, std::move(zone)};
  }

  /// Only when triggered.
  static Schedule manual() {
    return Schedule{Kind::Manual, Duration::zero(), std::nullopt, TimeZone::utc()};
  }

  /// Which of `every`, `cron` and `manual` made it.
  Kind kind() const noexcept { return kind_; }

  /// The interval of `every`, else zero. `Duration::max()` is never due.
  Duration interval() const noexcept { return interval_; }

  /// The expression of `cron`, else nothing.
  const std::optional<CronExpression>& expression() const noexcept { return expression_; }

  /// The zone of `cron`, else UTC.
  const TimeZone& zone() const noexcept { return zone_; }

  /// The first occurrence that is later than `time`; nothing when there is none.
  ///
  /// For an interval that is one interval later: where it is anchored is the matter of who keeps
  /// it. The policies are those of `CronExpression`.
  std::optional<system_time> next_after(system_time time, DstGap gap = DstGap::ShiftForward,
                                        DstFold fold = DstFold::First) const {
    switch (kind_) {
      case Kind::Every:
        return one_interval_after(time);
      case Kind::Cron:
        return expression_->next_after(time, zone_, gap, fold);
      case Kind::Manual:
        break;
    }
    return std::nullopt;
  }

  /// Whether both are of one kind, with equal intervals, expressions and zones.
  friend bool operator==(const Schedule&, const Schedule&) = default;

 private:
  Schedule(Kind kind, Duration interval, std::optional<CronExpression> expression, TimeZone zone)
      : kind_{kind}, interval_{interval}, expression_{expression}, zone_{std::move(zone)} {}

  std::optional<system_time> one_interval_after(system_time time) const {
    if (interval_ == Duration::max()) return std::nullopt;
    // Up, where this clock is the coarser one: the next occurrence must be later than `time`.
    const auto step = std::chrono::ceil<system_time::duration>(interval_);
    const bool is_past_epoch = time > system_time{};
    if (is_past_epoch && step > system_time::max() - time) return std::nullopt;
    return time + step;
  }

  static Error too_short(double seconds) {
    char text[32];
    char* const end = std::to_chars(text, text + sizeof text, seconds).ptr;
    return Error{Errc::Configuration, "The interval of a schedule must be at least 1 ns, not " +
                                          std::string{text, end} + " s"};
  }

  Kind kind_;
  Duration interval_;
  std::optional<CronExpression> expression_;
  TimeZone zone_;
};

}  // namespace cano
