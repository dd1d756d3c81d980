// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/detail/cron_text.hpp>

namespace cano::detail {

inline constexpr std::array<std::string_view, 7> weekday_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
inline constexpr std::array<std::string_view, 12> month_names{
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

// "a, b and c".
inline std::string joined(const std::vector<std::string>& parts, std::string_view last = " and ") {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? last : ", ";
    text += parts[i];
  }
  return text;
}

inline std::string ordinal(int number) {
  constexpr std::array<std::string_view, 4> endings{"th", "st", "nd", "rd"};
  const bool teen = number / 10 % 10 == 1;
  const auto digit = static_cast<std::size_t>(number % 10);
  return std::to_string(number).append(endings[teen || digit > 3 ? 0 : digit]);
}

inline std::string two_digits(int number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// Says in English what an expression means: first the times of day, then the days.
class CronDescriber {
 public:
  explicit CronDescriber(const CronFields& fields)
      : fields_{fields},
        seconds_{cron_values(fields, CronField::Second)},
        minutes_{cron_values(fields, CronField::Minute)},
        hours_{cron_values(fields, CronField::Hour)},
        months_{cron_values(fields, CronField::Month)} {}

  std::string describe() const {
    std::string text = times();
    if (const std::string when = days(); !when.empty()) text += ", " + when;
    if (const auto years = cron_values(fields_, CronField::Year); !years.is_all()) {
      const Run run = run_of(years);
      const auto number = [](int year) { return std::to_string(year); };
      text += run.length > 2 ? ", from " + through(run, number) : ", in " + list(years, number);
    }
    return text;
  }

 private:
  // Values that follow each other, possibly round the end of the field. Length 0: they do not.
  struct Run {
    int first, last;
    std::size_t length;
  };

  static Run run_of(const CronValues& set) {
    const std::size_t size = set.values.size();
    if (size == 0 || set.is_all()) return {0, 0, 0};
    std::size_t start = 0, breaks = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const int previous = i > 0 ? set.values[i - 1] : set.values[size - 1];
      const bool follows = set.values[i] == (previous == set.high ? set.low : previous + 1);
      if (!follows) {
        start = i;
        ++breaks;
      }
    }
    if (breaks != 1) return {0, 0, 0};
    return {set.values[start], set.values[(start + size - 1) % size], size};
  }

  // n when the values are every n-th one and come round evenly, else 0.
  static int even_step(const CronValues& set) {
    const int count = set.high - set.low + 1;
    const int size = static_cast<int>(set.values.size());
    if (size < 2 || count % size != 0) return 0;
    for (int i = 0; i < size; ++i) {
      if (set.values[static_cast<std::size_t>(i)] != set.low + i * (count / size)) return 0;
    }
    return count / size;
  }

  template <class Name> static std::string list(const CronValues& set, Name name) {
    return joined(names(set, name));
  }
  template <class Name> static std::vector<std::string> names(const CronValues& set, Name name) {
    std::vector<std::string> result;
    result.reserve(set.values.size());
    for (const int value : set.values)
      result.emplace_back(name(value));
    return result;
  }
  template <class Name> static std::string through(const Run& run, Name name) {
    return std::string{name(run.first)} + " through " + std::string{name(run.last)};
  }

  // "minute 5", "minutes 5 and 10", "minutes 5 through 10", "every 7th minute".
  static std::string numbered(const std::string& noun, const CronValues& set) {
    const auto number = [](int value) { return std::to_string(value); };
    if (const Run run = run_of(set); run.length > 2) return noun + "s " + through(run, number);
    const int step = set.step();
    if (step == 0) return noun + (set.values.size() > 1 ? "s " : " ") + list(set, number);
    std::string each = "every " + ordinal(step) + ' ' + noun;
    const int first = set.values.front(), last = set.values.back();
    if (first == set.low && last + step > set.high) return each;
    return each + " from " + number(first) + " through " + number(last);
  }

  // "Every minute", "Every 15 minutes" or nothing.
  static std::string every(const std::string& noun, const CronValues& set) {
    const int step = even_step(set);
    if (step == 0) return {};
    return step == 1 ? "Every " + noun : "Every " + std::to_string(step) + ' ' + noun + 's';
  }

  static std::string of(const std::string& noun, const CronValues& set) {
    return " of " + (set.is_all() ? "every " + noun : numbered(noun, set));
  }

  bool on_the_minute() const { return seconds_.values.size() == 1 && seconds_.values[0] == 0; }

  std::string times() const {
    const std::size_t count = seconds_.values.size() * minutes_.values.size();
    const bool on_the_hour =
        on_the_minute() && minutes_.values.size() == 1 && minutes_.values[0] == 0;
    if (count * hours_.values.size() <= 4) return "At " + clock_times();
    if (on_the_hour) return hourly();
    if (count == 1 && run_of(hours_).length < 3 && even_step(hours_) == 0)
      return "At " + clock_times();
    if (on_the_minute()) {
      const std::string each = every("minute", minutes_);
      if (!each.empty()) return each + within_hours();
      return "At " + numbered("minute", minutes_) + of("hour", hours_);
    }
    const std::string each = every("second", seconds_);
    const std::string start = each.empty() ? "At " + numbered("second", seconds_) : each;
    if (!minutes_.is_all()) return start + of("minute", minutes_) + of("hour", hours_);
    return start + (each.empty() ? " of every minute" : "") + within_hours();
  }

  std::string hourly() const {
    if (const std::string each = every("hour", hours_); !each.empty()) return each;
    const Run run = run_of(hours_);
    if (run.length < 3) return "At " + clock_times();
    return "Every hour from " + two_digits(run.first) + ":00 through " + two_digits(run.last) +
           ":00";
  }

  std::string clock_times() const {
    std::vector<std::string> result;
    for (const int hour : hours_.values) {
      for (const int minute : minutes_.values) {
        for (const int second : seconds_.values) {
          std::string time = two_digits(hour) + ':' + two_digits(minute);
          if (!on_the_minute()) time += ':' + two_digits(second);
          result.push_back(time);
        }
      }
    }
    return joined(result);
  }

  // The hours of something that goes on throughout them.
  std::string within_hours() const {
    if (hours_.is_all()) return {};
    const Run run = run_of(hours_);
    if (run.length == 0) return of("hour", hours_);
    return " from " + two_digits(run.first) + ":00 through " + two_digits(run.last) + ":59";
  }

  std::string month_list() const {
    const auto name = [](int month) { return month_names[static_cast<std::size_t>(month - 1)]; };
    const Run run = run_of(months_);
    return run.length > 2 ? through(run, name) : list(months_, name);
  }

  std::string days() const {
    const bool by_date = cron_values(fields_, CronField::DayOfMonth).is_all();
    const bool by_weekday = cron_values(fields_, CronField::DayOfWeek).is_all();
    const bool either =
        !fields_.is_wildcard(CronField::DayOfMonth) && !fields_.is_wildcard(CronField::DayOfWeek);
    const std::string of_month = months_.is_all() ? " of the month" : " of " + month_list();
    const std::string in_month = months_.is_all() ? "" : " in " + month_list();
    if (either ? by_date || by_weekday : by_date && by_weekday) return every_day();
    if (by_date) {
      const bool plain = fields_.nth_weekdays == 0 && fields_.last_weekdays == 0;
      return weekdays(of_month) + (plain ? in_month : "");
    }
    if (by_weekday) return "on " + dates() + of_month;
    const std::string then_month = in_month.empty() ? "" : ',' + in_month;
    const std::string on_dates = "on " + dates() + " of the month";
    if (either) return on_dates + " or " + weekdays(" of the month") + then_month;
    return on_dates + " if it falls on " + joined(weekday_items(" of the month"), " or ") +
           in_month;
  }

  std::string every_day() const {
    const bool is_list_of_times = times().starts_with("At ") && even_step(hours_) == 0;
    if (months_.is_all()) return is_list_of_times ? "every day" : "";
    return (is_list_of_times ? "every day in " : "in ") + month_list();
  }

  // "day 1, the last day and the working day nearest day 15".
  std::string dates() const {
    std::vector<std::string> items;
    const auto set = cron_values(fields_, CronField::DayOfMonth);
    if (!set.values.empty()) items.push_back(numbered("day", set));
    for (const int day : bit_indices(fields_.nearest_weekdays)) {
      items.push_back("the working day nearest day " + std::to_string(day));
    }
    for (const int back : bit_indices(fields_.days_before_last)) {
      items.push_back(back == 0   ? "the last day"
                      : back == 1 ? "the day before the last"
                                  : "the day " + std::to_string(back) + " days before the last");
    }
    for (const int back : bit_indices(fields_.nearest_before_last)) {
      items.push_back(back == 0   ? "the last working day"
                      : back == 1 ? "the working day nearest the day before the last"
                                  : "the working day nearest the day " + std::to_string(back) +
                                        " days before the last");
    }
    return joined(items);
  }

  std::vector<std::string> weekday_items(const std::string& of_month) const {
    const auto name = [](int day) { return weekday_names[static_cast<std::size_t>(day)]; };
    const auto set = cron_values(fields_, CronField::DayOfWeek);
    const Run run = run_of(set);
    auto items = run.length > 2 ? std::vector{through(run, name)} : names(set, name);
    for (const int bit : bit_indices(fields_.nth_weekdays)) {
      items.push_back("the " + ordinal(bit / 7 + 1) + ' ' + std::string{name(bit % 7)} + of_month);
    }
    for (const int day : bit_indices(fields_.last_weekdays)) {
      items.push_back("the last " + std::string{name(day)} + of_month);
    }
    return items;
  }

  // "Monday through Friday", "on Monday and the last Friday of the month".
  std::string weekdays(const std::string& of_month) const {
    const auto items = weekday_items(of_month);
    const bool is_range = items.size() == 1 && items[0].find(" through ") != std::string::npos;
    return (is_range ? "" : "on ") + joined(items);
  }

  const CronFields& fields_;
  CronValues seconds_, minutes_, hours_, months_;
};

}  // namespace cano::detail
