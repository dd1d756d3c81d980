// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/sleep_state.hpp>

namespace cano {

/// Suspends the coroutine until the time has come.
///
/// What a task waits with, so that a test can run it under `VirtualTime`. A time that has passed
/// still gives other work a turn. `steady_time::max()` never comes.
///
/// `Executor` is that of the coroutine, where it is not the usual one. As a template it is compiled
/// only by files that sleep.
///
/// **Cancellation.** Throws `boost::system::system_error` with `asio::error::operation_aborted`.
template <class Executor = asio::any_io_executor>
asio::awaitable<void, Executor> sleep_until(steady_time time) {
  detail::SleepState state;
  auto sleep = detail::sleep_operation(state, time);
  co_await std::move(sleep);
}

/// Suspends the coroutine for that long, counted from when it is awaited.
///
/// Zero or less still gives other work a turn. One too long to be told (292 years) never ends.
///
/// **Cancellation.** As `sleep_until`.
template <class Executor = asio::any_io_executor>
asio::awaitable<void, Executor> sleep_for(Duration duration) {
  detail::SleepState state;
  auto sleep = detail::sleep_operation(state, duration);
  co_await std::move(sleep);
}
/// @overload
template <class Executor = asio::any_io_executor, class Rep, class Period>
asio::awaitable<void, Executor> sleep_for(std::chrono::duration<Rep, Period> duration) {
  return sleep_for<Executor>(detail::to_duration(duration));
}

}  // namespace cano
