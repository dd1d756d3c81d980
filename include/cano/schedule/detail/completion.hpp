// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cano/detail/context_gate.hpp>
#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/time/timer.hpp>

namespace cano::detail {

/// A value that one coroutine waits for and any thread may bring.
///
/// The coroutine keeps it, who brings the value has a weak pointer: a coroutine that is cancelled
/// or destroyed while it waits is forgotten. It waits with a timer of its own executor that never
/// ends by itself, so that it is a part of its context as any other coroutine is. That context may
/// be destroyed at any moment, and will be by whoever wakes up in `cano::run`.
template <class T> class Completion {
 public:
  /// Brings the value; only the first counts.
  void complete(T value) {
    const std::lock_guard lock{mutex_};
    if (value_) return;
    value_.emplace(std::move(value));
    if (!home_) return;
    gate_->pass([this] {
      asio::post(home_, member_call<&Timer::cancel>(timer_));
      home_ = {};
    });
  }

  /// Waits for the value.
  ///
  /// **Cancellation.** Throws `boost::system::system_error` with `asio::error::operation_aborted`.
  static asio::awaitable<T> wait(std::shared_ptr<Completion> self) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto timer = std::make_shared<Timer>(executor, steady_time::max());
    const Leave leave{*self};
    // Not to throw: this is how every wait ends.
    auto token = asio::as_tuple(asio::deferred);
    auto arrival = asio::async_initiate<decltype(token), void(boost::system::error_code)>(
        StartWait{}, token, self, timer);
    co_await std::move(arrival);
    if (auto value = self->take()) co_return std::move(*value);
    throw boost::system::system_error{asio::error::operation_aborted};
  }

 private:
  // In the coroutine, which ends before its context does.
  struct Leave {
    Completion& completion;

    explicit Leave(Completion& c) noexcept : completion{c} {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() {
      const std::lock_guard lock{completion.mutex_};
      completion.home_ = {};
    }
  };

  struct StartWait {
    template <class Handler>
    void operator()(Handler handler, std::shared_ptr<Completion> self,
                    std::shared_ptr<Timer> timer) const {
      const asio::any_io_executor home = timer->get_executor();
      timer->async_wait(std::move(handler));
      // From here on the coroutine may go on elsewhere.
      const std::lock_guard lock{self->mutex_};
      if (self->value_) {
        timer->cancel();
      } else {
        self->timer_ = timer;
        self->home_ = home;
        self->gate_ = ContextGate::of(home);
      }
    }
  };

  std::optional<T> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(value_, std::nullopt);
  }

  std::mutex mutex_;
  std::optional<T> value_;
  std::weak_ptr<Timer> timer_;  // what the coroutine waits on
  asio::any_io_executor home_;
  std::shared_ptr<ContextGate> gate_;  // of home
};

}  // namespace cano::detail
