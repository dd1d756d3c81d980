// SPDX-License-Identifier: MIT
// A cron expression in a time zone, over the night in which Berlin's clocks go forward; under
// virtual time, so three days take a moment.

#include <chrono>
#include <ctime>
#include <iostream>
#include <string>

#include <cano.hpp>
#include <cano/adapters/time_zones.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace cano::literals;
using namespace std::chrono_literals;

std::string text(cano::system_time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  char text[32];
  const auto length = std::strftime(text, sizeof text, "%F %H:%M UTC", std::gmtime(&seconds));
  return {text, length};
}

int main() {
  cano::VirtualTime time{std::chrono::sys_days{std::chrono::year{2025} / 3 / 28} + 12h};
  cano::Scheduler scheduler{time.get_executor()};

  //! [cron]
  const auto berlin = cano::TimeZone::iana("Europe/Berlin");
  const auto print = [](const cano::Occurrence& now) {
    std::cout << "  " << now.id << " at " << text(now.actual) << '\n';
  };
  scheduler.add("opening", cano::Schedule::cron("0 9 * * *"_cron, berlin), print);
  scheduler.add("nightly", cano::Schedule::cron("30 2 * * *", berlin), print,
                {.gap = cano::DstGap::RunAtGapEnd});
  //! [cron]

  std::cout << "0 9 * * *: " << ("0 9 * * *"_cron).describe() << '\n';
  std::cout << "The next two openings:\n";
  for (const auto next : scheduler.next_runs("opening", 2))
    std::cout << "  " << text(next) << '\n';

  std::cout << "Three days:\n";
  scheduler.start();
  time.run_for(72h);
}
