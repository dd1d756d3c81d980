// SPDX-License-Identifier: MIT
// expect: cano: Scheduler::every takes the id, the job, the interval: in this order
#include <chrono>

#include <cano/schedule/scheduler.hpp>

void poll(cano::Scheduler& scheduler) {
  const auto job = [] {};
#ifdef CANO_MISTAKE
  scheduler.every("poll", std::chrono::seconds{5}, job);
#else
  scheduler.every("poll", job, std::chrono::seconds{5});
#endif
}
