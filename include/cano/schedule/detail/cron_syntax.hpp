// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <cano/schedule/detail/cron_fields.hpp>

namespace cano::detail {

// Why an expression is refused. The names are what the compiler shows for a bad literal.
enum class CronFault {
  None,
  Empty,
  WrongNumberOfFields,
  UnknownMacro,
  TextAfterMacro,
  MissingValue,
  UnexpectedText,
  OutOfRange,
  StepOfZero,
  StepTooLarge,
  YearsDoNotWrap,
  QuestionMarkNotAlone,
  LastNeedsWeekday,
};

// A fault and the part of the expression that it lies in.
struct CronProblem {
  CronFault fault = CronFault::None;
  CronField field = CronField::Expression;
  std::size_t begin = 0;
  std::size_t length = 0;
  int low = 0, high = 0;  // what the number at fault should lie between
  bool is_step = false;   // it is the number after a slash, which has no names

  constexpr std::size_t column() const noexcept { return begin + 1; }
};

struct ParsedCron {
  CronFields fields;
  CronProblem problem;
};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr bool is_letter(char c) noexcept { return upper(c) >= 'A' && upper(c) <= 'Z'; }

constexpr bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

struct CronMacro {
  std::string_view name, expression;
};

inline constexpr std::array<CronMacro, 7> cron_macros{{{"@yearly", "0 0 1 1 *"},
                                                       {"@annually", "0 0 1 1 *"},
                                                       {"@monthly", "0 0 1 * *"},
                                                       {"@weekly", "0 0 * * 0"},
                                                       {"@daily", "0 0 * * *"},
                                                       {"@midnight", "0 0 * * *"},
                                                       {"@hourly", "0 * * * *"}}};

}  // namespace cano::detail
