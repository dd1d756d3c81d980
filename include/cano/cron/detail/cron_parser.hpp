// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <cano/cron/detail/cron_calendar.hpp>
#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/detail/cron_syntax.hpp>
#include <cano/cron/detail/cron_words.hpp>

namespace cano::detail {

// Reads one expression. Every step returns false once a problem has been noted.
class CronParser {
 public:
  constexpr explicit CronParser(std::string_view text) noexcept : text_{text}, end_{text.size()} {}

  constexpr ParsedCron parse() {
    parse_expression();
    return {fields_, problem_};
  }

  // The same, and refuses a date that no calendar has.
  constexpr ParsedCron parse_possible() {
    if (parse_expression() && !has_dates(fields_)) {
      field_ = CronField::DayOfMonth;
      fail(CronFault::NoSuchDate, day_of_month_.begin, day_of_month_.size());
    }
    return {fields_, problem_};
  }

 private:
  constexpr bool parse_expression() {
    const CronWords split{text_};
    problem_ = split.problem;
    if (problem_.fault != CronFault::None) return false;
    if (text_[split.words[0].begin] == '@') return parse_macro(split.words[0]);
    const std::size_t count = split.count;
    if (count == 5) fields_.seconds = cron_bit(0);
    if (count < most_cron_fields) fields_.years = all_cron_years;
    const int first = static_cast<int>(count == 5 ? CronField::Minute : CronField::Second);
    day_of_month_ = split.words[count == 5 ? 2 : 3];
    for (std::size_t i = 0; i < count; ++i) {
      const auto field = static_cast<CronField>(first + static_cast<int>(i));
      if (!parse_field(field, split.words[i])) return false;
    }
    return true;
  }

  constexpr bool parse_macro(CronWord word) {
    const std::string_view name = word.of(text_);
    for (const CronMacro& macro : cron_macros) {
      if (!same_word(macro.name, name)) continue;
      fields_ = CronParser{macro.expression}.parse().fields;
      return true;
    }
    return fail(CronFault::UnknownMacro, word.begin, name.size());
  }

  constexpr bool parse_field(CronField field, CronWord word) {
    field_ = field;
    info_ = cron_field_info(field);
    at_ = word.begin;
    end_ = word.end;
    if (peek() == '?') return parse_question_mark(word);
    if (!parse_item(true)) return false;
    while (peek() == ',') {
      ++at_;
      if (!parse_item(false)) return false;
    }
    if (at_ < end_) return unexpected();
    return true;
  }

  constexpr bool parse_question_mark(CronWord word) {
    const bool for_days = field_ == CronField::DayOfMonth || field_ == CronField::DayOfWeek;
    if (!for_days || word.size() != 1) {
      return fail(CronFault::QuestionMarkNotAlone, at_, 1);
    }
    fields_.set_wildcard(field_);
    add_range(info_.low, greatest(), 1);
    return true;
  }

  constexpr bool parse_item(bool is_first) {
    if (peek() == '?') return fail(CronFault::QuestionMarkNotAlone, at_, 1);
    if (peek() == '*') {
      ++at_;
      return parse_open_range(info_.low, is_first);
    }
    if (field_ == CronField::DayOfMonth && upper(peek()) == 'L') return parse_last();
    const auto value = parse_value();
    if (!value) return false;
    if (field_ == CronField::DayOfMonth && upper(peek()) == 'W') return add_nearest(*value);
    if (field_ == CronField::DayOfWeek && upper(peek()) == 'L') return add_last(*value);
    if (field_ == CronField::DayOfWeek && peek() == '#') return parse_nth(*value);
    if (peek() == '-') return parse_range(*value);
    if (peek() == '/') return parse_open_range(*value, is_first);
    add(*value);
    return true;
  }

  // * or * / step or value / step: on to the end of the field. From its start, that is a wildcard.
  constexpr bool parse_open_range(int low, bool is_first) {
    const auto step = parse_step();
    if (!step) return false;
    if (low > greatest()) low = info_.low;  // Sunday as 7
    if (is_first && low == info_.low && minds_wildcards()) fields_.set_wildcard(field_);
    add_range(low, greatest(), *step);
    return true;
  }

  constexpr bool parse_range(int low) {
    const std::size_t begin = at_++;
    auto high = parse_value();
    if (!high) return false;
    const auto step = parse_step();
    if (!step) return false;
    if (field_ == CronField::DayOfWeek && low == 7) {
      low = 0;
      high = *high % 7;
    }
    if (*high < low) {
      if (field_ == CronField::Year) return fail(CronFault::YearsDoNotWrap, begin, 1);
      *high += info_.count;
    }
    add_range(low, *high, *step);
    return true;
  }

  // L, L-3, LW or L-3W.
  constexpr bool parse_last() {
    ++at_;
    int back = 0;
    if (peek() == '-') {
      ++at_;
      const auto days = parse_number(0, 30);
      if (!days) return false;
      back = *days;
    }
    const bool is_working_day = upper(peek()) == 'W';
    if (is_working_day) ++at_;
    (is_working_day ? fields_.nearest_before_last : fields_.days_before_last) |= std::uint32_t{1}
                                                                                 << back;
    return true;
  }

