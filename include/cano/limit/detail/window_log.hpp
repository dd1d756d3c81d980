// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>

#include <cano/async/detail/duration_text.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/wide.hpp>

namespace cano::detail {

/// The core of a limit on each window of time: what was taken, and when. Of two things that are
/// taken exactly one `per` apart the first does not count any more. See `PermitCount` for what each
/// function is for.
class WindowLog {
 public:
  static constexpr bool goes_by_time = true;

  WindowLog(std::size_t most, Duration per) noexcept : most_{most}, per_{per} {}

  std::size_t capacity() const noexcept { return most_; }
  // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no going on
  bool take(steady_time now, std::size_t cost) noexcept {
    forget_old(now);
    if (cost > most_ - used_) return false;
    if (taken_.empty() || taken_.back().at != now) taken_.push_back({0, now});
    taken_.back().cost += cost;
    used_ += cost;
    return true;
  }
  steady_time due(steady_time now, Wide ahead, std::size_t cost) const noexcept {
    const Wide needed = used_ + ahead + cost;
    if (needed <= most_) return now;
    // So many have to be older than a window. Of those that are still to be taken each needs
    // another one, `most` before it, to be so first, unless there is room for it now.
    const Wide window = static_cast<Wide>(per_.count());
    const Wide old = needed - most_;
    if (old <= used_) return later_by(time_of(old), window);
    const Wide later = (old - used_ + most_ - 1) / most_;
    if (old <= later * most_) return later_by(now, later * window);
    return later_by(time_of(old - later * most_), (later + 1) * window);
  }
  void give_back(std::size_t) noexcept {}
  bool is_fresh(steady_time now) noexcept {
    forget_old(now);
    return taken_.empty();
  }

  void grant_begins() noexcept {}
  void grant_ends() noexcept {}
  void undo(steady_time now, const Grant& grant) noexcept {
    forget_old(now);
    const auto found =
        std::lower_bound(taken_.begin(), taken_.end(), grant.at,
                         [](const Grant& each, steady_time at) { return each.at < at; });
    if (found == taken_.end() || found->at != grant.at) return;
    found->cost -= grant.cost;
    used_ -= grant.cost;
    if (found->cost == 0) taken_.erase(found);
  }

  /// "limit of 10 in any 1 s".
  std::string describe() const {
    return "limit of " + std::to_string(most_) + " in any " + duration_text(per_);
  }

 private:
  void forget_old(steady_time now) noexcept {
    while (!taken_.empty() && saturating_between(taken_.front().at, now) >= per_) {
      used_ -= taken_.front().cost;
      taken_.pop_front();
    }
  }
  // When the n-th of those that count was taken.
  steady_time time_of(Wide n) const noexcept {
    auto each = taken_.begin();
    for (; n > each->cost; ++each)
      n -= each->cost;
    return each->at;
  }

  std::size_t most_;
  Duration per_;
  std::deque<Grant> taken_;  // the oldest first, one for each time
  std::size_t used_ = 0;     // in sum
};

}  // namespace cano::detail
