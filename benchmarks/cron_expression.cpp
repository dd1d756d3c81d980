// SPDX-License-Identifier: MIT
// What does cron cost: to parse an expression, and to ask it for its next occurrence? Beside it,
// the same question to a loop that looks at one minute after the other.
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include <cano/cron/cron_expression.hpp>
#include <cano/duration.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

namespace {

using cano::CronExpression;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array expressions{"* * * * *",         "*/15 * * * *",    "30 9 * * MON-FRI",
                                 "0 0 9 * * MON-FRI", "0 0 L-3,15W * ?", "0 0 29 2 *",
                                 "0 0 31 2 *"};

const cano::system_time new_year = sys_days{std::chrono::year{2025} / 1 / 1};

// Clocks are changed on 31 March and 27 October of each year, at 01:00 UTC.
class EuropeanRules final : public cano::ZoneRules {
 public:
  std::string_view name() const noexcept override { return "European"; }

  cano::ZoneSpan span_at(sys_seconds time) const override {
    const auto year = std::chrono::year_month_day{std::chrono::floor<days>(time)}.year();
    const sys_seconds spring = change(year / 3 / 31), autumn = change(year / 10 / 27);
    if (time < spring) return {change((year - std::chrono::years{1}) / 10 / 27), spring, hours{1}};
    if (time < autumn) return {spring, autumn, hours{2}};
    return {autumn, change((year + std::chrono::years{1}) / 3 / 31), hours{1}};
  }

 private:
  static sys_seconds change(std::chrono::year_month_day date) { return sys_days{date} + hours{1}; }
};

void parse(benchmark::State& state) {
  const std::string text = expressions[static_cast<std::size_t>(state.range(0))];
  for (auto _ : state)
    benchmark::DoNotOptimize(CronExpression::try_parse(text));
  state.SetLabel(text);
}
BENCHMARK(parse)->DenseRange(0, 4);

void parse_broken(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(CronExpression::try_parse("30 25 * * *"));
}
BENCHMARK(parse_broken);

// From one occurrence to the next, starting again where there is none.
template <class Next> void walk(benchmark::State& state, Next next) {
  const std::string text = expressions[static_cast<std::size_t>(state.range(0))];
  const auto cron = CronExpression::parse(text);
  cano::system_time time = new_year;
  for (auto _ : state)
    time = next(cron, time).value_or(new_year);
  benchmark::DoNotOptimize(time);
  state.SetLabel(text);
}

void next_in_utc(benchmark::State& state) {
  walk(state, [](const CronExpression& cron, auto time) { return cron.next_after(time); });
}
BENCHMARK(next_in_utc)->DenseRange(0, expressions.size() - 1);

void next_in_zone(benchmark::State& state) {
  const cano::TimeZone zone{std::make_shared<EuropeanRules>()};
  walk(state, [&](const CronExpression& cron, auto time) { return cron.next_after(time, zone); });
}
BENCHMARK(next_in_zone)->DenseRange(0, expressions.size() - 1);

// The baseline: "30 9 * * MON-FRI" by hand.
void next_minute_by_minute(benchmark::State& state) {
  const auto matches = [](sys_seconds time) {
    const auto day = std::chrono::floor<days>(time);
    const auto weekday = std::chrono::weekday{day}.c_encoding();
    return time - day == hours{9} + minutes{30} && weekday >= 1 && weekday <= 5;
  };
  sys_seconds time = std::chrono::floor<seconds>(new_year);
  for (auto _ : state) {
    do {
      time += minutes{1};
    } while (!matches(time));
    benchmark::DoNotOptimize(time);
  }
  state.SetLabel(expressions[2]);
}
BENCHMARK(next_minute_by_minute);

}  // namespace

BENCHMARK_MAIN();
