// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/async/detail/promise.hpp>

namespace cano {

namespace detail {

template <class... Ts> struct AllOf {
  std::tuple<Async<Ts>...> works;
};
template <class T> struct AllOfVector {
  std::vector<Async<T>> works;
};

template <class... Ts> class AllAwaiter {
 public:
  AllAwaiter(Environment& environment, AllOf<Ts...>&& all)
      : AllAwaiter{environment, all.works, std::index_sequence_for<Ts...>{}} {}
  AllAwaiter(const AllAwaiter&) = delete;
  AllAwaiter& operator=(const AllAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return join_.start(coroutine); }
  std::tuple<AwaitedValue<Ts>...> await_resume() {
    join_.throw_first_failure();
    return std::apply(
        [](auto&... branch) { return std::tuple<AwaitedValue<Ts>...>{branch.take()...}; },
        branches_);
  }

 private:
  template <std::size_t... Index>
  AllAwaiter(Environment& environment, std::tuple<Async<Ts>...>& works,
             std::index_sequence<Index...>)
      : join_{environment, ParallelWait::Until::FirstFailure},
        branches_{BranchSource<Ts>{join_, std::get<Index>(works)}...} {
    static_cast<void>(works);  // of no use where there are none
    (join_.add(std::get<Index>(branches_)), ...);
  }

  ParallelWait join_;
  std::tuple<Branch<Ts>...> branches_;
};

template <class T> class AllOfVectorAwaiter {
 public:
  AllOfVectorAwaiter(Environment& environment, AllOfVector<T>&& all)
      : join_{environment, ParallelWait::Until::FirstFailure} {
    for (Async<T>& work : all.works)
      join_.add(branches_.emplace_back(BranchSource<T>{join_, work}));
  }
  AllOfVectorAwaiter(const AllOfVectorAwaiter&) = delete;
  AllOfVectorAwaiter& operator=(const AllOfVectorAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return join_.start(coroutine); }
  std::vector<AwaitedValue<T>> await_resume() {
    join_.throw_first_failure();
    std::vector<AwaitedValue<T>> results;
    results.reserve(branches_.size());
    for (Branch<T>& branch : branches_)
      results.push_back(branch.take());
    return results;
  }

 private:
  ParallelWait join_;
  std::deque<Branch<T>> branches_;  // which cannot be moved
};

template <class... Ts> struct OperandAwaiter<AllOf<Ts...>> {
  using type = AllAwaiter<Ts...>;
};
template <class T> struct OperandAwaiter<AllOfVector<T>> {
  using type = AllOfVectorAwaiter<T>;
};

template <class... Ts> Async<std::tuple<AwaitedValue<Ts>...>> await_all(AllOf<Ts...> all) {
  co_return co_await std::move(all);
}
template <class T> Async<std::vector<AwaitedValue<T>>> await_all(AllOfVector<T> all) {
  co_return co_await std::move(all);
}

template <class... Ts> AllOf<Ts...> all_of(Async<Ts>... works) {
  return AllOf<Ts...>{std::tuple<Async<Ts>...>{std::move(works)...}};
}

}  // namespace detail

/// Awaits several pieces of work at once and gives the results of all, in the order of the
/// arguments; `std::monostate` for what gives nothing.
///
/// An argument is anything that an `Async` may await: an `Async`, an operation of Asio's such as
/// `timer.async_wait(asio::deferred)`, an `asio::awaitable`.
///
///     auto [stock, price] = co_await when_all(ask_stock(order), ask_price(order));
///
/// They are started in their order, each up to its first wait, and share the executor of
/// the coroutine that awaits them: they need no locks among each other.
///
/// **Errors.** Throws what the first threw that failed. The others are cancelled then, and have
/// ended before it is thrown; what they give or throw is dropped.
/// **Cancellation.** Cancels all of them, and goes on when all have ended.
/// **Threads.** As the `Async` that awaits it.
/// **Lifetime.** What an argument refers to must live until the result is there.
template <detail::AwaitedOperand... Works>
Async<std::tuple<detail::AwaitedValue<detail::AwaitResult<Works>>...>> when_all(Works... works) {
  return detail::await_all(detail::all_of(detail::as_async(std::move(works))...));
}

/// The same for any number of one type, where none gives an empty vector.
///
///     std::vector<Async<Quote>> questions;
///     for (const Supplier& supplier : suppliers) questions.push_back(ask(supplier));
///     std::vector<Quote> quotes = co_await when_all(std::move(questions));
template <class T>
Async<std::vector<detail::AwaitedValue<T>>> when_all(std::vector<Async<T>> works) {
  return detail::await_all(detail::AllOfVector<T>{std::move(works)});
}

}  // namespace cano
