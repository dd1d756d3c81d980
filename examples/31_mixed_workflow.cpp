// SPDX-License-Identifier: MIT
// Each state gets the kind of work that fits it: a Task with parameters, a Node, a function, a
// lambda, a coroutine. Here they clean the readings of a sensor: as long as one of them is far
// from the others, it is dropped and the rest is measured again.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <utility>
#include <vector>

#include <cano.hpp>

using namespace std::chrono_literals;
using cano::Next;
using cano::to;

enum class State { Read, Measure, Check, Clean, Report, Done };

struct Statistics {
  double mean = 0, deviation = 0;
};

struct Readings {
  std::vector<double> values{};
  Statistics statistics{};
  std::vector<double> dropped{};
};

double distance(const Readings& readings, double value) {
  return std::abs(value - readings.statistics.mean);
}

double farthest(const Readings& readings) {
  return *std::max_element(readings.values.begin(), readings.values.end(), [&](double a, double b) {
    return distance(readings, a) < distance(readings, b);
  });
}

// A Task that gets its parameters in its constructor: workflows of other sensors give it another.
struct Read {
  std::vector<double> sensor;

  Next<State::Measure> run(Readings& readings) const {
    readings.values = sensor;
    return to<State::Measure>;
  }
};

// A Node, because its arithmetic is worth a test of its own.
struct Measure {
  std::vector<double> prep(Readings& readings) const { return readings.values; }

  Statistics exec(const std::vector<double>& values) const {
    Statistics result;
    for (const double value : values)
      result.mean += value / static_cast<double>(values.size());
    for (const double value : values)
      result.deviation += std::pow(value - result.mean, 2) / static_cast<double>(values.size());
    result.deviation = std::sqrt(result.deviation);
    return result;
  }

  Next<State::Check> post(Readings& readings, Statistics statistics) const {
    readings.statistics = statistics;
    return to<State::Check>;
  }
};

// A function will do where there is nothing to set up.
Next<State::Measure> drop_farthest(Readings& readings) {
  const double outlier = farthest(readings);
  std::erase(readings.values, outlier);
  readings.dropped.push_back(outlier);
  return to<State::Measure>;
}

// A coroutine, for what has to wait.
cano::Async<Next<State::Done>> report(Readings& readings) {
  co_await cano::sleep_for(1ms);  // a slow printer
  std::cout << std::fixed << std::setprecision(2) << readings.values.size() << " readings of "
            << readings.statistics.mean << " +- " << readings.statistics.deviation << " C\n";
  for (const double value : readings.dropped)
    std::cout << "  dropped " << value << " C\n";
  co_return to<State::Done>;
}

int main() {
  const double limit = 2;  // deviations from the mean
  const auto workflow =
      cano::Workflow<State, Readings>{State::Read}
          .add(State::Read, Read{{20.1, 20.4, 19.8, 20.0, 85.0, 20.3, 19.9, 20.2, 19.7, 20.1, 20.0,
                                  19.6, -40.0, 20.5, 20.2, 19.9}})
          .add(State::Measure, Measure{})
          .add(State::Check,  // a lambda, which takes what it needs from here
               [limit](Readings& readings) -> Next<State::Clean, State::Report> {
                 const double outlier = distance(readings, farthest(readings));
                 if (outlier > limit * readings.statistics.deviation) return to<State::Clean>;
                 return to<State::Report>;
               })
          .add(State::Clean, drop_farthest)
          .add(State::Report, report)
          .add_exit_state(State::Done)
          .with_max_transitions(100);  // it goes in circles: better an error than no end

  Readings readings;
  cano::run(workflow, readings);
}
