// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/frame_pool.hpp>

namespace cano {

template <class T> class Async;
class YieldNow;

namespace detail {

class PromiseBase;

/// The part of awaiting a child coroutine that does not depend on its result. It owns the child.
class ChildAwaiterBase {
 public:
  ChildAwaiterBase(const ChildAwaiterBase&) = delete;
  ChildAwaiterBase& operator=(const ChildAwaiterBase&) = delete;

 protected:
  ChildAwaiterBase() = default;
  ~ChildAwaiterBase() {
    if (child_) child_.destroy();
  }

  friend class Environment;
  friend class PromiseBase;
  std::coroutine_handle<> child_;
  std::coroutine_handle<> parent_;
  PromiseBase* parent_promise_ = nullptr;
};

/// The result of `co_await asio::this_coro::cancellation_state`.
class CancellationState {
 public:
  explicit CancellationState(bool is_cancelled) noexcept : is_cancelled_{is_cancelled} {}
  asio::cancellation_type_t cancelled() const noexcept {
    return is_cancelled_ ? asio::cancellation_type::all : asio::cancellation_type::none;
  }

 private:
  bool is_cancelled_;
};

/// An await that has its value at once.
template <class T> class ReadyAwaiter {
 public:
  explicit ReadyAwaiter(T value) noexcept : value_(std::forward<T>(value)) {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  T await_resume() { return std::forward<T>(value_); }

 private:
  T value_;
};

/// Asked for with `co_await`: the environment of the coroutine.
struct ThisEnvironment {};

class SleepAwaiter;
class YieldAwaiter;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final
template <class T> class ChildAwaiter;
/// How an `Async` awaits an `Operand` that is neither `Async` nor of this library; specialised in
/// the headers for operations and awaitables of Asio's.
template <class Operand> struct OperandAwaiter;

/// Whether a type is an `Async`, and of what.
template <class> struct AsyncTraits : std::false_type {};
template <class T> struct AsyncTraits<Async<T>> : std::true_type {
  using value_type = T;
};
template <class T> inline constexpr bool is_async = AsyncTraits<std::remove_cvref_t<T>>::value;

template <class Operand>
concept ForeignOperand = !is_async<Operand> && requires { typename OperandAwaiter<Operand>::type; };

template <class> inline constexpr bool never_an_lvalue = false;

/// The promise of an `Async`: the part that does not depend on its result.
class PromiseBase : public Pooled {
 public:
  PromiseBase() = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  class FinalAwaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> coroutine) const noexcept {
      PromiseBase& promise = coroutine.promise();
      if (const ChildAwaiterBase* const awaiter = promise.awaiter_) {
        promise.environment_->next(awaiter->parent_, awaiter->parent_promise_);
      }
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }

  template <class U> ChildAwaiter<U> await_transform(Async<U>&& work) const;
  template <class U> auto await_transform(Async<U>&) const {
    static_assert(never_an_lvalue<U>,
                  "cano: an Async is awaited once: co_await std::move(work), or await the call "
                  "itself");
  }
  YieldAwaiter await_transform(YieldNow) const noexcept;
  ReadyAwaiter<const asio::any_io_executor&> await_transform(asio::this_coro::executor_t) const {
    return ReadyAwaiter<const asio::any_io_executor&>{environment_->coroutine_executor()};
  }
  ReadyAwaiter<CancellationState> await_transform(asio::this_coro::cancellation_state_t) const {
    return ReadyAwaiter<CancellationState>{CancellationState{environment_->scope().is_cancelled()}};
  }
  template <class Setting>
    requires std::same_as<Setting, decltype(asio::this_coro::throw_if_cancelled())>
  ReadyAwaiter<bool> await_transform(Setting) const {
    return ReadyAwaiter<bool>{environment_->throws_if_cancelled()};
  }
  template <class Setting>
    requires std::same_as<Setting, decltype(asio::this_coro::throw_if_cancelled(true))>
  std::suspend_never await_transform(Setting setting) const {
    environment_->throw_if_cancelled(setting.value);
    return {};
  }
  ReadyAwaiter<Environment&> await_transform(ThisEnvironment) const noexcept {
    return ReadyAwaiter<Environment&>{*environment_};
  }
  template <ForeignOperand Operand> auto await_transform(Operand&& operand) const {
    return typename OperandAwaiter<Operand>::type{*environment_, std::forward<Operand>(operand)};
  }

  Environment& environment() const noexcept { return *environment_; }

  /// Makes it the root of the environment, for `Environment::resume`.
  void set_root(Environment& environment) noexcept { environment_ = &environment; }
  void set_child(Environment& environment, ChildAwaiterBase& awaiter) noexcept {
    environment_ = &environment;
    awaiter_ = &awaiter;
  }
  ChildAwaiterBase* awaiter() const noexcept { return awaiter_; }

 protected:
  ~PromiseBase() = default;

 private:
  Environment* environment_ = nullptr;
  ChildAwaiterBase* awaiter_ = nullptr;  // null for a root
};

/// The promise of an `Async`, with its result.
template <class T> class Promise final : public PromiseBase {
 public:
  Promise() noexcept {}
  ~Promise() {
    destroy_value();
    if (has_ == Has::Exception) exception_.~exception_ptr();
  }
  Async<T> get_return_object() noexcept;

  template <class U = T>
    requires std::constructible_from<T, U&&>
  void return_value(U&& value) {
    destroy_value();
    ::new (static_cast<void*>(std::addressof(value_))) T(std::forward<U>(value));
    has_ = Has::Value;
  }
  void unhandled_exception() noexcept {
    destroy_value();
    ::new (static_cast<void*>(std::addressof(exception_)))
        std::exception_ptr(std::current_exception());
    has_ = Has::Exception;
  }

  /// After its end: what it threw, or null.
  std::exception_ptr* exception() noexcept {
    return has_ == Has::Exception ? std::addressof(exception_) : nullptr;
  }
  T&& value() noexcept { return std::move(value_); }
  [[gnu::always_inline]] T take() {
    if (has_ == Has::Exception) [[unlikely]]
      std::rethrow_exception(std::move(exception_));
    return std::move(value_);
  }

 private:
  enum class Has : std::uint8_t { Nothing, Value, Exception };

  // There may be one before the last result: a destructor may throw behind co_return.
  void destroy_value() noexcept {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      if (has_ != Has::Value) return;
      has_ = Has::Nothing;
      value_.~T();
    }
  }

  union {
    T value_;                       // NOLINT(readability-identifier-naming): a private member
    std::exception_ptr exception_;  // NOLINT(readability-identifier-naming)
  };
  Has has_ = Has::Nothing;
};

template <> class Promise<void> final : public PromiseBase {
 public:
  Async<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  std::exception_ptr* exception() noexcept { return exception_ ? &exception_ : nullptr; }
  void take() {
    if (exception_) [[unlikely]]
      std::rethrow_exception(std::move(exception_));
  }

 private:
  std::exception_ptr exception_;
};

inline void Environment::destroy_awaited_frames() noexcept {
  scope_.wait_ends();  // what the frames destroy may still cancel the work
  while (innermost_ != nullptr && innermost_->awaiter() != nullptr) {
    ChildAwaiterBase& awaiter = *innermost_->awaiter();
    innermost_ = awaiter.parent_promise_;
    std::exchange(awaiter.child_, nullptr).destroy();
  }
}

}  // namespace detail
}  // namespace cano
