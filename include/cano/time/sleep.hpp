// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/time/timer.hpp>

namespace cano {

/// Waits until `deadline` on the clock of the coroutine's executor: what tasks use, so that they
/// run under `VirtualTime` too. A deadline that has passed still lets others on the executor run.
///
/// **Cancellation.** Throws a `boost::system::system_error` of `operation_aborted`.
inline asio::awaitable<void> sleep_until(steady_time deadline) {
  Timer timer{co_await asio::this_coro::executor};
  timer.expires_at(deadline);
  co_await timer.async_wait(asio::deferred);
}

/// The same for a time from now.
inline asio::awaitable<void> sleep_for(Duration delay) {
  Timer timer{co_await asio::this_coro::executor};
  timer.expires_after(delay);
  co_await timer.async_wait(asio::deferred);
}

}  // namespace cano
