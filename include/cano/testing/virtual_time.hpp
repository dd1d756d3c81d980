// SPDX-License-Identifier: MIT
#pragma once

// testing/: a virtual clock and recorded events, for tests.

#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/blocking_run.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/testing/detail/jumping_clock.hpp>
#include <cano/testing/detail/stuck_text.hpp>

namespace cano {

/// An executor with clocks of its own, for tests: when nothing is ready to run, they jump to the
/// next wait.
///
/// A year of cron, with retries and timeouts, takes milliseconds and is the same each time. Every
/// wait ends at exactly its time, waits for one time in the order in which they began. Running code
/// takes no time at all.
///
///     VirtualTime time;
///     const auto final_state = time.run(workflow.orchestrate(store));
///     CHECK(time.elapsed() == 700ms);  // what the retries waited
///
/// It sees what waits through this library: `sleep_for`, `Timer`, workflows, the scheduler. It does
/// not see bare Asio timers, sockets or other threads: the clocks do not wait for those, and a run
/// that does is reported as stuck. A loop that is always ready to run stops the clocks.
///
/// **Threads.** Distinct objects: safe. Shared objects: not safe, nor is its executor; everything
/// runs on the thread that calls `run` or its like.
///
/// **Lifetime.** What has not finished is destroyed with it, without being resumed.
class VirtualTime {
 public:
  /// The wall clock starts at `start`: unless told otherwise Monday 2024-01-01 00:00:00 UTC.
  explicit VirtualTime(system_time start = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1})
      : clock_{start} {
    detail::mark_serial(context_, &clock_);
    loop_ = detail::Loop::of(context_.get_executor());
  }

  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  /// For what is to run under this clock.
  asio::any_io_executor get_executor() { return context_.get_executor(); }

  /// What the steady clock shows.
  steady_time now() const noexcept { return clock_.now(); }
  /// What the wall clock shows.
  system_time wall_now() const noexcept { return clock_.wall_now(); }

  /// How far the steady clock has come since the start.
  Duration elapsed() const noexcept { return clock_.elapsed(); }

  /// Runs until `work` has finished, however long that takes, and returns its result.
  ///
  /// What else is under way stays where it is then, until the next call.
  ///
  /// **Errors.** Rethrows what `work` throws. `Error(Generic)` when `work` cannot go on: nothing is
  /// ready to run and nothing waits for the clock. It names the states that wait.
  template <class T> T run(Async<T> work) {
    bool has_ended = false;
    detail::BlockingRun<T> blocking{
        *loop_, work, &has_ended, [](void* ended) noexcept { *static_cast<bool*>(ended) = true; }};
    blocking.launch();
    const detail::Loop::Here here{*loop_};
    while (!has_ended) {
      if (context_.poll_one() == 0 && !jump(steady_time::max())) throw stuck();
    }
    return blocking.take();
  }
  /// @overload
  template <class T> T run(asio::awaitable<T> work) {
    return run(detail::as_async(std::move(work)));
  }

  /// Runs what is ready and what becomes due in that time; the steady clock has then moved by
  /// exactly `duration`. None or a negative one: runs what is ready.
  void run_for(Duration duration) { run_until(detail::saturating_add(now(), duration)); }

  /// Runs until the steady clock shows `time`. A time that has passed: runs what is ready.
  void run_until(steady_time time) {
    const detail::Loop::Here here{*loop_};
    do {
      context_.poll();
    } while (jump(time));
    clock_.move_to(time);
  }

  /// Runs until the wall clock shows `time` or a later one, also when it is set meanwhile.
  void run_until(system_time time) {
    const detail::Loop::Here here{*loop_};
    do {
      context_.poll();
    } while (wall_now() < time && jump(steady_time_of(time)));
    if (wall_now() < time) clock_.move_to(steady_time_of(time));
  }

  /// Runs until nothing is ready and nothing waits, except for the end of time.
  void run_until_idle() {
    const detail::Loop::Here here{*loop_};
    do {
      context_.poll();
    } while (jump(steady_time::max()));
  }

  /// The wall clock is set, forward or back. Waits use the steady clock: they do not
  /// notice, except for those of a `Timer` that was given a time of day.
  void step_wall_clock(Duration by) {
    clock_.step_wall(by);
    loop_->timers().wake_watchers();
  }

  /// The machine sleeps so long: the wall clock goes on, the steady clock does not move, as
  /// `CLOCK_MONOTONIC` of Linux does. Seen from the wall, every wait is late by that much.
  ///
  /// **Errors.** `Error(Configuration)` when it is negative.
  void suspend(Duration duration) {
    require_not_negative(duration, "suspend");
    step_wall_clock(duration);
  }

  /// The thread is busy for so long: both clocks go on and nothing runs, so what became due
  /// meanwhile is late. May be called by the code that is to seem slow.
  ///
  /// **Errors.** `Error(Configuration)` when it is negative.
  void stall(Duration duration) {
    require_not_negative(duration, "stall");
    clock_.move_to(detail::saturating_add(now(), duration));
  }

 private:
  // Jumps to the next wait that ends by `limit` and ends it, and all others of that very time in
  // the order in which they began. False when there is none.
  bool jump(steady_time limit) {
    const steady_time next = loop_->timers().next_deadline();
    if (next == steady_time::max() || next > limit) return false;
    clock_.move_to(next);
    loop_->timers().expire_due();
    return true;
  }

  static void require_not_negative(Duration duration, const char* call) {
    if (duration >= Duration::zero()) return;
    throw Error{Errc::Configuration,
                std::string{"VirtualTime::"} + call + ": the duration is negative"};
  }

  steady_time steady_time_of(system_time wall) const noexcept {
    return detail::saturating_add(now(), detail::saturating_between(wall_now(), wall));
  }

  Error stuck() const {
    return Error{Errc::Generic,
                 "The run under VirtualTime is stuck: nothing is ready to run and nothing waits "
                 "for the clock" +
                     detail::stuck_text(loop_->wait_places())};
  }

  detail::JumpingClock clock_;  // first: what the context destroys still looks for it
  asio::io_context context_{1};
  // Without it the context would stop for good whenever it has nothing to do.
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  detail::Loop::Pointer loop_;
};

}  // namespace cano
