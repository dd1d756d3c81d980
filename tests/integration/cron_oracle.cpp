// SPDX-License-Identifier: MIT
// Random expressions against an oracle that shares no code with the library: it knows each field as
// a set of numbers and looks at one day after the other.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <cano/cron/cron_expression.hpp>

#include "support/catch.hpp"
#include "support/time_text.hpp"

using cano::CronExpression;
using cano_test::text;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using Set = std::set<int>;

namespace {

struct Field {
  std::string text;
  Set values;
  bool wildcard = false;
};

struct Model {
  Field second, minute, hour, day, month, weekday, year;
  Set before_last, nearest, last_of;  // L-n, nW, dL
  Set nearest_before_last;            // L-nW
  std::set<std::pair<int, int>> nth;  // d#n
  bool last_working_day = false, with_seconds = false, with_year = false;

  std::string text() const {
    std::string result = with_seconds || with_year ? second.text + ' ' : "";
    result +=
        minute.text + ' ' + hour.text + ' ' + day.text + ' ' + month.text + ' ' + weekday.text;
    return with_year ? result + ' ' + year.text : result;
  }
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_{seed} {}

  int number(int low, int high) { return std::uniform_int_distribution<int>{low, high}(random_); }
  bool chance(int percent) { return number(1, 100) <= percent; }

  Model model() {
    Model model;
    model.with_year = chance(15);
    model.with_seconds = model.with_year || chance(50);
    model.second = model.with_seconds ? field(0, 59, 40) : Field{"0", {0}, false};
    model.minute = field(0, 59, 40);
    model.hour = field(0, 23, 50);
    model.day = field(1, 31, 60);
    model.month = field(1, 12, 70);
    model.weekday = field(0, 6, 60);
    model.year = model.with_year ? field(2015, 2035, 40) : Field{"*", {}, true};
    if (model.year.wildcard) model.year = {"*", {}, true};
    if (chance(20)) add_special_day(model);
    if (chance(20)) add_special_weekday(model);
    return model;
  }

