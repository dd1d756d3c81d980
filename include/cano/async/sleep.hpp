// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <cano/async/async.hpp>
#include <cano/duration.hpp>

namespace cano {

/// Suspends the coroutine until the time has come.
///
/// What a task waits with, so that a test can run it under `VirtualTime`. A time that has passed
/// still lets other work run first. `steady_time::max()` never comes. Awaited at once in an
/// `Async`, it allocates nothing.
///
/// The template argument is ignored: it was the executor type of the coroutine.
///
/// **Cancellation.** Throws `boost::system::system_error` with `asio::error::operation_aborted`.
/// After `asio::this_coro::throw_if_cancelled(false)` a sleep that begins when the coroutine has
/// been cancelled lasts its whole duration, also beyond a limit.
template <class = void> Async<void> sleep_until(steady_time time) noexcept {
  using Kind = detail::SleepRequest::Kind;
  return detail::AsyncAccess::sleep({Kind::Until, time.time_since_epoch()});
}

/// Suspends the coroutine for that long, counted from when it is awaited.
///
/// Zero or less still lets other work run first. A duration that overflows (292 years) never ends.
///
/// **Cancellation.** As `sleep_until`.
template <class = void> Async<void> sleep_for(Duration duration) noexcept {
  using Kind = detail::SleepRequest::Kind;
  return detail::AsyncAccess::sleep({Kind::For, duration});
}
/// @overload
template <class = void, class Rep, class Period>
Async<void> sleep_for(std::chrono::duration<Rep, Period> duration) noexcept {
  return sleep_for(detail::to_duration(duration));
}

}  // namespace cano
