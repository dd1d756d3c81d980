// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <cano/async/detail/virtual_clock.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

/// A clock that does not move by itself.
class JumpingClock final : public VirtualClock {
 public:
  explicit JumpingClock(system_time wall) noexcept {
    now_ = start();
    wall_ = wall;
  }

  Duration elapsed() const noexcept { return now_ - start(); }

  /// Both clocks go on. What should have ended before `time` ends late.
  void move_to(steady_time time) noexcept {
    if (time <= now_) return;
    wall_ = saturating_add(wall_, saturating_between(now_, time));
    now_ = time;
  }

  void step_wall(Duration by) noexcept { wall_ = saturating_add(wall_, by); }

 private:
  // Not zero: on a real machine the clock never is, and code may use it for "not set".
  static constexpr steady_time start() noexcept { return steady_time{std::chrono::hours{1}}; }
};

}  // namespace cano::detail
