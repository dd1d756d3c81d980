// SPDX-License-Identifier: MIT
// A job that fails is tried again sooner, then less and less often, until it succeeds; then its
// usual schedule is back. A retry policy gives the delays.

#include <chrono>
#include <cstddef>
#include <iostream>
#include <stdexcept>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

// The server is down for its first ten minutes.
cano::Async<void> synchronize(const cano::VirtualTime& time) {
  co_await cano::sleep_for(1s);
  if (time.elapsed() < 10min) throw std::runtime_error{"no answer"};
}

//! [backoff]
struct SyncJob {
  cano::Scheduler& scheduler;
  const cano::VirtualTime& time;
  std::size_t failures = 0;

  cano::Async<void> operator()(const cano::Occurrence& now) {
    const auto backoff = cano::RetryPolicy::exponential(6, 30s, 2.0, 5min, 0.0);
    try {
      co_await synchronize(time);
      if (failures > 0) scheduler.replace(now.id, cano::Schedule::every(1h));
      failures = 0;
    } catch (const std::exception&) {
      if (const auto delay = backoff.delay_for_attempt(failures++))
        scheduler.replace(now.id, cano::Schedule::every(*delay));
      throw;  // it has failed all the same
    }
  }
};
//! [backoff]

int main() {
  cano::VirtualTime time;
  const auto start = time.wall_now();
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.every("sync", SyncJob{scheduler, time}, 1h);
  scheduler.start();
  time.run_for(3h);
  for (const cano::JobOutcome& outcome : scheduler.history("sync")) {
    const auto at = std::chrono::duration_cast<std::chrono::seconds>(outcome.started - start);
    std::cout << "after " << at.count()
              << " s: " << (outcome.is_success() ? "done" : outcome.error_message()) << '\n';
  }
}
