// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/mailbox_state.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/duration.hpp>

namespace cano {

namespace detail {

template <class T, class Result>
Async<Result> receive_from(MailboxState::Pointer state, std::optional<Duration> limit) {
  MailReceiver receiver{*state, limit};
  WaitInLine wait{receiver};  // NOLINT(misc-const-correctness): it is moved
  co_await std::move(wait);
  const LetterPointer letter = receiver.take();
  if constexpr (std::is_same_v<Result, bool> && std::is_void_v<T>) {
    co_return letter != nullptr;
  } else if constexpr (std::is_same_v<Result, std::optional<T>>) {
    if (letter == nullptr) co_return std::nullopt;
    co_return std::move(static_cast<LetterOf<T>&>(*letter).value);
  } else if constexpr (!std::is_void_v<T>) {
    co_return std::move(static_cast<LetterOf<T>&>(*letter).value);
  }
}

/// What a mailbox has whatever it holds.
template <class T> class MailboxBase {
 public:
  MailboxBase(const MailboxBase&) = delete;
  MailboxBase& operator=(const MailboxBase&) = delete;

  /// The next value, in the order in which they were sent; waits for it, behind those that wait
  /// already.
  ///
  /// **Errors.** `Error(Cancelled)` when the mailbox is destroyed while it waits, or was before.
  /// **Cancellation.** Throws `boost::system::system_error` with `asio::error::operation_aborted`;
  /// a value that was on its way stays in the mailbox.
  Async<T> receive() { return receive_from<T, T>(state_, std::nullopt); }

  /// The same, for at most that long: nothing when none has come. A value that was on its way when
  /// the time passed is received.
  Async<std::conditional_t<std::is_void_v<T>, bool, std::optional<AwaitedValue<T>>>> receive_for(
      Duration limit) {
    return receive_from<
        T, std::conditional_t<std::is_void_v<T>, bool, std::optional<AwaitedValue<T>>>>(state_,
                                                                                        limit);
  }
  /// @overload
  template <class Rep, class Period> auto receive_for(std::chrono::duration<Rep, Period> limit) {
    return receive_for(to_duration(limit));
  }

 protected:
  MailboxBase() : state_{new MailboxState} {}
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  ~MailboxBase() { state_->close(); }

  void send_letter(AwaitedValue<T>&& value) {
    // The receiver may destroy the mailbox before this call has ended.
    const MailboxState::Pointer state = state_;
    state->send(std::make_unique<LetterOf<AwaitedValue<T>>>(std::move(value)));
  }

 private:
  MailboxState::Pointer state_;
};

}  // namespace detail

/// Values from outside for coroutines that wait for them: sent from any thread, queued without a
/// limit, received in the order in which they were sent, each once.
///
/// Carries values from a callback, another thread or another loop to a coroutine:
///
///     Mailbox<Order> orders;
///     on_order([&orders](Order order) { orders.send(std::move(order)); });
///     ...
///     const Order order = co_await orders.receive();
///     const std::optional<Order> next = co_await orders.receive_for(5s);
///
/// Several coroutines may wait, of any executors; the first is served first. A value goes to
/// one that waits as soon as it is sent; where that one is cancelled or destroyed before it goes
/// on, the value goes back to its place, and so to the next.
///
/// **Threads.** All members are safe from any thread.
/// **Lifetime.** Receivers that wait when it is destroyed end with `Error(Cancelled)`. A receiver
/// whose executor's context is destroyed is destroyed with that.
template <class T = void> class Mailbox : public detail::MailboxBase<T> {
 public:
  Mailbox() = default;

  /// Adds a value.
  void send(T value) { this->send_letter(std::move(value)); }
};

/// Signals without a value: each `send` lets one `receive` go on. `receive_for` says whether there
/// was one.
template <> class Mailbox<void> : public detail::MailboxBase<void> {
 public:
  Mailbox() = default;

  /// Adds a signal.
  void send() { send_letter({}); }
};

}  // namespace cano
