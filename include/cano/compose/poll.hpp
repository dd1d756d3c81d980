// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include <cano/compose/detail/poll_task.hpp>
#include <cano/compose/poll_options.hpp>

namespace cano {

/// Asks again and again until there is an answer, and goes on where the answer says. A task:
///
///     .add(State::Payment, poll([](const Order& order) -> Async<std::optional<State>> { ... },
///                               {.every = 2s, .within = 5min}))
///
/// `ask(Store&)`, which may take a `TaskContext&` last, returns a `std::optional` of what a task
/// returns, plain or in an `Async` or an `asio::awaitable`: nothing means "not yet". The first ask
/// is made at once.
///
/// An ask that fails is retried as the `TaskConfig` given to `add` says; the polls before it count
/// on. Without one it is not retried.
///
/// **Errors.** `Error(Timeout)` when `within` is over, also for an ask that is under way then;
/// `Error(RetryExhausted)` after `max_polls`, or when `backoff` has no more delays. Both say how
/// often was asked. `Error(Configuration)` for options that cannot be.
/// **Cancellation.** At once, also between two asks.
template <class Ask> detail::Poll<std::decay_t<Ask>> poll(Ask&& ask, PollOptions options = {}) {
  detail::check(options);
  return detail::Poll<std::decay_t<Ask>>{std::forward<Ask>(ask), std::move(options)};
}

}  // namespace cano
