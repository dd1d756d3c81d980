// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/wait_traits.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/virtual_clock.hpp>
#include <cano/time/timer.hpp>

namespace cano::detail {

/// The timer of a coroutine that sleeps; lives in its frame.
///
/// Hundreds of thousands may sleep at once, so it is small: on an `io_context` in real time a timer
/// and a handler that know the concrete executor take half the memory of ones that know only
/// `any_io_executor`. Elsewhere it is a `Timer` on the heap.
class SleepState {
 public:
  /// `when`: a `steady_time` or a `Duration` from now.
  template <class When, class Handler> void start(When when, Handler&& handler) {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    const auto* const context_executor = executor.target<ContextExecutor>();
    if (context_executor != nullptr && virtual_clock_of(executor) == nullptr) {
      auto& timer = timer_.emplace<ContextTimer>(*context_executor);
      set_expiry(timer, when);
      timer.async_wait(asio::bind_executor(*context_executor, std::forward<Handler>(handler)));
    } else {
      auto& timer = timer_.emplace<std::unique_ptr<Timer>>(std::make_unique<Timer>(executor));
      set_expiry(*timer, when);
      timer->async_wait(std::forward<Handler>(handler));
    }
  }

 private:
  using ContextExecutor = asio::io_context::executor_type;
  using ContextTimer =
      asio::basic_waitable_timer<std::chrono::steady_clock,
                                 asio::wait_traits<std::chrono::steady_clock>, ContextExecutor>;

  template <class AnyTimer> static void set_expiry(AnyTimer& timer, steady_time when) {
    timer.expires_at(when);
  }
  template <class AnyTimer> static void set_expiry(AnyTimer& timer, Duration when) {
    timer.expires_after(when);
  }

  std::variant<std::monostate, ContextTimer, std::unique_ptr<Timer>> timer_;
};

template <class When> struct StartSleep {
  SleepState* state;
  When when;

  template <class Handler> void operator()(Handler&& handler) const {
    state->start(when, std::forward<Handler>(handler));
  }
};

/// What a coroutine awaits to sleep; its frame holds `state` until then.
template <class When> auto sleep_operation(SleepState& state, When when) {
  return asio::async_initiate<const asio::deferred_t&, void(boost::system::error_code)>(
      StartSleep<When>{&state, when}, asio::deferred);
}

}  // namespace cano::detail
