// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/limit_line.hpp>
#include <cano/limit/detail/wide.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// A coroutine that asks a limit for room.
class LimitWaiter final : public LineWaiter {
 public:
  LimitWaiter(LimitLine& limit, std::size_t cost, std::optional<Duration> max_wait) noexcept
      : LineWaiter{limit, WaitKind::Limit, max_wait}, limit_{&limit}, cost_{cost} {}
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  ~LimitWaiter() {
    abandon();
    if (nudge_) nudge_->waiter = nullptr;
    if (!is_user_) return;
    limit_->change(now(), [&] { undo_grant(); }, true);
  }

  /// After the wait: whether there is room; what was taken belongs to the caller then.
  bool take() {
    throw_if_cancelled();
    if (outcome() != Outcome::Passed) return false;
    if (is_user_) {
      const std::lock_guard lock{mutex()};
      if (!limit_->goes_by_time_) ++limit_->users_;
      limit_->grant_ends();
      has_grant_ = false;
    }
    return true;
  }
  /// After a wait in vain: how long the rest of it would have been, where that is known.
  std::optional<Duration> rest() const noexcept { return rest_; }

  // ---- for the awaiter, on the coroutine's loop

  void set_loop(Loop& loop) noexcept { loop_ = &loop; }
  bool needs_timer() const noexcept { return limit_->goes_by_time_; }
  /// When to look whether it is due; the end of time where it waits no more.
  steady_time due() {
    const std::lock_guard lock{mutex()};
    return is_in_line() ? armed_ : steady_time::max();
  }
  /// That time has come. Returns when the next is.
  steady_time timer_fired() {
    limit_->serve(now());
    const std::lock_guard lock{mutex()};
    if (!is_in_line()) return steady_time::max();
    armed_ = due_at(limit_->time_);
    return armed_;
  }
  /// For a nudge: sets the timer anew.
  void set_timer(Sleeper& timer) noexcept { timer_ = &timer; }
  void rearm() {
    const steady_time time = due();
    if (timer_ == nullptr || time == steady_time::max()) return;
    loop_->remove(*timer_);
    timer_->deadline = time;
    loop_->add(*timer_);
  }

  void time_out() override { stop(Outcome::TimedOut); }

 private:
  friend class LimitLine;

  steady_time now() const noexcept { return needs_timer() ? loop_->now() : steady_time{}; }

  bool passes() noexcept override {
    if (cost_ == 0) {
      set_outcome(Outcome::Passed);
      return true;
    }
    const steady_time time = limit_->clamp(now());
    if (limit_->first() == nullptr && limit_->take(time, cost_)) {
      if (!limit_->goes_by_time_) ++limit_->users_;
      set_outcome(Outcome::Passed);
      return true;
    }
    return cannot_be_in_time(time);
  }
  // What would not be in time is not waited for.
  bool cannot_be_in_time(steady_time time) noexcept {
    if (!limit()) return false;
    const steady_time due = limit_->due(time, limit_->queued_, cost_);
    const bool is_known = due != steady_time::max();
    const Duration wait = is_known ? saturating_between(time, due) : Duration::zero();
    if (*limit() > Duration::zero() && wait <= *limit()) return false;
    if (is_known) rest_ = std::max(wait, Duration::zero());
    set_outcome(Outcome::TimedOut);
    return true;
  }

  void joined() noexcept override {
    armed_ = limit_->due(limit_->time_, limit_->queued_, cost_);
    limit_->queued_ += cost_;
    ++limit_->waiting_;
    ++limit_->users_;
    is_user_ = true;
  }
  void left() noexcept override {
    limit_->queued_ -= cost_;
    --limit_->waiting_;
  }

  void cancel() override { stop(Outcome::Cancelled); }
  // Out of the line, or what was taken for it is given back; the next waiter may be due now.
  void stop(Outcome outcome) {
    WaitLine::Handler handler;
    limit_->change(
        now(),
        [&] {
          if (is_in_line()) {
            note_rest();
            handler = leave(outcome);
          } else if (outcome == Outcome::Cancelled && has_grant_) {
            undo_grant();
            set_outcome(outcome);
          }
        },
        false);
    WaitLine::call(std::move(handler));
  }

  // ---- with the mutex locked

