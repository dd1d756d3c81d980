// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cano/async/detail/loop_handler.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

/// The sleepers of a serial executor and the one timer of Asio's that serves them; under virtual
/// time none, there the test decides when they expire.
///
/// **Threads.** Belongs to the executor.
class Timers {
 public:
  explicit Timers(const VirtualClock* clock) noexcept : clock_{clock} {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers() { CANO_ASSERT(heap_.empty()); }

  steady_time now() const noexcept {
    return clock_ == nullptr ? std::chrono::steady_clock::now() : clock_->now();
  }
  const VirtualClock* clock() const noexcept { return clock_; }

  /// `deadline` is set. True: the timer has to be started, see `start_timer`.
  [[nodiscard]] bool add(Sleeper& sleeper) {
    heap_.add(sleeper);
    return clock_ == nullptr && heap_.next_deadline() < timer_ends_;
  }
  void remove(Sleeper& sleeper) noexcept { heap_.remove(sleeper); }

  bool empty() const noexcept { return heap_.empty(); }
  steady_time next_deadline() const noexcept { return heap_.next_deadline(); }

  /// Expires all sleepers that are due; under virtual time not yet the limits behind others, which
  /// first run as far as they can.
  void expire_due() {
    const steady_time time = now();
    bool others_first = false;
    while (!heap_.empty() && heap_.next_deadline() <= time &&
           heap_.next_deadline() != steady_time::max()) {
      Sleeper& sleeper = heap_.first();
      if (sleeper.is_limit() && others_first) return;
      others_first = clock_ != nullptr && !sleeper.is_limit();
      heap_.remove(sleeper);
      sleeper.expire();
    }
  }

  /// Waits for the next deadline; `handler` is called then, or sooner when the wait is replaced.
  void start_timer(const asio::any_io_executor& executor, LoopHandler&& handler) {
    if (!timer_) timer_.emplace(executor);
    timer_ends_ = heap_.next_deadline();
    timer_->expires_at(timer_ends_);
    timer_->async_wait(std::move(handler));
  }

  /// A timer has ended. True: it was the one that counts, not one that was replaced.
  [[nodiscard]] bool timer_ended() {
    if (timer_ends_ == steady_time::max() || now() < timer_ends_) return false;
    timer_ends_ = steady_time::max();
    return true;
  }
  bool needs_timer() const noexcept {
    return clock_ == nullptr && heap_.next_deadline() < timer_ends_;
  }

  /// A timer that is not needed any more would keep the context at work.
  // NOLINTNEXTLINE(bugprone-exception-escape): it does not
  void cancel_timer() noexcept {
    if (timer_ends_ == steady_time::max()) return;
    timer_ends_ = steady_time::max();
    timer_->cancel();
  }

  // ---- waits for a time of day, which end early when the clock on the wall is set (virtual time)

  void watch_wall_clock(Sleeper& sleeper) { watchers_.push_back(&sleeper); }
  void unwatch_wall_clock(const Sleeper& sleeper) noexcept { std::erase(watchers_, &sleeper); }
  void wake_watchers() {
    for (Sleeper* const sleeper : std::exchange(watchers_, {})) {
      heap_.remove(*sleeper);
      sleeper->expire();
    }
  }

  /// The context is going.
  void drop_all() noexcept {
    watchers_.clear();
    while (!heap_.empty()) {
      Sleeper& sleeper = heap_.first();
      heap_.remove(sleeper);
      sleeper.drop();
    }
    timer_.reset();
  }

 private:
  const VirtualClock* clock_;
  SleeperHeap heap_;
  std::vector<Sleeper*> watchers_;
  std::optional<asio::steady_timer> timer_;
  steady_time timer_ends_ = steady_time::max();  // of the wait that counts; else the end of time
};

}  // namespace cano::detail
