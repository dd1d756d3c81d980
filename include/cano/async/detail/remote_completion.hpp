// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/cancellation_type.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/operation.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/async/detail/promise.hpp>

namespace cano::detail {

/// A value that one coroutine waits for and any thread provides.
///
/// The coroutine owns it, the provider has a weak pointer: a coroutine that is cancelled or
/// destroyed while it waits is forgotten. The coroutine's context may be destroyed at any moment,
/// and is by a thread that returns from `cano::run`.
template <class T> class RemoteCompletion {
 public:
  RemoteCompletion() = default;
  RemoteCompletion(const RemoteCompletion&) = delete;
  RemoteCompletion& operator=(const RemoteCompletion&) = delete;

  /// Provides the value; only the first counts. From any thread. The coroutine never goes on inside
  /// this call.
  void complete(T value) {
    std::optional<Waiter> waiter;
    {
      const std::lock_guard lock{mutex_};
      if (std::exchange(is_complete_, true)) return;
      if (!waiter_) {
        value_ = std::move(value);
        return;
      }
      waiter = std::exchange(waiter_, std::nullopt);
    }
    waiter->complete_later(std::optional<T>{std::move(value)});
  }

  using Pointer = std::shared_ptr<RemoteCompletion>;
  /// Arranges for the completion, for a coroutine in that environment; or returns the value.
  using Start = std::function<std::optional<T>(const Environment& here, const Pointer& completion)>;

  /// Calls `start` when it is awaited, and waits for the value.
  ///
  /// A function object, since g++ 12 compiles every coroutine, called or not, and with it all that
  /// the coroutine calls.
  ///
  /// **Cancellation.** Throws `boost::system::system_error` with `asio::error::operation_aborted`.
  static Async<T> wait(Start start) {
    const Environment& here = co_await ThisEnvironment{};
    const auto self = std::make_shared<RemoteCompletion>();
    std::optional<T> value = start(here, self);
    if (!value) {
      auto arrival = library_operation<std::optional<T>>(StartWait{self.get()});
      value = co_await std::move(arrival);
    }
    if (!value) throw_aborted();
    co_return std::move(*value);
  }

 private:
  using Waiter = OperationHandler<std::optional<T>>;

  // The coroutine, which owns the completion, is alive when these are called.
  struct StartWait {
    RemoteCompletion* completion;
    void operator()(Waiter waiter) const { completion->start_wait(std::move(waiter)); }
  };
  struct CancelWait {
    RemoteCompletion* completion;
    void operator()(asio::cancellation_type) const { completion->cancel_wait(); }
  };

  void start_wait(Waiter waiter) {
    waiter.get_cancellation_slot().assign(CancelWait{this});
    std::optional<T> value;
    {
      const std::lock_guard lock{mutex_};
      if (!value_) {
        waiter_.emplace(std::move(waiter));
        return;
      }
      value = std::exchange(value_, std::nullopt);
    }
    waiter.complete_later(std::move(value));
  }

  void cancel_wait() {
    std::optional<Waiter> waiter;
    {
      const std::lock_guard lock{mutex_};
      waiter = std::exchange(waiter_, std::nullopt);
    }
    if (waiter) waiter->complete_later(std::nullopt);
  }

  std::mutex mutex_;
  bool is_complete_ = false;
  std::optional<T> value_;        // provided before the wait
  std::optional<Waiter> waiter_;  // the coroutine that waits
};

}  // namespace cano::detail
