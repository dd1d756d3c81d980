// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/detail/async_op_handler.hpp>  // IWYU pragma: keep
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/error.hpp>

namespace cano::detail {

template <class T> using AwaitedValue = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Where a coroutine of Asio's leaves its result for the `Async` that awaits it. `T` need not be
/// default-constructible.
template <class T>
using AwaitableState = OperationState<std::exception_ptr, std::optional<AwaitedValue<T>>>;

/// Runs `work` to its end and leaves its result.
///
/// Asio's co_spawn awaits once before this coroutine, and once more behind it where that never
/// waited; cancelled, it would throw there, past the handler, out of the executor. So up to the
/// first step nothing is cancelled, and behind the last one nothing is thrown.
template <class T>
asio::awaitable<void> run_awaitable(boost::intrusive_ptr<AwaitableState<T>> state,
                                    asio::awaitable<T> work) {
  try {
    if (state->accept_cancellation()) throw_aborted();
    std::optional<AwaitedValue<T>> value;
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      value.emplace();
    } else {
      value.emplace(co_await std::move(work));
    }
    state->result.emplace(std::exception_ptr{}, std::move(value));
  } catch (...) {
    state->result.emplace(std::current_exception(), std::nullopt);
  }
  co_await asio::this_coro::throw_if_cancelled(false);
}

/// The handler that Asio calls at the end of such a coroutine, or destroys with it. It keeps the
/// slot, which Asio uses up to then. It has no executor of its own, since Asio 1.81 would post each
/// cancellation to that, and refer there to what is in the slot.
class AwaitableEnd : public OperationHandlerBase {
 public:
  AwaitableEnd(OperationBase& operation, Environment& environment) noexcept
      : OperationHandlerBase{&operation}, environment_{&environment} {
    environment.foreign_coroutine_begins();
  }
  AwaitableEnd(AwaitableEnd&&) noexcept = default;
  AwaitableEnd& operator=(AwaitableEnd&&) = delete;
  ~AwaitableEnd() {
    if (!*this) return;
    take()->drop_handler();
    environment_->foreign_coroutine_destroyed();
  }
  void operator()(const std::exception_ptr&) {
    environment_->foreign_coroutine_ended();
    take()->complete(true);
  }

 private:
  Environment* environment_;  // lives as long as the coroutine has not ended
};

/// `co_await` of an `asio::awaitable` in an `Async`.
template <class T> class AwaitableAwaiter {
 public:
  AwaitableAwaiter(Environment& environment, asio::awaitable<T>&& work)
      : environment_{&environment}, work_{std::move(work)} {
    if (!work_.valid()) {
      throw Error{Errc::TaskExecution,
                  "The asio::awaitable holds no coroutine: it was moved from or has been awaited"};
    }
  }
  AwaitableAwaiter(const AwaitableAwaiter&) = delete;
  AwaitableAwaiter& operator=(const AwaitableAwaiter&) = delete;
  ~AwaitableAwaiter() {
    if (state_) state_->forget_coroutine();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    state_ = new AwaitableState<T>{*environment_};
    state_->begins(coroutine);
    state_->defer_cancellation();
    try {
      asio::co_spawn(environment_->awaitable_executor(), run_awaitable<T>(state_, std::move(work_)),
                     AwaitableEnd{*state_, *environment_});
    } catch (...) {
      state_->initiation_failed();
      throw;
    }
    return state_->has_to_wait();
  }
  T await_resume() {
    if (state_->was_dropped()) throw_aborted();
    auto& [thrown, value] = *state_->result;
    if (thrown) std::rethrow_exception(std::move(thrown));
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }

 private:
  Environment* environment_;
  asio::awaitable<T> work_;
  boost::intrusive_ptr<AwaitableState<T>> state_;
};

template <class T> struct OperandAwaiter<asio::awaitable<T>> {
  using type = AwaitableAwaiter<T>;
};

/// An `asio::awaitable` that awaits the coroutine of an `Async`.
template <class T> asio::awaitable<T> as_awaitable(CoroutineOwner<T> coroutine) {
  auto work = start(std::move(coroutine), co_await asio::this_coro::executor, asio::deferred);
  co_return co_await std::move(work);
}

}  // namespace cano::detail
