// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include <cano/config.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

// How many virtual clocks this process has: all that real time pays to know of them.
CANO_VISIBLE inline std::atomic<int> virtual_clock_count{0};

/// Replaces the real clocks in an execution context, for tests. Its time changes only on the
/// context's thread, by the test, which then lets the context's timers expire.
class VirtualClock {
 public:
  VirtualClock() { virtual_clock_count.fetch_add(1, std::memory_order_relaxed); }
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;

  steady_time now() const noexcept { return now_; }
  system_time wall_now() const noexcept { return wall_; }

 protected:
  ~VirtualClock() { virtual_clock_count.fetch_sub(1, std::memory_order_relaxed); }

  steady_time now_{};
  system_time wall_{};
};

}  // namespace cano::detail
