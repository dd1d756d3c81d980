// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <cano/duration.hpp>

namespace cano::detail {

// The times at whole numbers of an interval from an anchor, before it and after it.
class TimeGrid {
 public:
  // `interval`: more than zero.
  constexpr TimeGrid(system_time anchor, Duration interval) noexcept
      : anchor_{anchor},
        step_{static_cast<Steps>(std::chrono::ceil<system_time::duration>(interval).count())} {}

  constexpr system_time anchor() const noexcept { return anchor_; }

  constexpr std::optional<system_time> next_after(system_time time) const noexcept {
    const Steps left = step_ - since_last(time);
    if (left > difference(system_time::max(), time)) return std::nullopt;
    return from_number(number(time) + left);
  }

  constexpr std::optional<system_time> prev_before(system_time time) const noexcept {
    if (time == system_time::min()) return std::nullopt;
    time -= system_time::duration{1};
    const Steps passed = since_last(time);
    if (passed > difference(time, system_time::min())) return std::nullopt;
    return from_number(number(time) - passed);
  }

  // How many are later than `after` and not later than `until`.
  constexpr std::uint64_t count(system_time after, system_time until) const noexcept {
    if (until <= after) return 0;
    const Steps first = step_ - since_last(after);  // from `after` to the next one
    const Steps whole = difference(until, after);
    return whole < first ? 0 : 1 + (whole - first) / step_;
  }

  friend constexpr bool operator==(const TimeGrid&, const TimeGrid&) = default;

 private:
  // Ticks, counted without sign: differences of times do not fit the signed type.
  using Steps = std::uint64_t;

  static constexpr Steps number(system_time time) noexcept {
    return static_cast<Steps>(time.time_since_epoch().count());
  }
  static constexpr system_time from_number(Steps number) noexcept {
    return system_time{system_time::duration{static_cast<system_time::rep>(number)}};
  }
  // `later` is not earlier than `time`.
  static constexpr Steps difference(system_time later, system_time time) noexcept {
    return number(later) - number(time);
  }

  // From the last one that is not later than `time` until then.
  constexpr Steps since_last(system_time time) const noexcept {
    if (time >= anchor_) return difference(time, anchor_) % step_;
    const Steps until_next = difference(anchor_, time) % step_;
    return until_next == 0 ? 0 : step_ - until_next;
  }

  system_time anchor_;
  Steps step_;
};

}  // namespace cano::detail
