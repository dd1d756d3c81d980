// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/detail/serial_context.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/time/detail/time_source.hpp>

namespace cano {

namespace detail {

/// Clocks that stand still until somebody moves them to the next waiter.
class VirtualClock final : public TimeSource {
 public:
  explicit VirtualClock(system_time start) : wall_{start} {}

  steady_time now() const override { return now_; }
  system_time wall_now() const override { return wall_; }

  void add(Waiter& waiter, steady_time deadline) override {
    // A multimap keeps waiters of one deadline in the order in which they came.
    places_[&waiter] = waiters_.emplace(deadline, &waiter);
  }
  void remove(Waiter& waiter) noexcept override {
    const auto place = places_.find(&waiter);
    if (place == places_.end()) return;
    waiters_.erase(place->second);
    places_.erase(place);
  }

  /// Moves to the next waiter not later than `limit` and wakes it; false when there is none.
  bool wake_next(steady_time limit) {
    if (waiters_.empty() || waiters_.begin()->first > limit) return false;
    const auto [deadline, waiter] = *waiters_.begin();
    remove(*waiter);
    move_to(deadline);
    waiter->wake();
    return true;
  }

  void move_to(steady_time time) {
    if (time <= now_) return;
    wall_ = saturating_add(wall_, saturating_between(now_, time));
    now_ = time;
  }
  void step_wall(Duration by) { wall_ = saturating_add(wall_, by); }

 private:
  using Waiters = std::multimap<steady_time, Waiter*>;

  steady_time now_{};
  system_time wall_;
  Waiters waiters_;
  std::unordered_map<const Waiter*, Waiters::iterator> places_;
};

}  // namespace detail

/// An executor whose clock jumps to the next timer as soon as nothing is ready to run: a year of
/// cron, with retries and timeouts, takes milliseconds and is the same each time.
///
///     VirtualTime time;
///     const auto final_state = time.run(workflow.orchestrate(store));
///     CHECK(time.elapsed() == 700ms);  // what the retries waited
///
/// It sees the waits made through this library: `sleep_for`, `Timer`, and all that workflows and
/// the scheduler wait for. Work on other threads and bare Asio timers are unknown to it.
///
/// **Threads.** Everything runs on the thread that calls `run` or `run_for`; shared objects:
/// unsafe.
class VirtualTime {
 public:
  /// The wall clock starts at `start`: by default 2024-01-01 00:00:00 UTC, a Monday.
  explicit VirtualTime(system_time start = system_time{std::chrono::seconds{1'704'067'200}})
      : clock_{start} {
    asio::use_service<detail::TimeService>(context_).use(&clock_);
    detail::mark_serial(context_);
  }
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  asio::any_io_executor get_executor() { return context_.get_executor(); }

  steady_time now() const { return clock_.now(); }
  system_time wall_now() const { return clock_.wall_now(); }

  /// The time that has passed on the steady clock since this was made.
  Duration elapsed() const { return clock_.now() - steady_time{}; }

  /// Runs `work` to its end, as far as time must go for it, and returns what it returns.
  ///
  /// **Errors.** What `work` throws; `Error(Generic)` when it waits for something that no timer and
  /// nothing ready to run can bring about.
  template <class T> T run(asio::awaitable<T> work) {
    bool done = false;
    std::exception_ptr error;
    if constexpr (std::is_void_v<T>) {
      asio::co_spawn(context_, std::move(work), [&](std::exception_ptr thrown) {
        error = std::move(thrown);
        done = true;
      });
      drive_until(done);
      if (error) std::rethrow_exception(error);
    } else {
      std::optional<T> result;
      asio::co_spawn(context_, std::move(work), [&](std::exception_ptr thrown, T value) {
        error = std::move(thrown);
        if (!error) result.emplace(std::move(value));
        done = true;
      });
      drive_until(done);
      if (error) std::rethrow_exception(error);
      return std::move(*result);
    }
  }

  /// Lets that much time pass, with everything that falls due in it.
  void run_for(Duration duration) { run_until(detail::saturating_add(now(), duration)); }

  /// The same up to a time of the steady clock, or of the wall clock.
  void run_until(steady_time time) {
    run_ready();
    while (clock_.wake_next(time))
      run_ready();
    clock_.move_to(time);
  }
  void run_until(system_time time) { run_for(detail::saturating_between(wall_now(), time)); }

  /// Runs until nothing is ready and nobody waits. Does not return while something repeats for
  /// ever.
  void run_until_idle() {
    run_ready();
    while (clock_.wake_next(steady_time::max()))
      run_ready();
  }

  /// Sets the wall clock forward or back; the steady clock and its timers do not notice.
  void step_wall_clock(Duration by) { clock_.step_wall(by); }

  /// The machine sleeps: the wall clock goes on, the steady clock stands still, as Linux does it.
  void suspend(Duration duration) { clock_.step_wall(duration); }

 private:
  void run_ready() {
    context_.restart();
    context_.poll();
  }

  void drive_until(const bool& done) {
    run_ready();
    while (!done) {
      if (!clock_.wake_next(steady_time::max())) {
        throw Error{
            Errc::Generic,
            "The work under VirtualTime is stuck: nothing is ready to run and no timer waits"};
      }
      run_ready();
    }
  }

  detail::VirtualClock clock_;  // outlives what runs in the context
  asio::io_context context_{1};
};

}  // namespace cano
