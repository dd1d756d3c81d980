// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <cano/async/detail/duration_text.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/wide.hpp>

namespace cano::detail {

/// The core of a limit on a rate: a bucket of tokens, full at first, into which `rate` tokens come
/// evenly in each `per`. See `PermitCount` for what each function is for.
///
/// Exact: a token is `per` parts, of which `rate` come in a nanosecond.
class TokenBucket {
 public:
  static constexpr bool goes_by_time = true;

  TokenBucket(std::size_t rate, Duration per, std::size_t capacity) noexcept
      : rate_{rate},
        per_{static_cast<Wide>(per.count())},
        capacity_{capacity},
        full_{per_ * capacity},
        level_{full_} {}

  std::size_t capacity() const noexcept { return capacity_; }
  bool take(steady_time now, std::size_t cost) noexcept {
    advance(now);
    const Wide parts = per_ * cost;
    if (parts > level_) return false;
    if (grants_ != 0) peak_ = std::max(peak_, level_);
    level_ -= parts;
    return true;
  }
  steady_time due(steady_time, Wide ahead, std::size_t cost) const noexcept {
    const Wide parts = per_ * std::min(ahead + cost, most_units);
    if (parts <= level_) return time_;
    return later_by(time_, (parts - level_ + rate_ - 1) / rate_);
  }
  void give_back(std::size_t) noexcept {}
  bool is_fresh(steady_time now) noexcept {
    advance(now);
    return level_ == full_;
  }

  void grant_begins() noexcept {
    if (grants_++ == 0) peak_ = level_;
  }
  void grant_ends() noexcept {
    CANO_ASSERT(grants_ != 0);
    --grants_;
  }
  /// As if it had never been taken: what came into the bucket since then and would not have found
  /// room in it is not given back. With several grants it may be a little less.
  void undo(steady_time now, const Grant& grant) noexcept {
    advance(now);
    const Wide parts = per_ * grant.cost;
    level_ += std::min(parts, full_ - std::max(peak_, level_));
    peak_ = std::min(full_, peak_ + parts);
    grant_ends();
  }

  /// "rate limit of 10 in 1 s".
  std::string describe() const {
    const Duration per{static_cast<Duration::rep>(per_)};
    return "rate limit of " + std::to_string(rate_) + " in " + duration_text(per);
  }

 private:
  void advance(steady_time now) noexcept {
    if (now <= time_) return;
    const auto passed = static_cast<Wide>(saturating_between(time_, now).count());
    level_ = std::min(full_, level_ + passed * rate_);
    time_ = now;
  }

  std::size_t rate_;
  Wide per_;
  std::size_t capacity_;
  Wide full_;
  Wide level_;
  steady_time time_ = steady_time::min();  // of the level
  std::size_t grants_ = 0;                 // that may be undone
  Wide peak_ = 0;                          // the highest level since the first of them
};

}  // namespace cano::detail
