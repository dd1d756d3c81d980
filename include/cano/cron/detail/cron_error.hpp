// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/detail/cron_syntax.hpp>
#include <cano/detail/text.hpp>
#include <cano/error.hpp>

namespace cano::detail {

// Text of a user in single quotes: valid UTF-8, on one line and not without end.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string result = "'";
  std::size_t end = std::min(longest, text.size());
  while (end < text.size() && end > longest - 4 && is_continuation(text[end]))
    --end;
  for_each_character(text.substr(0, end), [&](char32_t c, std::string_view bytes) {
    if (c < 0x20 || c == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      result.append("\\x").append({digits[c / 16], digits[c % 16]});
    } else if (must_be_escaped(c)) {
      append_escape(result, c);
    } else {
      result += bytes;
    }
  });
  return result + (end < text.size() ? "...'" : "'");
}

// "0-7 or SUN-SAT".
inline std::string cron_range(const CronProblem& problem) {
  std::string range = std::to_string(problem.low) + '-' + std::to_string(problem.high);
  const CronFieldInfo info = cron_field_info(problem.field);
  if (!info.names.empty() && problem.low == info.low && !problem.is_step) {
    range.append(" or ").append(info.names.substr(0, 3)).append("-");
    range.append(info.names.substr(info.names.size() - 3));
  }
  return range;
}

inline std::string cron_reason(std::string_view text, const CronProblem& problem) {
  const std::string token = detail::quoted(text.substr(problem.begin, problem.length));
  switch (problem.fault) {
    case CronFault::Empty:
      return "the expression is empty";
    case CronFault::WrongNumberOfFields:
      return problem.length == 0
                 ? "too few fields: 5, 6 (seconds first) or 7 (year last) are needed"
                 : "too many fields: 7 are the most";
    case CronFault::UnknownMacro: {
      std::string reason = token + " is none of";
      for (const CronMacro& macro : cron_macros)
        reason.append(" ").append(macro.name);
      return reason;
    }
    case CronFault::TextAfterMacro:
      return "nothing may follow a name with @";
    case CronFault::MissingValue:
      return "a value is missing: " + cron_range(problem) + " is expected";
    case CronFault::UnexpectedText:
      return problem.high == 0 ? token + " is not expected here"
                               : token + " is not a value: " + cron_range(problem) + " is expected";
    case CronFault::OutOfRange:
      return token + " is outside " + cron_range(problem);
    case CronFault::StepOfZero:
      return "a step of 0 leads nowhere";
    case CronFault::StepTooLarge:
      return "a step of " + std::string{text.substr(problem.begin, problem.length)} +
             " is more than the " + std::to_string(problem.high) + " values that there are";
    case CronFault::YearsDoNotWrap:
      return "the range ends before it begins, and years do not come round";
    case CronFault::QuestionMarkNotAlone:
      return "'?' stands alone, for a day of month or a day of week";
    case CronFault::LastNeedsWeekday:
      return "'L' needs a weekday before it, as in 5L or FRIL";
    case CronFault::Lookalike: {
      const CronLookalike& found = *lookalike_of(text.substr(problem.begin));
      return token + " is " + std::string{found.name} + ": " + std::string{found.instead};
    }
    case CronFault::ZoneInText:
      return "a time zone is no part of the expression: leave " + token +
             " out and give the zone beside it, as in Schedule::cron(expression, "
             "TimeZone::iana(\"Europe/Berlin\"))";
    case CronFault::IntervalInText:
      return token +
             " is an interval, not a cron expression: write Schedule::every(5min), or how "
             "long it is";
    case CronFault::NoSuchDate:
      return "no date matches: no calendar has that day";
    case CronFault::None:
      break;
  }
  return "nothing is wrong";
}

// "Invalid cron expression '61 * * * *': minute, column 1: '61' is outside 0-59".
inline Error cron_error(std::string_view text, const CronProblem& problem) {
  std::string message = "Invalid cron expression " + detail::quoted(text) + ": ";
  const std::string_view field = cron_field_info(problem.field).name;
  if (!field.empty()) message.append(field).append(", ");
  message.append("column ").append(std::to_string(problem.column())).append(": ");
  return Error{Errc::Configuration, message + cron_reason(text, problem)};
}

}  // namespace cano::detail
