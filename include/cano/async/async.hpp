// SPDX-License-Identifier: MIT
#pragma once

// async/: coroutines on Asio, and what waits for several of them at once.

#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <cano/async/detail/awaitable.hpp>  // IWYU pragma: export
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/coroutine_waiter.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/operation.hpp>  // IWYU pragma: export
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

namespace detail {

// A sleep is an Async<void> without a frame, as long as it is awaited at once.
struct SleepRequest {
  enum class Kind : std::uint8_t { None, For, Until };
  Kind kind = Kind::None;
  Duration time{};  // how long, or until when on the steady clock
};
struct NoSleepRequest {};

struct AsyncAccess;

/// A sleep as a coroutine of its own.
Async<void> sleeping(SleepRequest request);

[[noreturn]] inline void throw_no_coroutine() {
  throw Error{Errc::TaskExecution,
              "The Async holds no coroutine: it was moved from or has been awaited"};
}

}  // namespace detail

/// A coroutine that may wait, and starts when it is awaited: what a task returns that waits.
///
/// Inside one may `co_await` another `Async`, an `asio::awaitable`, and any operation of Asio's
/// that takes a completion token (`timer.async_wait(asio::deferred)`); and
/// `asio::this_coro::executor`, `cancellation_state` and `throw_if_cancelled`.
///
/// It is an operation of Asio's itself, of the signature `void(std::exception_ptr, T)`: await it in
/// an `asio::awaitable`, spawn it with `asio::co_spawn(executor, std::move(work), token)`, or start
/// it with a token whose handler has an executor: `std::move(work)(token)`. It converts to
/// `asio::awaitable<T>`.
///
///     Async<State> run(Store& store) const {
///       co_await sleep_for(100ms);
///       co_return State::Done;
///     }
///
/// **Errors.** What the coroutine throws is thrown where it is awaited.
/// **Cancellation.** Cancelling what awaits it cancels what it waits for, which throws
/// `boost::system::system_error` with `asio::error::operation_aborted`, as does every wait after
/// that. To await an `Async` that does not wait is never an error. Code that must wait while
/// cleaning up says so first with `co_await asio::this_coro::throw_if_cancelled(false)`: waits that
/// begin after the cancellation then take all their time, beyond a stop and beyond limits, so keep
/// them short, e.g. with `timeout`. It lasts until it is taken back, or the attempt of a task has
/// ended.
/// **Threads.** Runs on the executor of what awaits it, one step at a time. It may be made on one
/// thread and awaited on another.
/// **Lifetime.** Owns the coroutine; destroying it before its end destroys what it holds. Its
/// arguments that are references must outlive it. A coroutine lambda's captures belong to the
/// lambda: they must too.
template <class T = void> class [[nodiscard]] Async {
  static_assert(!std::is_reference_v<T>,
                "cano: an Async gives a value: return a pointer or std::reference_wrapper");

 public:
  /// What it gives.
  using value_type = T;
  /// For the compiler.
  using promise_type = detail::Promise<T>;

  /// Holds no coroutine; cannot be awaited.
  Async() noexcept = default;
  /// Takes the other's coroutine.
  Async(Async&& other) noexcept
      : handle_{std::exchange(other.handle_, {})}, sleep_{std::exchange(other.sleep_, {})} {}
  /// @overload
  Async& operator=(Async&& other) noexcept {
    if (this == &other) return *this;
    reset();
    handle_ = std::exchange(other.handle_, {});
    sleep_ = std::exchange(other.sleep_, {});
    return *this;
  }
  ~Async() { reset(); }

  /// Whether it holds work: not when it was moved from, awaited or started.
  bool valid() const noexcept {
    if constexpr (std::is_void_v<T>) {
      return handle_ || sleep_.kind != detail::SleepRequest::Kind::None;
    } else {
      return static_cast<bool>(handle_);
    }
  }

  /// Starts it as an operation of Asio's, on the executor of the token's handler.
  ///
  /// **Errors.** `Error(Configuration)` when the handler has none.
  template <asio::completion_token_for<detail::Signature<T>> Token> auto operator()(Token&& token) {
    return detail::start(take_coroutine(), {}, std::forward<Token>(token));
  }

  /// For `asio::co_spawn`, which calls what it spawns.
  asio::awaitable<T> operator()() { return detail::as_awaitable(take_coroutine()); }

  /// An `asio::awaitable` that awaits it.
  operator asio::awaitable<T>() && { return (*this)(); }  // NOLINT(google-explicit-constructor)

 private:
  friend promise_type;
  friend detail::AsyncAccess;
  using Handle = std::coroutine_handle<promise_type>;
  using Sleep = std::conditional_t<std::is_void_v<T>, detail::SleepRequest, detail::NoSleepRequest>;

  explicit Async(Handle handle) noexcept : handle_{handle} {}

  // Also of a sleep.
  detail::CoroutineOwner<T> take_coroutine() {
    if constexpr (std::is_void_v<T>) {
      if (!handle_ && valid()) {
        Async frame = detail::sleeping(std::exchange(sleep_, {}));
        return detail::CoroutineOwner<T>{std::exchange(frame.handle_, {})};
      }
    }
    if (!handle_) detail::throw_no_coroutine();
    return detail::CoroutineOwner<T>{std::exchange(handle_, {})};
  }

  void reset() noexcept {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  Handle handle_;
  [[no_unique_address]] Sleep sleep_{};
};

namespace detail {

struct AsyncAccess {
  static Async<void> sleep(SleepRequest request) noexcept {
    Async<void> sleep;
    sleep.sleep_ = request;
    return sleep;
  }
  static SleepRequest take_sleep(Async<void>& work) noexcept {
    return std::exchange(work.sleep_, {});
  }
  /// Null for a sleep, or where there is none.
  template <class T> static std::coroutine_handle<Promise<T>> release(Async<T>& work) noexcept {
    return std::exchange(work.handle_, {});
  }
  /// Also of a sleep.
  template <class T> static CoroutineOwner<T> coroutine(Async<T>& work) {
    return work.take_coroutine();
  }
};

template <class T> Async<T> Promise<T>::get_return_object() noexcept {
  return Async<T>{std::coroutine_handle<Promise>::from_promise(*this)};
}
inline Async<void> Promise<void>::get_return_object() noexcept {
  return Async<void>{std::coroutine_handle<Promise>::from_promise(*this)};
}

/// `co_await` of an `Async` in an `Async`.
template <class T> class ChildAwaiter final : public ChildAwaiterBase {
 public:
  // Always inline, as `take`: a compiler that hesitates makes a phase of a Node dearer.
  [[gnu::always_inline]] ChildAwaiter(Environment& environment, Async<T>& work)
      : environment_{&environment} {
    child_ = AsyncAccess::release(work);
    if (!child_) throw_no_coroutine();
  }
  bool await_ready() const noexcept { return false; }
  template <class Parent> void await_suspend(std::coroutine_handle<Parent> parent) noexcept {
    parent_ = parent;
    parent_promise_ = &parent.promise();
    promise().set_child(*environment_, *this);
    environment_->next(child_, &promise());
  }
  T await_resume() { return promise().take(); }

 private:
  Promise<T>& promise() const noexcept {
    return std::coroutine_handle<Promise<T>>::from_address(child_.address()).promise();
  }
  Environment* environment_;
};

/// The same for one that gives nothing, which may be a sleep.
template <> class ChildAwaiter<void> final : public ChildAwaiterBase, public CoroutineSleeper {
 public:
  ChildAwaiter(Environment& environment, Async<void>& work)
      : CoroutineSleeper{environment}, sleep_{AsyncAccess::take_sleep(work)} {
    child_ = AsyncAccess::release(work);
    if (!child_ && sleep_.kind == SleepRequest::Kind::None) throw_no_coroutine();
  }
  bool await_ready() const noexcept { return false; }
  template <class Parent> void await_suspend(std::coroutine_handle<Parent> parent) {
    if (!child_) return sleep(parent);
    parent_ = parent;
    parent_promise_ = &parent.promise();
    promise().set_child(*environment_, *this);
    environment_->next(child_, &promise());
  }
  void await_resume() {
    if (child_) return promise().take();
    if (is_cancelled_ && environment_->throws_if_cancelled()) throw_aborted();
  }

 private:
  Promise<void>& promise() const noexcept {
    return std::coroutine_handle<Promise<void>>::from_address(child_.address()).promise();
  }

  void sleep(std::coroutine_handle<> coroutine) {
    environment_->throw_if_aborted();
    coroutine_ = coroutine;
    Loop& loop = environment_->loop();
    if (sleep_.kind == SleepRequest::Kind::Until) {
      deadline = steady_time{sleep_.time};
    } else if (sleep_.time > Duration::zero()) {
      deadline = saturating_add(loop.now(), sleep_.time);
    }
    // A time that has passed yields to other work all the same.
    if (sleep_.time > Duration::zero()) {
      loop.add(*this);
    } else {
      loop.push(*this);
    }
    environment_->scope().wait_begins(*this);
  }

  SleepRequest sleep_;
};

template <class U> ChildAwaiter<U> PromiseBase::await_transform(Async<U>&& work) const {
  return ChildAwaiter<U>{*environment_, work};
}

inline Async<void> sleeping(SleepRequest request) {
  auto sleep = AsyncAccess::sleep(request);
  co_await std::move(sleep);
}

}  // namespace detail

}  // namespace cano
