// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/wide.hpp>

namespace cano::detail {

class LimitWaiter;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// Reaches a waiter on its loop to say that it is due sooner than it thinks.
struct LimitNudge {
  Loop::Pointer loop;
  LimitWaiter* waiter;  // on the loop only; null when it is gone

  static void send(std::shared_ptr<LimitNudge> nudge);
};

/// The part of a limit that does not depend on what it limits: which waiters there are, which is
/// next, which still needs it.
///
/// Each waiter of a limit on a rate has a timer on its own loop for when it is due, given
/// all before it; the first timer that fires serves all that are due. So a loop that is stuck holds
/// up no other, and most waiters wake once. When one leaves early the next may be due sooner, and
/// gets a nudge.
///
/// **Lifetime.** `retire` when its owner lets go; then it lives as long as a coroutine waits or has
/// a permit.
class LimitLine : public WaitLine {
 public:
  virtual ~LimitLine() = default;

  /// Takes at once or not at all; never before those that wait.
  bool try_take(steady_time now, std::size_t cost) {
    const std::lock_guard lock{mutex()};
    if (cost == 0) return true;
    if (first() != nullptr || !take(clamp(now), cost)) return false;
    if (!goes_by_time_) ++users_;
    return true;
  }
  /// A permit is given back; on any thread. May destroy this object.
  void release(std::size_t cost) {
    change({}, [&] { give_back(cost); }, true);
  }
  /// Lets all those go on that are due.
  void serve(steady_time now) {
    change(now, [] {}, false);
  }
  /// Its owner is gone: nothing can ask for more.
  void retire() {
    bool is_last = false;
    {
      const std::lock_guard lock{mutex()};
      is_retired_ = true;
      is_last = users_ == 0;
    }
    if (is_last) delete this;
  }
  /// Whether it is unused and one that is made now would do the same.
  bool is_idle(steady_time now) {
    const std::lock_guard lock{mutex()};
    return users_ == 0 && is_fresh(clamp(now));
  }

  bool goes_by_time() const noexcept { return goes_by_time_; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t waiting() const {
    const std::lock_guard lock{mutex()};
    return waiting_;
  }
  virtual std::string describe() const = 0;

 protected:
  LimitLine(bool goes_by_time, std::size_t capacity) noexcept
      : goes_by_time_{goes_by_time}, capacity_{capacity} {}

 private:
  friend class LimitWaiter;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

  // The core, see `PermitCount`; with the mutex locked.
  virtual bool take(steady_time now, std::size_t cost) noexcept = 0;
  virtual steady_time due(steady_time now, Wide ahead, std::size_t cost) const noexcept = 0;
  virtual void give_back(std::size_t cost) noexcept = 0;
  virtual bool is_fresh(steady_time now) noexcept = 0;
  virtual void grant_begins() noexcept = 0;
  virtual void grant_ends() noexcept = 0;
  virtual void undo(steady_time now, const Grant& grant) noexcept = 0;

  // Threads read the clock before they have the mutex.
  steady_time clamp(steady_time now) noexcept { return time_ = std::max(time_, now); }

  using Nudge = std::shared_ptr<LimitNudge>;
  Handler serve_first(steady_time now, Nudge& nudge);

  // Changes something, lets those go on that may now, then lets go where `is_user`: nothing of this
  // object may be touched after that.
  template <class Change> void change(steady_time now, Change&& what, bool is_user) {
    for (bool is_done = false;;) {
      Handler next;
      Nudge nudge;
      bool is_last = false;
      {
        const std::lock_guard lock{mutex()};
        if (!std::exchange(is_done, true)) what();
        next = serve_first(clamp(now), nudge);
        if (!next && is_user) is_last = --users_ == 0 && is_retired_;
      }
      if (nudge) LimitNudge::send(std::move(nudge));
      if (!next) {
        if (is_last) delete this;
        return;
      }
      call(std::move(next));
    }
  }

  const bool goes_by_time_;
  const std::size_t capacity_;
  bool is_retired_ = false;
  std::size_t users_ = 0;  // waiters, and holders of permits
  std::size_t waiting_ = 0;
  Wide queued_ = 0;  // what they ask for
  steady_time time_ = steady_time::min();
};

}  // namespace cano::detail
