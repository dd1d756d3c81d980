// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/detail/time_source.hpp>

namespace cano {

namespace detail {

// Reports a wait that virtual time ended as what it is: one that came to its end.
template <class Handler> struct VirtualWaitHandler {
  Handler handler;
  std::shared_ptr<const bool> is_due;

  void operator()(boost::system::error_code error) {
    if (*is_due) error = {};
    std::move(handler)(error);
  }
};

}  // namespace detail

/// `asio::steady_timer` on the clock of its execution context, so that it runs under `VirtualTime`.
///
/// **Cancellation.** By `cancel`, by setting a new expiry, by destruction, or the slot bound to the
/// token; the wait then completes with `asio::error::operation_aborted`.
/// **Threads.** Distinct objects: safe. Shared objects: unsafe.
class Timer final : private detail::Waiter {
 public:
  using executor_type = asio::any_io_executor;

  explicit Timer(const asio::any_io_executor& executor)
      : source_{Clock::of(executor).source_}, timer_{executor} {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { stop_virtual_wait(); }

  executor_type get_executor() { return timer_.get_executor(); }

  /// Sets when waits end; those under way are cancelled.
  void expires_at(steady_time deadline) {
    if (source_ == nullptr) {
      timer_.expires_at(deadline);
      return;
    }
    stop_virtual_wait();
    timer_.expires_at(steady_time::max());
    virtual_deadline_ = deadline;
  }

  /// The same, counted from now; stops at the end of the clock's range.
  void expires_after(Duration delay) {
    const Clock clock{source_};
    expires_at(detail::saturating_add(clock.now(), delay));
  }

  void cancel() {
    stop_virtual_wait();
    timer_.cancel();
  }

  /// Waits until the expiry; the signature is `void(boost::system::error_code)`.
  template <class CompletionToken> auto async_wait(CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
        [](auto handler, Timer* self) { self->start_wait(std::move(handler)); }, token, this);
  }

 private:
  template <class Handler> void start_wait(Handler handler) {
    if (source_ == nullptr) {
      timer_.async_wait(std::move(handler));
      return;
    }
    if (!is_due_) {
      is_due_ = std::make_shared<bool>(false);
      source_->add(*this, virtual_deadline_);
    }
    timer_.async_wait(detail::VirtualWaitHandler<Handler>{std::move(handler), is_due_});
  }

  void wake() override {
    *std::exchange(is_due_, nullptr) = true;
    timer_.cancel();
  }

  void stop_virtual_wait() noexcept {
    if (is_due_) source_->remove(*this);
    is_due_.reset();
  }

  detail::TimeSource* source_;  // null in real time
  asio::steady_timer timer_;    // under virtual time it only holds the handlers, and never expires
  steady_time virtual_deadline_{};
  std::shared_ptr<bool> is_due_;  // set while the time source knows of this timer
};

}  // namespace cano

template <template <class, class> class Associator, class Handler, class DefaultCandidate>
struct boost::asio::associator<Associator, cano::detail::VirtualWaitHandler<Handler>,
                               DefaultCandidate> : Associator<Handler, DefaultCandidate> {
  static auto get(const cano::detail::VirtualWaitHandler<Handler>& waiting) noexcept {
    return Associator<Handler, DefaultCandidate>::get(waiting.handler);
  }
  static auto get(const cano::detail::VirtualWaitHandler<Handler>& waiting,
                  const DefaultCandidate& candidate) noexcept {
    return Associator<Handler, DefaultCandidate>::get(waiting.handler, candidate);
  }
};
