// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <cano/detail/turn_queue.hpp>
#include <cano/version.hpp>  // IWYU pragma: keep

namespace cano {

namespace detail {

struct StartTurn {
  template <class Handler> void operator()(Handler&& handler) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    if (TurnQueue* const queue = TurnQueue::of(executor)) {
      queue->push(std::forward<Handler>(handler));
    } else {
      asio::post(executor, std::forward<Handler>(handler));
    }
  }
};

}  // namespace detail

/// Lets everything else run first that is ready on the executor.
///
/// For a task with long work of its own, so that others on its thread need not wait for all of it:
///
///     for (const Row& row : rows) {
///       work_on(row);
///       co_await yield_now();
///     }
///
/// On a shard of a `Runtime` it costs a fourth of `asio::post`, which is what it is elsewhere.
/// What it returns is to be awaited, or to be given another completion token of the signature
/// `void()`.
///
/// **Cancellation.** Not cancelled itself; takes effect at the next await.
inline auto yield_now() {
  return asio::async_initiate<const asio::deferred_t&, void()>(detail::StartTurn{}, asio::deferred);
}

}  // namespace cano
