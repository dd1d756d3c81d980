// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/group_state.hpp>
#include <cano/async/detail/on_demand.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/async/drain_report.hpp>  // IWYU pragma: export
#include <cano/duration.hpp>

namespace cano {

namespace detail {

template <class = OnDemand> Async<void> join_group(GroupState::Pointer group) {
  GroupWaiter waiter{*group, std::nullopt};
  WaitInLine wait{waiter};
  co_await std::move(wait);
  waiter.throw_if_cancelled();
  if (const std::exception_ptr failure = group->take_failure()) std::rethrow_exception(failure);
}

template <class = OnDemand>
Async<DrainReport> drain_group(GroupState::Pointer group, Duration limit) {
  GroupWaiter in_time{*group, limit};
  WaitInLine wait{in_time};
  co_await std::move(wait);
  in_time.throw_if_cancelled();
  if (in_time.outcome() == LineWaiter::Outcome::TimedOut) {
    const GroupRefusal refusal{*group};
    group->cancel();
    GroupWaiter rest{*group, std::nullopt};
    WaitInLine wait_for_rest{rest};
    co_await std::move(wait_for_rest);
    rest.throw_if_cancelled();
  }
  co_return group->take_report(in_time.elapsed());
}

}  // namespace detail

/// Work that goes on after the call that started it, but not longer than its owner wants: what a
/// server does for each connection.
///
///     TaskGroup group{executor};
///     group.spawn(serve(std::move(connection)));
///     ...
///     const DrainReport report = co_await group.drain(30s);  // at the shutdown
///
/// Tasks run on the group's executor, one step at a time; where several threads run that, on a
/// strand of the group's own. One that is spawned from a coroutine of the same executor runs at
/// once, up to its first wait.
///
/// **Errors.** A failure of a task does not disturb the others. The first one is kept until `join`
/// or `drain` reports it; further ones until then are counted.
/// **Threads.** All members are safe from any thread.
/// **Lifetime.** The destructor cancels all tasks and does not block: they end on their own, and
/// it is not reported. Drain or join before. When the executor's context is destroyed, so are the
/// tasks; a coroutine that waits for them elsewhere goes on.
class TaskGroup {
 public:
  /// A group without tasks.
  explicit TaskGroup(asio::any_io_executor executor) : state_{new detail::GroupState{executor}} {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  ~TaskGroup() { state_->cancel(); }

  /// Starts a task. While a drain whose time has passed waits for the rest, it is destroyed
  /// instead, and counted as cancelled.
  ///
  /// **Errors.** `Error(TaskExecution)` for an `Async` that holds no coroutine.
  void spawn(Async<void> task) { state_->spawn(detail::AsyncAccess::coroutine(task)); }

  /// How many tasks have not ended.
  std::size_t size() const { return state_->size(); }

  /// Waits at most that long until all tasks have ended; cancels the rest then, waits for it, and
  /// reports what became of all.
  ///
  /// Zero or less cancels soon; `Duration::max()` never does. Not from a task of the group: it
  /// would wait for itself.
  ///
  /// **Cancellation.** Ends the wait with `boost::system::system_error` of
  /// `asio::error::operation_aborted`; the tasks go on.
  template <class = detail::OnDemand> Async<DrainReport> drain(Duration limit) {
    return detail::drain_group(state_, limit);
  }
  /// @overload
  template <class Rep, class Period>
  Async<DrainReport> drain(std::chrono::duration<Rep, Period> limit) {
    return drain(detail::to_duration(limit));
  }

  /// Cancels all tasks under way; they go on until they have ended. What is spawned later is not
  /// cancelled.
  void cancel() { state_->cancel(); }

  /// Waits until there is no task, then throws the first failure that was not reported yet.
  ///
  /// Not from a task of the group: it would wait for itself.
  ///
  /// **Cancellation.** As `drain`.
  template <class = detail::OnDemand> Async<void> join() { return detail::join_group(state_); }

 private:
  detail::GroupState::Pointer state_;
};

}  // namespace cano
