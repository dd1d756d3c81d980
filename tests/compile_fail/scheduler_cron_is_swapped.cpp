// SPDX-License-Identifier: MIT
// expect: cano: Scheduler::cron takes the id, the job, the cron expression: in this order
#include <cano/schedule/scheduler.hpp>

void report(cano::Scheduler& scheduler) {
  const auto job = [] {};
#ifdef CANO_MISTAKE
  scheduler.cron("report", "0 9 * * *", job);
#else
  scheduler.cron("report", job, "0 9 * * *");
#endif
}
