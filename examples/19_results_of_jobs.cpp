// SPDX-License-Identifier: MIT
// A job with a store of its own: the coroutine makes it, runs the workflow on it, and reads the
// result back.

#include <chrono>
#include <iostream>
#include <utility>
#include <vector>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Measure, Average, Done };

struct Sample {
  int hour;
  std::vector<double> degrees{};
  double average = 0;
};

//! [job]
struct Thermometer {
  const cano::Workflow<State, Sample>& workflow;
  std::vector<Sample>& log;

  cano::Async<void> operator()(const cano::Occurrence& now) const {
    Sample sample{.hour = static_cast<int>(now.run)};  // what goes in
    co_await workflow.orchestrate(sample);
    log.push_back(std::move(sample));  // what comes out
  }
};
//! [job]

int main() {
  const auto workflow = cano::Workflow<State, Sample>{State::Measure}
                            .add(State::Measure,
                                 [](Sample& sample) {
                                   for (int i = 0; i < 3; ++i)
                                     sample.degrees.push_back(10 + sample.hour + i);
                                   return State::Average;
                                 })
                            .add(State::Average,
                                 [](Sample& sample) {
                                   for (const double degrees : sample.degrees)
                                     sample.average += degrees / 3;
                                   return State::Done;
                                 })
                            .add_exit_state(State::Done);

  std::vector<Sample> log;
  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.cron("thermometer", Thermometer{workflow, log}, "@hourly");
  scheduler.start();
  time.run_for(4h);
  for (const Sample& sample : log)
    std::cout << sample.hour << ":00  " << sample.average << " degrees\n";
}
