// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/error.hpp>

namespace cano {

namespace detail {

template <class... Ts> struct AnyOf {
  std::tuple<Async<Ts>...> works;
};
template <class T> struct AnyOfVector {
  std::vector<Async<T>> works;
};

template <class... Ts> class AnyAwaiter {
 public:
  using Result = std::variant<AwaitedValue<Ts>...>;

  AnyAwaiter(Environment& environment, AnyOf<Ts...>&& any)
      : AnyAwaiter{environment, any.works, std::index_sequence_for<Ts...>{}} {}
  AnyAwaiter(const AnyAwaiter&) = delete;
  AnyAwaiter& operator=(const AnyAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return join_.start(coroutine); }
  Result await_resume() {
    if (join_.winner() == nullptr) join_.throw_first_failure();
    return take_winner(std::index_sequence_for<Ts...>{});
  }

 private:
  template <std::size_t... Index>
  AnyAwaiter(Environment& environment, std::tuple<Async<Ts>...>& works,
             std::index_sequence<Index...>)
      : join_{environment, ParallelWait::Until::FirstSuccess},
        branches_{BranchSource<Ts>{join_, std::get<Index>(works)}...} {
    (join_.add(std::get<Index>(branches_)), ...);
  }

  template <std::size_t... Index> Result take_winner(std::index_sequence<Index...>) {
    std::optional<Result> result;
    const auto take_if_won = [&]<std::size_t I>(std::in_place_index_t<I> index) {
      auto& branch = std::get<I>(branches_);
      if (&branch == join_.winner()) result.emplace(index, branch.take());
    };
    (take_if_won(std::in_place_index<Index>), ...);
    return std::move(*result);
  }

  ParallelWait join_;
  std::tuple<Branch<Ts>...> branches_;
};

template <class T> class AnyOfVectorAwaiter {
 public:
  using Result = std::pair<std::size_t, AwaitedValue<T>>;

  AnyOfVectorAwaiter(Environment& environment, AnyOfVector<T>&& any)
      : join_{environment, ParallelWait::Until::FirstSuccess} {
    if (any.works.empty()) {
      throw Error{Errc::Configuration, "when_any: the vector is empty, nothing can succeed"};
    }
    for (Async<T>& work : any.works)
      join_.add(branches_.emplace_back(BranchSource<T>{join_, work}));
  }
  AnyOfVectorAwaiter(const AnyOfVectorAwaiter&) = delete;
  AnyOfVectorAwaiter& operator=(const AnyOfVectorAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return join_.start(coroutine); }
  Result await_resume() {
    if (join_.winner() == nullptr) join_.throw_first_failure();
    std::size_t index = 0;
    while (&branches_[index] != join_.winner())
      ++index;
    return Result{index, branches_[index].take()};
  }

 private:
  ParallelWait join_;
  std::deque<Branch<T>> branches_;  // which cannot be moved
};

template <class... Ts> struct OperandAwaiter<AnyOf<Ts...>> {
  using type = AnyAwaiter<Ts...>;
};
template <class T> struct OperandAwaiter<AnyOfVector<T>> {
  using type = AnyOfVectorAwaiter<T>;
};

template <class... Ts> Async<std::variant<AwaitedValue<Ts>...>> await_any(AnyOf<Ts...> any) {
  co_return co_await std::move(any);
}
template <class T> Async<std::pair<std::size_t, AwaitedValue<T>>> await_any(AnyOfVector<T> any) {
  co_return co_await std::move(any);
}

template <class... Ts> AnyOf<Ts...> any_of(Async<Ts>... works) {
  return AnyOf<Ts...>{std::tuple<Async<Ts>...>{std::move(works)...}};
}

}  // namespace detail

/// Awaits several pieces of work at once and gives the result of the first that succeeds; the
/// variant's index is its place among the arguments. `std::monostate` for what gives nothing.
///
/// An argument is anything that an `Async` may await. For a limit in time see `timeout`, which says
/// what has happened.
///
///     auto answer = co_await when_any(ask(primary), ask(replica));
///     use(std::get<0>(answer));  // where the primary was first
///
/// They are started in their order, each up to its first wait, unless one has succeeded by then.
/// They share the executor of the coroutine that awaits them. When one has succeeded the
/// others are cancelled, and have ended before the result is there; what they give or throw is
/// dropped.
///
/// **Errors.** When all fail, throws what the first threw.
/// **Cancellation.** Cancels all of them, and goes on when all have ended.
/// **Threads.** As the `Async` that awaits it.
/// **Lifetime.** What an argument refers to must live until the result is there.
template <detail::AwaitedOperand... Works>
  requires(sizeof...(Works) > 0)
Async<std::variant<detail::AwaitedValue<detail::AwaitResult<Works>>...>> when_any(Works... works) {
  return detail::await_any(detail::any_of(detail::as_async(std::move(works))...));
}

/// The same for any number of one type; gives the place of the first that succeeds, and its result.
///
/// **Errors.** `Error(Configuration)` for an empty vector.
template <class T>
Async<std::pair<std::size_t, detail::AwaitedValue<T>>> when_any(std::vector<Async<T>> works) {
  return detail::await_any(detail::AnyOfVector<T>{std::move(works)});
}

}  // namespace cano
