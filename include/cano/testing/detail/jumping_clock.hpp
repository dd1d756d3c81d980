// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <boost/asio/error.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/virtual_clock.hpp>
#include <cano/time/detail/virtual_wait.hpp>

namespace cano::detail {

/// A clock that stands still until it is told to jump, and the waits that it will end.
class JumpingClock final : public VirtualClock {
 public:
  explicit JumpingClock(system_time wall) noexcept : wall_{wall} {}

  steady_time now() const noexcept override { return now_; }
  system_time wall_now() const noexcept override { return wall_; }
  Duration elapsed() const noexcept { return now_ - start(); }

  void add(std::unique_ptr<VirtualWait> wait) override {
    if (wait->deadline() <= now_) {
      VirtualWait::complete(std::move(wait), {});
      return;
    }
    const auto owner = wait->owner();
    const auto place = waits_.emplace(wait->deadline(), std::move(wait));
    by_owner_.emplace(owner, place);
  }

  void cancel(const VirtualWait& wait) override {
    auto [first, last] = by_owner_.equal_range(wait.owner());
    while (first != last && first->second->second.get() != &wait)
      ++first;
    if (first != last) VirtualWait::complete(take(first), asio::error::operation_aborted);
  }

  void wake_on_step(const void* owner) override { watchers_.insert(owner); }

  std::size_t cancel_all_of(const void* owner) override {
    watchers_.erase(owner);
    // Handlers are only queued: no wait is added or taken while this loop runs.
    std::size_t count = 0;
    for (auto it = by_owner_.find(owner); it != by_owner_.end(); it = by_owner_.find(owner)) {
      VirtualWait::complete(take(it), asio::error::operation_aborted);
      ++count;
    }
    return count;
  }

  void drop_all() noexcept override {
    // Destroying a handler may destroy timers, which look for their waits here.
    by_owner_.clear();
    watchers_.clear();
    const auto waits = std::exchange(waits_, {});
  }

  /// Jumps to the next wait that ends by `limit` and ends it, and all others of that very time in
  /// the order in which they began. False when there is none.
  bool jump(steady_time limit) {
    // The end of time never comes.
    if (waits_.empty() || waits_.begin()->first == steady_time::max()) return false;
    if (waits_.begin()->first > limit) return false;
    move_to(waits_.begin()->first);
    while (!waits_.empty() && waits_.begin()->first <= now_) {
      VirtualWait::complete(take(place_of(waits_.begin())), {});
    }
    return true;
  }

  /// What should have ended before `time` ends late.
  void move_to(steady_time time) noexcept {
    if (time <= now_) return;
    wall_ = saturating_add(wall_, saturating_between(now_, time));
    now_ = time;
  }

  void step_wall(Duration by) {
    wall_ = saturating_add(wall_, by);
    for (const void* owner : std::exchange(watchers_, {})) {
      for (auto it = by_owner_.find(owner); it != by_owner_.end(); it = by_owner_.find(owner))
        VirtualWait::complete(take(it), {});
    }
  }

 private:
  // Both keep the order of insertion among equal keys.
  using Waits = std::multimap<steady_time, std::unique_ptr<VirtualWait>>;
  using Owners = std::multimap<const void*, Waits::iterator>;

  // Not zero: on a real machine the clock never is, and code may use it for "not set".
  static constexpr steady_time start() noexcept { return steady_time{std::chrono::hours{1}}; }

  Owners::iterator place_of(Waits::iterator wait) {
    auto it = by_owner_.find(wait->second->owner());
    while (it->second != wait)
      ++it;
    return it;
  }

  std::unique_ptr<VirtualWait> take(Owners::iterator place) {
    auto wait = std::move(place->second->second);
    waits_.erase(place->second);
    by_owner_.erase(place);
    return wait;
  }

  steady_time now_ = start();
  system_time wall_;
  Waits waits_;
  Owners by_owner_;
  std::set<const void*> watchers_;  // of the wall clock
};

}  // namespace cano::detail