  void undo_grant() noexcept {
    if (std::exchange(has_grant_, false)) limit_->undo(limit_->clamp(now()), {cost_, granted_at_});
  }
  void note_rest() noexcept {
    const steady_time due = due_at(limit_->clamp(now()));
    if (due != steady_time::max()) rest_ = saturating_between(limit_->time_, due);
  }
  // Behind the first it is due after that one, however little is known of it.
  steady_time due_at(steady_time time) const noexcept {
    Wide ahead = 0;
    for (const LineWaiter* each = previous(); each != nullptr;
         each = static_cast<const LimitWaiter*>(each)->previous())
      ahead += static_cast<const LimitWaiter*>(each)->cost_;
    const auto& first = static_cast<const LimitWaiter&>(*limit_->first());
    return std::max(limit_->due(time, ahead, cost_), limit_->due(time, 0, first.cost_));
  }
  std::shared_ptr<LimitNudge> nudge() {
    if (!nudge_) nudge_ = std::make_shared<LimitNudge>(LimitNudge{loop_, this});
    return nudge_;
  }

  LimitLine* limit_;
  std::size_t cost_;
  Loop* loop_ = nullptr;
  Sleeper* timer_ = nullptr;
  std::shared_ptr<LimitNudge> nudge_;  // made when it is needed
  steady_time armed_{};                // for when its timer is set, or is about to be
  steady_time granted_at_{};
  std::optional<Duration> rest_;
  bool is_user_ = false;    // it has waited
  bool has_grant_ = false;  // taken while it waited, not yet the caller's
};

inline WaitLine::Handler LimitLine::serve_first(steady_time now, Nudge& nudge) {
  auto* const waiter = static_cast<LimitWaiter*>(first());
  if (waiter == nullptr) return {};
  if (take(now, waiter->cost_)) {
    grant_begins();
    waiter->has_grant_ = true;
    waiter->granted_at_ = now;
    return waiter->leave(LineWaiter::Outcome::Passed);
  }
  if (!goes_by_time_) return {};
  const steady_time due_time = due(now, 0, waiter->cost_);
  if (due_time < waiter->armed_) {
    waiter->armed_ = due_time;
    nudge = waiter->nudge();
  }
  return {};
}

inline void LimitNudge::send(std::shared_ptr<LimitNudge> nudge) {
  Loop& loop = *nudge->loop;
  auto* const sent = new std::shared_ptr<LimitNudge>{std::move(nudge)};
  const bool is_posted = loop.post(sent, [](void* object, bool runs) {
    const std::unique_ptr<std::shared_ptr<LimitNudge>> arrived{
        static_cast<std::shared_ptr<LimitNudge>*>(object)};
    if (runs && (*arrived)->waiter != nullptr) (*arrived)->waiter->rearm();
  });
  if (!is_posted) delete sent;
}

/// AwaitedOperand: waits for room in a limit.
class WaitForRoom {
 public:
  explicit WaitForRoom(LimitWaiter& waiter) noexcept : waiter_{&waiter} {}
  WaitForRoom(const WaitForRoom&) = delete;
  WaitForRoom& operator=(const WaitForRoom&) = delete;
  LimitWaiter& waiter() const noexcept { return *waiter_; }

 private:
  LimitWaiter* waiter_;
};

/// Serves a limit when a waiter of this loop is due.
class LimitTimer final : public Sleeper {
 public:
  LimitTimer(Environment& environment, LimitWaiter& waiter) noexcept
      : environment_{&environment}, waiter_{&waiter} {}
  ~LimitTimer() { environment_->loop().remove(*this); }

  void start(steady_time time) {
    if (time == steady_time::max()) return;
    deadline = time;
    environment_->loop().add(*this);
  }
  void expire() override { start(waiter_->timer_fired()); }
  void wake() override {}  // is never queued
  void drop() noexcept override { environment_->wait_lost(); }

 private:
  Environment* environment_;
  LimitWaiter* waiter_;
};

/// `co_await` of room in a limit.
class LimitAwaiter : public LineAwaiter {
 public:
  LimitAwaiter(Environment& environment, WaitForRoom&& wait)
      : LineAwaiter{environment, WaitInLine{wait.waiter()}},
        waiter_{&wait.waiter()},
        timer_{environment, wait.waiter()} {
    waiter_->set_loop(environment.loop());
  }

  bool await_suspend(std::coroutine_handle<> coroutine) {
    if (!LineAwaiter::await_suspend(coroutine)) return false;
    if (!waiter_->needs_timer()) return true;
    waiter_->set_timer(timer_);
    timer_.start(waiter_->due());
    return true;
  }

 private:
  LimitWaiter* waiter_;
  LimitTimer timer_;
};

template <> struct OperandAwaiter<WaitForRoom> {
  using type = LimitAwaiter;
};

}  // namespace cano::detail
