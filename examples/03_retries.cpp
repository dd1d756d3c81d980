// SPDX-License-Identifier: MIT
// A task that throws is tried again as its retry policy says. VirtualTime runs it without the
// waiting: its clock jumps to the next timer.

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <stdexcept>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Download, Done };

//! [retries]
struct Download {
  cano::TaskConfig config() const {
    // 100 ms, then twice as long each time, at most 30 s; no jitter, so that the output is the same
    // each time.
    return cano::TaskConfig{}
        .with_retry(cano::RetryPolicy::exponential(3, 100ms, 2.0, 30s, 0.0))
        .with_attempt_timeout(2s);
  }

  State run(cano::MemoryStore&, cano::TaskContext& context) const {
    std::cout << "Attempt " << context.attempt() << " of " << context.max_attempts() << '\n';
    if (context.attempt() < 3) throw std::runtime_error{"connection reset"};
    return State::Done;
  }
};
//! [retries]

struct NotFound : std::runtime_error {
  NotFound() : std::runtime_error{"no such file"} {}
};

struct DownloadMissing {
  State run(cano::MemoryStore&) const { throw NotFound{}; }
};

bool is_worth_it(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const NotFound&) {
    return false;
  } catch (...) {
    return true;
  }
}

std::chrono::milliseconds waited(const cano::VirtualTime& time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed());
}

int main() {
  const auto workflow = cano::Workflow<State>{State::Download}
                            .add(State::Download, Download{})
                            .add_exit_state(State::Done);
  //! [virtual_time]
  cano::VirtualTime time;
  cano::MemoryStore store;
  time.run(workflow.orchestrate(store));
  std::cout << "Waited " << waited(time).count() << " ms\n";  // 100 ms and 200 ms
  //! [virtual_time]

  // The policy given to `add` goes before the task's own. This one knows what is not worth a retry.
  const auto policy = cano::RetryPolicy::fixed(5, 1s).retry_if(is_worth_it);
  const auto picky =
      cano::Workflow<State>{State::Download}
          .add(State::Download, DownloadMissing{}, cano::TaskConfig{}.with_retry(policy))
          .add_exit_state(State::Done);
  const auto result = time.run(picky.try_orchestrate(store));
  std::cout << "Gave up after " << result.attempts() << " attempt: " << result.error_message()
            << '\n';
}
