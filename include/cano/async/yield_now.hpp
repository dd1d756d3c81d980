// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <cano/async/detail/coroutine_waiter.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/waiter.hpp>

namespace cano {

namespace detail {

/// A handler in the queue of its loop.
template <class Handler> class YieldedHandler final : public Pooled, public Waiter {
 public:
  explicit YieldedHandler(Handler&& handler) : handler_{std::move(handler)} {}

  void wake() override {
    Handler handler{std::move(handler_)};
    delete this;
    std::move(handler)();
  }
  void drop() noexcept override { delete this; }

 private:
  Handler handler_;
};

struct StartYield {
  template <class Handler> void operator()(Handler&& handler) const {
    using Decayed = std::decay_t<Handler>;
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    const Loop::Pointer loop = is_serial(executor) ? loop_of(executor) : nullptr;
    if (!loop || !loop->runs_here()) {
      asio::post(executor, std::forward<Handler>(handler));
      return;
    }
    auto* const yielded = new YieldedHandler<Decayed>{Decayed{std::forward<Handler>(handler)}};
    loop->push(*yielded);
  }
};

}  // namespace detail

/// What `yield_now` returns: await it, or call it with a completion token of `void()`.
class YieldNow {
 public:
  /// Starts it as an operation of Asio's.
  template <asio::completion_token_for<void()> Token> auto operator()(Token&& token) const {
    return asio::async_initiate<Token, void()>(detail::StartYield{}, token);
  }
};

/// Lets everything else run first that is ready on the executor.
///
/// For a task with long work of its own, so that others on its thread need not wait for all of it:
///
///     for (const Row& row : rows) {
///       work_on(row);
///       co_await yield_now();
///     }
///
/// Among coroutines of one thread it allocates nothing.
///
/// **Cancellation.** Not cancelled itself; takes effect at the next await.
inline YieldNow yield_now() noexcept { return {}; }

namespace detail {

inline YieldAwaiter PromiseBase::await_transform(YieldNow) const noexcept {
  return YieldAwaiter{*environment_};
}

}  // namespace detail
}  // namespace cano