  sys_seconds time() {
    const sys_seconds first = sys_days{std::chrono::year{2019} / 1 / 1};
    return first + std::chrono::seconds{number(0, 4 * 366 * 86'400)};
  }

 private:
  Field field(int low, int high, int star_percent) {
    if (chance(star_percent)) return {"*", range(low, high, 1, low, high), true};
    Field result;
    const int items = number(1, 3);
    for (int i = 0; i < items; ++i) {
      const int first = number(low, high), last = number(low, high), step = number(1, 9);
      const int safe_step = std::min(step, high - low + 1);
      const std::string slash = '/' + std::to_string(safe_step);
      const bool wraps = last < first && high > 1000;  // years do not
      std::string item = std::to_string(first);
      Set values{first};
      switch (number(0, 4)) {
        case 0:
          item = "*" + slash;
          values = range(low, high, safe_step, low, high);
          if (i == 0) result.wildcard = high < 1000;
          if (high > 1000) values = {first}, item = std::to_string(first);
          break;
        case 1:
          if (wraps || high > 1000) break;
          item += slash;
          values = range(first, high, safe_step, low, high);
          if (i == 0 && first == low) result.wildcard = true;
          break;
        case 2:
          if (wraps) break;
          item += '-' + std::to_string(last);
          values = range(first, last, 1, low, high);
          break;
        case 3:
          if (wraps) break;
          item += '-' + std::to_string(last) + slash;
          values = range(first, last, safe_step, low, high);
          break;
        default:
          break;
      }
      result.text += (i > 0 ? "," : "") + item;
      result.values.insert(values.begin(), values.end());
    }
    return result;
  }

  // Goes from `first` to `last` by ones, round the end when it comes to it; takes each step-th.
  static Set range(int first, int last, int step, int low, int high) {
    Set result;
    for (int value = first, i = 0;; value = value == high ? low : value + 1, ++i) {
      if (i % step == 0) result.insert(value);
      if (value == last) return result;
    }
  }

  void add_special_day(Model& model) {
    // In front, so that the field is no wildcard.
    const int n = number(1, 31);
    std::string item;
    switch (number(0, 4)) {
      case 4:
        item = "L-" + std::to_string(n - 1) + 'W';
        model.nearest_before_last.insert(n - 1);
        break;
      case 0:
        item = "L";
        model.before_last.insert(0);
        break;
      case 1:
        item = "L-" + std::to_string(n - 1);
        model.before_last.insert(n - 1);
        break;
      case 2:
        item = std::to_string(n) + 'W';
        model.nearest.insert(n);
        break;
      default:
        item = "LW";
        model.last_working_day = true;
    }
    put_in_front(model.day, item);
  }

  void add_special_weekday(Model& model) {
    const int day = number(0, 6), n = number(1, 5);
    std::string item = std::to_string(day);
    if (chance(50)) {
      item += 'L';
      model.last_of.insert(day);
    } else {
      item += '#' + std::to_string(n);
      model.nth.insert({day, n});
    }
    put_in_front(model.weekday, item);
  }

  void put_in_front(Field& field, const std::string& item) {
    if (field.text == "*" || chance(50)) {
      field = {item, {}, false};
    } else {
      field.text = item + ',' + field.text;
      field.wildcard = false;
    }
  }

  std::mt19937 random_;
};

class Oracle {
 public:
  explicit Oracle(const Model& model) : model_{model} {
    for (int hour = 0; hour < 24; ++hour) {
      if (!model.hour.values.contains(hour)) continue;
      for (int minute = 0; minute < 60; ++minute) {
        if (!model.minute.values.contains(minute)) continue;
        for (const int second : model.second.values) {
          times_.emplace_back(hour * 3600 + minute * 60 + second);
        }
      }
    }
  }

  // The occurrence nearest to `time` on one side of it, within so many days.
  std::optional<sys_seconds> find(sys_seconds time, int direction, int most_days) const {
    auto day = std::chrono::floor<days>(time);
    for (int i = 0; i <= most_days; ++i, day += days{direction}) {
      if (!matches(day)) continue;
      std::optional<sys_seconds> found;
      for (const std::chrono::seconds since_midnight : times_) {
        const sys_seconds candidate = day + since_midnight;
        if (direction > 0 ? candidate <= time : candidate >= time) continue;
        found = candidate;
        if (direction > 0) break;
      }
      if (found) return found;
    }
    return std::nullopt;
  }

  // How many are later than `after` and not later than `until`.
  std::uint64_t count(sys_seconds after, sys_seconds until) const {
    std::uint64_t count = 0;
    for (auto day = std::chrono::floor<days>(after); day <= until; day += days{1}) {
      if (!matches(day)) continue;
      for (const std::chrono::seconds since_midnight : times_)
        count += day + since_midnight > after && day + since_midnight <= until ? 1U : 0U;
    }
    return count;
  }

 private:
  bool matches(sys_days day) const {
    const std::chrono::year_month_day date{day};
    if (!model_.year.wildcard && !model_.year.values.contains(static_cast<int>(date.year()))) {
      return false;
    }
    if (!model_.month.values.contains(number(date.month()))) return false;
    const bool by_date = matches_date(day), by_weekday = matches_weekday(day);
    return model_.day.wildcard || model_.weekday.wildcard ? by_date && by_weekday
                                                          : by_date || by_weekday;
  }

  bool matches_date(sys_days day) const {
    const std::chrono::year_month_day date{day};
    const int last = number((date.year() / date.month() / std::chrono::last).day());
    if (model_.day.values.contains(number(date.day()))) return true;
    if (model_.before_last.contains(last - number(date.day()))) return true;
    if (model_.last_working_day && nearest_working_day(date, last) == day) return true;
    for (const int back : model_.nearest_before_last) {
      if (back < last && nearest_working_day(date, last - back) == day) return true;
    }
    for (const int wanted : model_.nearest) {
      if (wanted <= last && nearest_working_day(date, wanted) == day) return true;
    }
    return false;
  }

  bool matches_weekday(sys_days day) const {
    const int weekday = weekday_of(day);
    const int nth = (number(std::chrono::year_month_day{day}.day()) - 1) / 7 + 1;
    const auto month = [](sys_days any) { return std::chrono::year_month_day{any}.month(); };
    return model_.weekday.values.contains(weekday) || model_.nth.contains({weekday, nth}) ||
           (model_.last_of.contains(weekday) && month(day + days{7}) != month(day));
  }

  // Tries each day of the month.
  static sys_days nearest_working_day(std::chrono::year_month_day date, int wanted) {
    const sys_days target = sys_days{date.year() / date.month() / wanted};
    sys_days best{};
    for (int d = 1; d <= number((date.year() / date.month() / std::chrono::last).day()); ++d) {
      const sys_days day{date.year() / date.month() / d};
      const bool works = weekday_of(day) != 0 && weekday_of(day) != 6;
      const auto distance = [&](sys_days other) { return std::abs((other - target).count()); };
      if (works && distance(day) < distance(best)) best = day;
    }
    return best;
  }

  static int weekday_of(sys_days day) {
    return static_cast<int>(((day.time_since_epoch().count() + 4) % 7 + 7) % 7);
  }

  template <class Unit> static int number(Unit unit) {
    return static_cast<int>(static_cast<unsigned>(unit));
  }

  const Model& model_;
  std::vector<std::chrono::seconds> times_;  // of a day
};

}  // namespace

TEST_CASE("random expressions agree with a search by hand") {
  constexpr int most_days = 400;
  Generator generator{20'250'330};
  int due = 0;
  for (int i = 0; i < 3000; ++i) {
    const Model model = generator.model();
    const Oracle oracle{model};
    const auto expression = CronExpression::parse(model.text());
    const sys_seconds time = generator.time();
    INFO(model.text() << " at " << text(time));

    const auto next = expression.next_after(time);
    if (const auto expected = oracle.find(time, +1, most_days)) {
      ++due;
      REQUIRE(text(next) == text(*expected));
      REQUIRE(expression.next_after(*next - std::chrono::nanoseconds{1}) == next);
    } else if (next) {
      REQUIRE(*next > time + days{most_days});
    }
    const auto previous = expression.prev_before(time);
    if (const auto expected = oracle.find(time, -1, most_days)) {
      REQUIRE(text(previous) == text(*expected));
    } else if (previous) {
      REQUIRE(*previous < time - days{most_days});
    }
    const sys_seconds until = time + std::chrono::seconds{generator.number(0, 40 * 86'400)};
    REQUIRE(expression.count_between(time, until) == oracle.count(time, until));
    REQUIRE(CronExpression::parse(to_string(expression)) == expression);
    REQUIRE(to_string(CronExpression::parse(to_string(expression))) == to_string(expression));
  }
  CHECK(due > 2000);
}
