// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/wide.hpp>

namespace cano::detail {

/// The core of a limit on what is under way at once: permits that are given back.
///
/// LimitCore, as the other cores: no lock, no clock of its own. `now` never goes back.
class PermitCount {
 public:
  static constexpr bool goes_by_time = false;

  explicit PermitCount(std::size_t permits) noexcept : capacity_{permits}, free_{permits} {}

  /// The largest cost that ever fits.
  std::size_t capacity() const noexcept { return capacity_; }
  bool take(steady_time, std::size_t cost) noexcept {
    if (cost > free_) return false;
    free_ -= cost;
    return true;
  }
  /// When there is room for `cost` once `ahead` has been taken before; the end of time where that
  /// cannot be known. Never too late.
  steady_time due(steady_time, Wide, std::size_t) const noexcept { return steady_time::max(); }
  void give_back(std::size_t cost) noexcept {
    free_ += cost;
    CANO_ASSERT(free_ <= capacity_);
  }
  /// Whether one that is made now would do the same.
  bool is_fresh(steady_time) const noexcept { return free_ == capacity_; }

  // ---- what was taken for a waiter that has not gone on yet

  void grant_begins() noexcept {}
  void grant_ends() noexcept {}
  void undo(steady_time, const Grant& grant) noexcept { give_back(grant.cost); }

  /// "concurrency limit of 3".
  std::string describe() const { return "concurrency limit of " + std::to_string(capacity_); }

 private:
  std::size_t capacity_;
  std::size_t free_;
};

}  // namespace cano::detail
