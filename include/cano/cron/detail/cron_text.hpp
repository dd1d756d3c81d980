// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cano/cron/detail/cron_fields.hpp>

namespace cano::detail {

// The values of one field, as they are written and spoken of.
struct CronValues {
  std::vector<int> values;  // in order
  int low, high;            // of the field
  bool wildcard;

  bool is_all() const { return values.size() == static_cast<std::size_t>(high - low) + 1; }

  // The distance that all neighbours have, or 0. Two values have none: they read best as a list.
  int step() const {
    if (values.size() < 3) return 0;
    const int distance = values[1] - values[0];
    for (std::size_t i = 2; i < values.size(); ++i) {
      if (values[i] - values[i - 1] != distance) return 0;
    }
    return distance;
  }

  // The smallest n for which */n is among the values.
  int wildcard_step() const {
    for (int n = 1;; ++n) {
      int expected = low;
      for (const int value : values) {
        if (value == expected) expected += n;
      }
      if (expected > high) return n;
    }
  }
};

inline CronValues cron_values(const CronFields& fields, CronField field) {
  const CronFieldInfo info = cron_field_info(field);
  CronValues result{{}, info.low, info.low + info.count - 1, fields.is_wildcard(field)};
  for (int value = result.low; value <= result.high; ++value) {
    if (fields.contains(field, value)) result.values.push_back(value);
  }
  return result;
}

inline std::vector<int> bit_indices(CronBits bits) {
  std::vector<int> result;
  for (int bit = bit_from(bits, 0); bit >= 0; bit = bit_from(bits, bit + 1))
    result.push_back(bit);
  return result;
}

// Puts together one field of the canonical form.
class CronFieldWriter {
 public:
  void item(const std::string& text) {
    if (!text_.empty()) text_ += ',';
    text_ += text;
  }

  void values(CronValues set) {
    if (set.wildcard) {
      const int step = set.wildcard_step();
      item(step == 1 ? "*" : "*/" + std::to_string(step));
      std::erase_if(set.values, [&](int value) { return (value - set.low) % step == 0; });
    }
    if (const int step = set.step(); step > 1) {
      item(range(set.values.front(), set.values.back()) + '/' + std::to_string(step));
      return;
    }
    for (std::size_t i = 0; i < set.values.size();) {
      std::size_t last = i;
      while (last + 1 < set.values.size() && set.values[last + 1] == set.values[last] + 1)
        ++last;
      if (last == i + 1) last = i;  // 1,2 rather than 1-2
      item(range(set.values[i], set.values[last]));
      i = last + 1;
    }
  }

  const std::string& text() const { return text_; }

 private:
  static std::string range(int first, int last) {
    const std::string text = std::to_string(first);
    return first == last ? text : text + '-' + std::to_string(last);
  }

  std::string text_;
};

inline std::string cron_field_text(const CronFields& fields, CronField field) {
  CronFieldWriter writer;
  CronValues values = cron_values(fields, field);
  const bool minds_wildcards = field != CronField::Month && field != CronField::Year;
  if (!minds_wildcards) values.wildcard = values.is_all();
  writer.values(values);
  if (field == CronField::DayOfMonth) {
    for (const int back : bit_indices(fields.days_before_last)) {
      writer.item(back == 0 ? "L" : "L-" + std::to_string(back));
    }
    for (const int day : bit_indices(fields.nearest_weekdays)) {
      writer.item(std::to_string(day) + 'W');
    }
    for (const int back : bit_indices(fields.nearest_before_last)) {
      writer.item(back == 0 ? "LW" : "L-" + std::to_string(back) + 'W');
    }
  }
  if (field == CronField::DayOfWeek) {
    for (const int day : bit_indices(fields.last_weekdays))
      writer.item(std::to_string(day) + 'L');
    for (const int bit : bit_indices(fields.nth_weekdays)) {
      writer.item(std::to_string(bit % 7) + '#' + std::to_string(bit / 7 + 1));
    }
  }
  return writer.text();
}

// The canonical form: what is equal is written in the same way, with as few fields as will do.
inline std::string cron_text(const CronFields& fields) {
  const bool with_year = !cron_values(fields, CronField::Year).is_all();
  const bool with_seconds =
      with_year || fields.seconds != 1 || fields.is_wildcard(CronField::Second);
  std::string text;
  if (with_seconds) text += cron_field_text(fields, CronField::Second) + ' ';
  for (const CronField field : {CronField::Minute, CronField::Hour, CronField::DayOfMonth,
                                CronField::Month, CronField::DayOfWeek}) {
    text += cron_field_text(fields, field);
    if (field != CronField::DayOfWeek) text += ' ';
  }
  if (with_year) text += ' ' + cron_field_text(fields, CronField::Year);
  return text;
}

}  // namespace cano::detail
