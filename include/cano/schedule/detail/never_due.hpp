// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include <cano/cron/detail/cron_error.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/time_text.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/schedule.hpp>

namespace cano::detail {

/// Why a schedule that begins now will never be due; nothing when it will be, or is not meant to
/// be: a manual one, and an interval beyond all clocks.
inline std::optional<std::string> why_never_due(const Schedule& schedule,
                                                std::optional<system_time> end_at,
                                                const Timeline& timeline, Moment now) {
  if (schedule.kind() == Schedule::Kind::Manual) return std::nullopt;
  if (end_at && *end_at < now.wall) {
    return "never due: end_at has passed, it is " + time_text(*end_at);
  }
  if (schedule.interval() == Duration::max()) return std::nullopt;
  if (timeline.is_ever_due(now)) return std::nullopt;
  if (schedule.expression() && !schedule.expression()->has_dates()) {
    return "never due: no date matches " + detail::quoted(schedule.expression()->to_string());
  }
  if (end_at) return "never due: the schedule has no time up to end_at, " + time_text(*end_at);
  const auto& expression = schedule.expression();
  return "never due: the last time of " +
         (expression ? detail::quoted(expression->to_string()) : std::string{"the schedule"}) +
         " has passed";
}

}  // namespace cano::detail
