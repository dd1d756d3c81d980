// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/post_call.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/detail/due_queue.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// The timer of a scheduler, from its start to its end: it calls `Host::on_wake` when something is
/// due by either clock, or after `wake`.
///
/// It keeps the execution context at work. A pending wait or call owns it: when the context is
/// destroyed, so is the timer.
///
/// **Threads.** `wake` may be called from any thread; everything else belongs to the loop.
class SchedulerTimer final : public Sleeper, public std::enable_shared_from_this<SchedulerTimer> {
 public:
  /// The object that the timer calls.
  class Host {
   public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual NextWake on_wake(std::uint64_t generation) = 0;
    /// The execution context is destroyed under the timer.
    virtual void timer_lost(std::uint64_t generation) noexcept = 0;

   protected:
    ~Host() = default;
  };

  SchedulerTimer(std::shared_ptr<Host> host, const asio::any_io_executor& executor,
                 std::uint64_t generation)
      : host_{std::move(host)}, generation_{generation}, loop_{loop_of(executor)} {}
  SchedulerTimer(const SchedulerTimer&) = delete;
  SchedulerTimer& operator=(const SchedulerTimer&) = delete;

  ~SchedulerTimer() {
    if (!is_over_) host_->timer_lost(generation_);
  }

  /// Asks for a call of the host.
  void wake_up() {
    if (is_woken_.exchange(true)) return;
    post_call(*loop_, shared_from_this(), &SchedulerTimer::call_host);
  }

 private:
  // ---- the loop

  void expire() override {
    if (!is_queued()) loop_->push(*this);
  }
  void wake() override {
    const auto self = std::exchange(self_, nullptr);
    call_host();
  }
  void drop() noexcept override {
    const auto self = std::exchange(self_, nullptr);
    cancel_wait();
    work_ = {};
  }

  void call_host() {
    if (is_over_) return;
    is_woken_ = false;
    if (!work_) work_ = asio::prefer(loop_->executor(), asio::execution::outstanding_work.tracked);
    const NextWake next = host_->on_wake(generation_);
    cancel_wait();
    is_over_ = next.is_over;
    if (is_over_) {
      if (loop_->timers().empty()) loop_->timers().cancel_timer();
      work_ = {};
      self_ = nullptr;  // the caller has a pointer too
      return;
    }
    self_ = shared_from_this();
    if (next.is_again) return expire();
    wait(next.due);
  }

  // With nothing due it waits for the end of time, so that the context destroys it.
  void wait(const DueTime& due) {
    const Clock clock = Clock::of(*loop_);
    deadline = due.steady.value_or(steady_time::max());
    if (due.wall) {
      Duration left = saturating_between(clock.wall_now(), *due.wall);
      if (loop_->timers().clock() != nullptr) {
        loop_->timers().watch_wall_clock(*this);
      } else {
        // The wall clock may be set at any time, and nothing reports that.
        left = std::min(left, Duration{std::chrono::seconds{1}});
      }
      deadline = std::min(deadline, saturating_add(clock.now(), left));
    }
    loop_->add(*this);
  }

  void cancel_wait() noexcept {
    loop_->timers().unwatch_wall_clock(*this);
    loop_->remove(*this);
  }

  std::shared_ptr<Host> host_;
  std::uint64_t generation_;
  Loop::Pointer loop_;
  asio::any_io_executor work_;
  std::atomic<bool> is_woken_{false};
  bool is_over_ = false;
  std::shared_ptr<SchedulerTimer> self_;  // while it waits
};

}  // namespace cano::detail
