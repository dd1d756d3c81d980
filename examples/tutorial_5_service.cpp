// SPDX-License-Identifier: MIT
// Step 5 of the tutorial: a job every night, seen from outside, that ends in good order.
#include <chrono>
#include <iostream>
#include <memory>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Report, Done };

struct Day {
  int orders = 17;
};

State report(Day& day, cano::TaskContext& context) {
  context.log(cano::Level::Info, "Orders of the day", cano::Field{"orders", day.orders});
  return State::Done;
}

//! [observer]
struct RunCounter : cano::Observer {
  int succeeded = 0;
  int lines = 0;
  void on_run_finished(const cano::RunFinished& event) override {
    if (event.outcome == cano::Outcome::Success) ++succeeded;
  }
  void on_log(const cano::LogRecord&) override { ++lines; }
};
//! [observer]

int main() {
  const auto counter = std::make_shared<RunCounter>();
  const auto workflow = cano::Workflow<State, Day>{State::Report}
                            .add(State::Report, report)
                            .add_exit_state(State::Done)
                            .with_observer(counter);
  //! [schedule]
  cano::VirtualTime time;  // in a program: a Runtime
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.cron("nightly", workflow, "30 2 * * *");
  scheduler.start();
  time.run_for(72h);
  std::cout << counter->succeeded << " reports in three days, " << counter->lines << " lines\n";

  const auto stopped = time.run(scheduler.stop(1min));
  std::cout << stopped.cancelled.size() << " runs had to be cancelled\n";
  //! [schedule]
}