  constexpr bool add_nearest(int day) {
    ++at_;
    fields_.nearest_weekdays |= cron_bit(day);
    return true;
  }

  constexpr bool add_last(int weekday) {
    ++at_;
    fields_.last_weekdays |= cron_bit(weekday % 7);
    return true;
  }

  constexpr bool parse_nth(int weekday) {
    ++at_;
    const auto nth = parse_number(1, 5);
    if (nth) fields_.nth_weekdays |= cron_bit(weekday % 7 + 7 * (*nth - 1));
    return nth.has_value();
  }

  // The number after a slash, 1 when there is none.
  constexpr std::optional<int> parse_step() {
    if (peek() != '/') return 1;
    const std::size_t begin = ++at_;
    const auto step = read_number(1, info_.count);
    if (!step) {
      problem_.is_step = true;
      return std::nullopt;
    }
    if (*step == 0) return fail_value(CronFault::StepOfZero, begin, 1, info_.count);
    if (*step > info_.count) return fail_value(CronFault::StepTooLarge, begin, 1, info_.count);
    return step;
  }

  // A number or a name of this field.
  constexpr std::optional<int> parse_value() {
    if (!is_letter(peek())) return parse_number(info_.low, info_.high);
    const std::size_t begin = at_;
    std::size_t end = at_;
    while (end < end_ && is_letter(text_[end]))
      ++end;
    const std::size_t length = end - begin;
    if (field_ == CronField::DayOfWeek) {
      if (length == 1 && upper(text_[begin]) == 'L') {
        return fail_value(CronFault::LastNeedsWeekday, begin, 0, 0);
      }
      if (length == 4 && upper(text_[end - 1]) == 'L') --end;
    }
    const auto name = text_.substr(begin, end - begin);
    for (std::size_t i = 0; name.size() == 3 && i < info_.names.size(); i += 3) {
      if (!same_word(info_.names.substr(i, 3), name)) continue;
      at_ = end;
      return info_.low + static_cast<int>(i / 3);
    }
    return fail_value(CronFault::UnexpectedText, begin, info_.low, info_.high);
  }

  constexpr std::optional<int> parse_number(int low, int high) {
    const std::size_t begin = at_;
    const auto number = read_number(low, high);
    if (number && (*number < low || *number > high)) {
      return fail_value(CronFault::OutOfRange, begin, low, high);
    }
    return number;
  }

  constexpr std::optional<int> read_number(int low, int high) {
    if (!is_digit(peek())) {
      const bool is_missing = at_ == end_ || peek() == ',' || peek() == '-' || peek() == '/';
      const auto fault = is_missing ? CronFault::MissingValue : CronFault::UnexpectedText;
      return fail_value(fault, at_, low, high);
    }
    int number = 0;
    for (; is_digit(peek()); ++at_) {
      number = std::min(number * 10 + (text_[at_] - '0'), 1'000'000);  // enough to be refused
    }
    return number;
  }

  constexpr void add_range(int low, int high, int step) noexcept {
    for (int value = low; value <= high; value += step)
      add(value);
  }

  // A value beyond the field's greatest one comes from a range that wraps.
  constexpr void add(int value) noexcept {
    fields_.insert(field_, value > greatest() ? value - info_.count : value);
  }

  // In a month or a year it makes no difference how all of them are written.
  constexpr bool minds_wildcards() const noexcept {
    return field_ != CronField::Month && field_ != CronField::Year;
  }

  constexpr int greatest() const noexcept { return info_.low + info_.count - 1; }

  // The next character of the field, or NUL at its end (and for a NUL, which nothing accepts).
  constexpr char peek() const noexcept { return at_ < end_ ? text_[at_] : '\0'; }

  constexpr bool unexpected() { return fail(CronFault::UnexpectedText, at_, token_end(at_) - at_); }

  constexpr bool fail(CronFault fault, std::size_t begin, std::size_t length) {
    problem_ = {fault, field_, begin, length, 0, 0};
    return false;
  }

  constexpr std::nullopt_t fail_value(CronFault fault, std::size_t begin, int low, int high) {
    problem_ = {fault, field_, begin, token_end(begin) - begin, low, high};
    return std::nullopt;
  }

  // What a reader takes for one thing: digits, letters, or a single sign, whatever its bytes.
  constexpr std::size_t token_end(std::size_t begin) const noexcept {
    std::size_t end = begin;
    const auto same = [this, begin, &end] {
      return is_digit(text_[begin]) ? is_digit(text_[end]) : is_letter(text_[end]);
    };
    while (end < end_ && same())
      ++end;
    if (end > begin || begin == end_) return end;
    ++end;
    while (end < end_ && is_continuation(text_[end]))
      ++end;
    return end;
  }

  std::string_view text_;
  CronField field_ = CronField::Expression;
  CronFieldInfo info_{};
  std::size_t at_ = 0;
  std::size_t end_;
  CronWord day_of_month_;
  CronFields fields_;
  CronProblem problem_;
};

}  // namespace cano::detail
