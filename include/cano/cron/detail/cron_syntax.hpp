// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <cano/cron/detail/cron_fields.hpp>

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
  Lookalike,
  ZoneInText,
  IntervalInText,
  NoSuchDate,
};

// A fault and the part of the expression that it is in.
struct CronProblem {
  CronFault fault = CronFault::None;
  CronField field = CronField::Expression;
  std::size_t begin = 0;
  std::size_t length = 0;
  int low = 0, high = 0;  // the range for the number at fault
  bool is_step = false;   // it is the number after a slash, which has no names

  constexpr std::size_t column() const noexcept { return begin + 1; }
};

/// The fields of an expression, or what is wrong with it.
struct ParsedCron {
  CronFields fields;
  CronProblem problem;
};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
constexpr bool is_letter(char c) noexcept { return upper(c) >= 'A' && upper(c) <= 'Z'; }

constexpr bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

constexpr bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// A character that word processors and web pages put in place of one that cron has.
struct CronLookalike {
  std::string_view bytes, name, instead;
};

inline constexpr std::array<CronLookalike, 18> cron_lookalikes{
    {{"\xC2\xA0", "a no-break space (U+00A0)", "write a space"},
     {"\xE2\x80\x82", "an en space (U+2002)", "write a space"},
     {"\xE2\x80\x83", "an em space (U+2003)", "write a space"},
     {"\xE2\x80\x87", "a figure space (U+2007)", "write a space"},
     {"\xE2\x80\x89", "a thin space (U+2009)", "write a space"},
     {"\xE2\x80\x8B", "a zero width space (U+200B)", "leave it out"},
     {"\xE2\x80\xAF", "a narrow no-break space (U+202F)", "write a space"},
     {"\xE3\x80\x80", "an ideographic space (U+3000)", "write a space"},
     {"\xEF\xBB\xBF", "a byte order mark (U+FEFF)", "leave it out"},
     {"\xE2\x80\x90", "a typographic hyphen (U+2010)", "write '-'"},
     {"\xE2\x80\x91", "a no-break hyphen (U+2011)", "write '-'"},
     {"\xE2\x80\x93", "an en dash (U+2013)", "write '-'"},
     {"\xE2\x80\x94", "an em dash (U+2014)", "write '-'"},
     {"\xE2\x88\x92", "a minus sign (U+2212)", "write '-'"},
     {"\xE2\x88\x97", "an asterisk operator (U+2217)", "write '*'"},
     {"\xEF\xBC\x8A", "a fullwidth asterisk (U+FF0A)", "write '*'"},
     {"\xEF\xBC\x8C", "a fullwidth comma (U+FF0C)", "write ','"},
     {"\xEF\xBC\x8F", "a fullwidth slash (U+FF0F)", "write '/'"}}};

// The one that the text begins with, or null.
constexpr const CronLookalike* lookalike_of(std::string_view text) noexcept {
  for (const CronLookalike& each : cron_lookalikes) {
    if (text.substr(0, each.bytes.size()) == each.bytes) return &each;
  }
  return nullptr;
}

/// A name such as `@daily` and the expression that it stands for.
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
