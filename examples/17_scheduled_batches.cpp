// SPDX-License-Identifier: MIT
// A batch of concurrent workflows as a job: each time five instances with fresh stores, the first
// three that finish are enough.

#include <chrono>
#include <iostream>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class Probe { Ask, Done };

// The n-th mirror that is asked answers after n seconds.
struct Ask {
  cano::Async<Probe> run(cano::MemoryStore&, cano::TaskContext& context) const {
    co_await cano::sleep_for(std::chrono::seconds{context.instance_id() + 1});
    co_return Probe::Done;
  }
};

int main() {
  const auto probe = cano::ConcurrentWorkflow<Probe>{Probe::Ask}
                         .add(Probe::Ask, Ask{})
                         .add_exit_state(Probe::Done);

  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  //! [batch]
  scheduler.every("probe", probe.batch(5, cano::WaitForQuota{3}), 1min);
  //! [batch]
  scheduler.start();
  time.run_for(150s);

  const cano::FlowInfo info = *scheduler.status("probe");
  std::cout << info.run_count << " runs of " << *info.concurrent_instances << " instances\n"
            << "the last: " << info.last_batch->completed << " completed, "
            << info.last_batch->cancelled << " cancelled, "
            << std::chrono::duration<double>(info.last_batch->elapsed).count() << " s\n";
}
