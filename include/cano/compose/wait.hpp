// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/duration.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/timer.hpp>

namespace cano {

namespace detail {

/// A wait for a duration as the task of a state.
template <class State> class WaitFor {
 public:
  WaitFor(Duration duration, State next) : duration_{duration}, next_{std::move(next)} {}

  static TaskConfig config() { return TaskConfig::minimal(); }
  static constexpr bool declares_targets = true;
  std::vector<State> targets() const { return {next_}; }

  template <class Store> Async<State> run(Store&) const {
    auto pause = sleep_for(duration_);
    co_await std::move(pause);
    co_return next_;
  }

 private:
  Duration duration_;
  State next_;
};

/// A wait for a time of day as the task of a state.
template <class State, class When> class WaitUntil {
 public:
  WaitUntil(When when, State next) : when_{std::move(when)}, next_{std::move(next)} {}

  /// The task that it is in a workflow of that state and store.
  template <class WorkflowState, class Store> auto bind() const {
    constexpr bool gives_time =
        std::convertible_to<Returns<TheObjectItself, const When&, Store&>, system_time>;
    static_assert(gives_time,
                  "cano: the function of wait_until takes the workflow's Store& or const Store&, "
                  "and may take a TaskContext& last; it returns a system_time");
    if constexpr (gives_time) return Bound<Store>{*this};
  }

 private:
  template <class Store> class Bound {
   public:
    explicit Bound(const WaitUntil& wait) : wait_{wait} {}
    static constexpr bool declares_targets = true;
    std::vector<State> targets() const { return {wait_.next_}; }
    Async<State> run(Store& store, TaskContext& context) const {
      return wait_.wait(store, context);
    }

   private:
    WaitUntil wait_;
  };

  template <class Store> Async<State> wait(Store& store, TaskContext& context) const {
    const system_time time = call(the_object_itself, context, when_, store);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const Clock clock = Clock::of(executor);
    Timer timer{executor};
    while (clock.wall_now() < time) {
      timer.expires_at(time);
      co_await timer.async_wait(asio::deferred);
    }
    co_return next_;
  }

  When when_;
  State next_;
};

}  // namespace detail

/// Waits that long and goes on in `next`. A task: `workflow.add(State::CoolDown, wait_for(5min,
/// State::Retry))`. Costs no thread while it waits.
///
/// Zero or less goes on at once, after others on the executor have run.
template <StateLike State> detail::WaitFor<State> wait_for(Duration duration, State next) {
  return {duration, std::move(next)};
}
/// @overload
template <class Rep, class Period, StateLike State>
detail::WaitFor<State> wait_for(std::chrono::duration<Rep, Period> duration, State next) {
  return {detail::to_duration(duration), std::move(next)};
}

/// Waits for a time of day and goes on in `next`: `when` takes the store and gives a `system_time`.
///
///     .add(State::Wait, wait_until([](const Order& order) { return order.due; }, State::Remind))
///
/// It follows the clock on the wall when that is set, within a second. A time that has passed goes
/// on at once.
template <class When, StateLike State>
detail::WaitUntil<State, std::decay_t<When>> wait_until(When&& when, State next) {
  return {std::forward<When>(when), std::move(next)};
}

}  // namespace cano
