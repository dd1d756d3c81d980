// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/time/detail/local_time_text.hpp>
#include <cano/time/detail/zone_source.hpp>
#include <cano/time/zone_rules.hpp>

namespace cano {

/// The rules by which clocks on the wall are set in some place: UTC, or a zone such as
/// "Europe/Berlin".
///
/// UTC needs nothing. Every other zone needs a time-zone database, which is not part of this
/// library: `std::chrono`'s where the standard library has it (g++ 14), else Howard Hinnant's date
/// library, for programs that include `<cano/adapters/time_zones.hpp>` in one of their source files
/// and link it.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
///
///     const auto zone = cano::TimeZone::iana("Europe/Berlin");
class TimeZone {
 public:
  /// UTC.
  TimeZone() noexcept = default;

  /// A zone whose data come from elsewhere.
  ///
  /// **Errors.** `Error(Configuration)` for a null pointer.
  explicit TimeZone(std::shared_ptr<const ZoneRules> rules) : rules_{std::move(rules)} {
    if (!rules_) throw Error{Errc::Configuration, "TimeZone: the zone rules are null"};
  }

  /// UTC, which needs no database.
  static TimeZone utc() noexcept { return {}; }

  /// The zone of that name in the time-zone database; "UTC" and "Etc/UTC" need none.
  ///
  /// **Errors.** `Error(Configuration)`, with the name, when there is no such zone or no database.
  static TimeZone iana(std::string_view name) {
    if (name == "UTC" || name == "Etc/UTC") return utc();
    const std::string label = "Time zone '" + std::string{name} + '\'';
    return look_up(label, [name](const detail::ZoneSource& source) { return source.find(name); });
  }

  /// The zone that this machine is set to.
  ///
  /// **Errors.** `Error(Configuration)` when it is not known or there is no database.
  static TimeZone system() {
    return look_up("The system's time zone",
                   [](const detail::ZoneSource& source) { return source.system(); });
  }

  /// "UTC", or the database's name for the zone. It lives as long as some copy of this object.
  std::string_view name() const noexcept { return rules_ ? rules_->name() : "UTC"; }

  /// Whether it was made as UTC, rather than from rules that agree with it.
  bool is_utc() const noexcept { return !rules_; }

  /// The span of one offset that holds `time`.
  ///
  /// **Errors.** `Error(Configuration)` when the zone's rules answer with a span that does not hold
  /// it, or with an offset of a day or more.
  ZoneSpan span_at(std::chrono::sys_seconds time) const {
    using std::chrono::sys_seconds;
    if (!rules_) return {sys_seconds::min(), sys_seconds::max(), std::chrono::seconds{0}};
    const ZoneSpan span = rules_->span_at(time);
    const bool holds = span.begin <= time && time < span.end;
    if (!holds) {
      throw Error{Errc::Configuration, "Time zone '" + std::string{name()} +
                                           "': the zone rules gave a span that does not hold the "
                                           "time that was asked for"};
    }
    if (span.offset <= -std::chrono::days{1} || span.offset >= std::chrono::days{1}) {
      throw Error{Errc::Configuration,
                  "Time zone '" + std::string{name()} +
                      "': the zone rules gave an offset from UTC of a day or more"};
    }
    return span;
  }

  /// A time as the zone's clocks show it, with their distance from UTC, as ISO 8601 writes it:
  /// "2025-03-30T03:30:00+02:00".
  ///
  ///     for (const auto& time : scheduler.next_runs("report", 3))
  ///       std::cout << berlin.format(time) << '\n';
  ///
  /// **Errors.** As `span_at`.
  std::string format(system_time time) const {
    const ZoneSpan span = span_at(std::chrono::floor<std::chrono::seconds>(time));
    return detail::local_time_text(time, span.offset);
  }

  /// Whether both have the same name.
  friend bool operator==(const TimeZone& a, const TimeZone& b) noexcept {
    return a.name() == b.name();
  }

 private:
  template <class Find> static TimeZone look_up(const std::string& label, Find find) {
    const detail::ZoneSource* const source = detail::zone_source.load();
    if (source == nullptr) {
      throw Error{Errc::Configuration,
                  label +
                      ": the program has no time-zone database: link cano::time_zones and "
                      "include <cano/adapters/time_zones.hpp> in one source file"};
    }
    try {
      return TimeZone{find(*source)};
    } catch (const std::exception& error) {
      throw Error{Errc::Configuration, label + " could not be loaded: " + error.what()};
    }
  }

  std::shared_ptr<const ZoneRules> rules_;  // null: UTC
};

}  // namespace cano
