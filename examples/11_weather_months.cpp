// SPDX-License-Identifier: MIT
// Fan-out: the twelve months of Seattle's weather, one instance each, on a Runtime of two threads.
//
//     11_weather_months [weather.csv]

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/runtime/runtime.hpp>

enum class Step { Select, Sum, Done };

struct Day {
  int month;
  double rain;  // mm
  double high;  // degrees C
};

// One instance: the month it looks at, what it reads and what it finds out. The days are shared.
struct Month {
  const std::vector<Day>* all_days;
  int number;
  std::vector<Day> days{};
  double rain = 0;
  double mean_high = 0;
};

Step select_days(Month& month) {
  std::copy_if(month.all_days->begin(), month.all_days->end(), std::back_inserter(month.days),
               [&](const Day& day) { return day.month == month.number; });
  return Step::Sum;
}

Step sum_up(Month& month) {
  double highs = 0;
  for (const Day& day : month.days) {
    month.rain += day.rain;
    highs += day.high;
  }
  if (!month.days.empty()) month.mean_high = highs / static_cast<double>(month.days.size());
  return Step::Done;
}

std::vector<Day> read_days(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  if (!std::getline(file, line))  // the header: date,precipitation,temp_max,temp_min,wind,weather
    throw cano::Error{cano::Errc::Preparation, "cannot read " + path};
  std::vector<Day> days;
  while (std::getline(file, line)) {
    Day day{};
    const int read =
        std::sscanf(line.c_str(), "%*d-%d-%*d,%lf,%lf", &day.month, &day.rain, &day.high);
    if (read != 3 || day.month < 1 || day.month > 12) {
      throw cano::Error{cano::Errc::Preparation,
                        path + ": line " + std::to_string(days.size() + 2) + " is not a day"};
    }
    days.push_back(day);
  }
  return days;
}

int main(int argc, char** argv) try {
  const auto days = read_days(argc > 1 ? argv[1] : CANO_EXAMPLES_DATA "/seattle-weather.csv");
  std::vector<Month> months;
  for (int number = 1; number <= 12; ++number)
    months.push_back(Month{&days, number});

  const auto workflow = cano::ConcurrentWorkflow<Step, Month>{Step::Select}
                            .add(Step::Select, select_days)
                            .add(Step::Sum, sum_up)
                            .add_exit_state(Step::Done);

  cano::Runtime runtime{2};
  const auto [results, status] =
      runtime.run(workflow.execute_concurrent(months, cano::WaitForever{}));

  std::cout << std::fixed << std::setprecision(1);
  for (const Month& month : months) {
    std::cout << std::setw(2) << month.number << std::setw(5) << month.days.size() << " days"
              << std::setw(8) << month.rain << " mm" << std::setw(7) << month.mean_high << " C\n";
  }
  std::cout << status.completed << " of " << status.total_workflows << " months done\n";
} catch (const std::exception& error) {
  std::cerr << "11_weather_months: " << error.what() << '\n';
  return 1;
}
