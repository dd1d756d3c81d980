// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <coroutine>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

namespace detail {

/// Cancels a branch when its time has passed.
class BranchLimit final : public Sleeper {
 public:
  explicit BranchLimit(Environment& branch) noexcept : Sleeper{true}, branch_{&branch} {}
  ~BranchLimit() { branch_->loop().remove(*this); }

  void start(steady_time time) {
    deadline = time;
    branch_->loop().add(*this);
  }
  bool has_passed() const noexcept { return has_passed_; }

  // Behind what became ready at the same time: it may be what the branch waits for.
  void expire() override { branch_->loop().push(*this); }
  void wake() override {
    if (branch_->scope().is_cancelled()) return;
    has_passed_ = true;
    branch_->scope().cancel(StopReason::Stop);
  }
  void drop() noexcept override { branch_->wait_lost(); }

 private:
  Environment* branch_;
  bool has_passed_ = false;
};

template <class T> struct WithLimit {
  Duration limit;
  Async<T> work;
};

template <class T> class TimeoutAwaiter {
 public:
  TimeoutAwaiter(Environment& environment, WithLimit<T>&& request)
      : limit_{request.limit},
        join_{environment, ParallelWait::Until::FirstFailure},
        branch_{BranchSource<T>{join_, request.work}},
        timer_{branch_} {
    join_.add(branch_);
  }
  TimeoutAwaiter(const TimeoutAwaiter&) = delete;
  TimeoutAwaiter& operator=(const TimeoutAwaiter&) = delete;

  bool await_ready() const noexcept { return has_passed_at_once(); }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    if (limit_ == Duration::max()) return join_.start(coroutine);
    const steady_time deadline = saturating_add(branch_.loop().now(), limit_);
    if (!join_.start(coroutine)) return false;
    timer_.start(deadline);
    return true;
  }
  T await_resume() {
    if (has_passed_at_once() || timer_.has_passed()) {
      throw Error{Errc::Timeout, "The timeout of " + duration_text(limit_) + " passed"};
    }
    return static_cast<T>(branch_.take());
  }

 private:
  bool has_passed_at_once() const noexcept { return limit_ <= Duration::zero(); }

  Duration limit_;
  ParallelWait join_;
  Branch<T> branch_;
  BranchLimit timer_;
};

template <class T> struct OperandAwaiter<WithLimit<T>> {
  using type = TimeoutAwaiter<T>;
};

template <class T> Async<T> await_in_time(WithLimit<T> request) {
  co_return co_await std::move(request);
}

template <class T> Async<T> within(Duration limit, Async<T> work) {
  return await_in_time(WithLimit<T>{limit, std::move(work)});
}

}  // namespace detail

/// Awaits work for at most that long, counted from when it is awaited, and gives its result.
///
/// The work is anything that an `Async` may await: an `Async`, an operation of Asio's such as
/// `timer.async_wait(asio::deferred)`, an `asio::awaitable`. When the time has passed the work is
/// cancelled, and it has ended before the error is thrown: nothing goes on behind it. Work that
/// ends at the very time has ended in time.
///
///     const Quote quote = co_await timeout(200ms, ask(supplier));
///
/// A limit of zero or less has passed at once: the work is not started. `Duration::max()`, and what
/// is too long to be expressed, is no limit.
///
/// **Errors.** `Error(Timeout)` when the time has passed, whatever the work gave or threw when it
/// was cancelled. Else what the work throws.
/// **Cancellation.** Cancels the work, and goes on when it has ended.
/// **Threads.** As the `Async` that awaits it.
/// **Lifetime.** What the work refers to must live until the result is there.
template <detail::AwaitedOperand Work>
Async<detail::AwaitResult<Work>> timeout(Duration limit, Work work) {
  return detail::within(limit, detail::as_async(std::move(work)));
}
/// @overload
template <class Rep, class Period, detail::AwaitedOperand Work>
Async<detail::AwaitResult<Work>> timeout(std::chrono::duration<Rep, Period> limit, Work work) {
  return detail::within(detail::to_duration(limit), detail::as_async(std::move(work)));
}

}  // namespace cano
