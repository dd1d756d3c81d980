// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/thread_pool.hpp>

#include <cano/async/detail/blocking_job.hpp>

namespace cano {

/// Calls a function on a pool of threads and gives what it returns: for work that blocks or
/// computes for long, which would hold up all else on the thread of the coroutine.
///
/// As with `std::async` the function and its arguments are copied or moved in when this is called
/// (`std::ref` passes a reference), and passed on as rvalues; a result that is a reference is
/// copied. It starts when it is awaited. The pool is one for the whole program, made when it is
/// first needed, with twice as many threads as the machine has cores, and at least eight; what is
/// more waits in a queue.
///
///     const std::string text = co_await blocking(read_file, path);
///
/// With g++ 12 give a lambda that captures strings or pointers a name first: it destroys such a
/// temporary twice in the operand of `co_await`.
///
/// **Errors.** Throws what the function throws.
/// **Cancellation.** A call that has not begun does not run, and throws
/// `boost::system::system_error` with `asio::error::operation_aborted`. One that runs is waited
/// for, and its result given: a thread cannot be stopped from outside.
/// **Threads.** The function runs on a thread of the pool. It must not wait for more of `blocking`:
/// all threads might wait so.
/// **Lifetime.** The function and its arguments are destroyed before the result is there. When the
/// context of the coroutine is destroyed meanwhile, a call that runs goes on with its own copies,
/// and one that has not begun does not run. What runs at the end of the program is waited for.
template <class Function, class... Args>
  requires std::invocable<Function, Args...>
auto blocking(Function function, Args... arguments) {
  using Result = std::remove_cvref_t<std::invoke_result_t<Function, Args...>>;
  return detail::await_blocking<Result>(
      nullptr, std::make_shared<detail::BlockingCall<Result, Function, Args...>>(
                   std::move(function), std::move(arguments)...));
}

/// The same on a pool of one's own.
///
///     asio::thread_pool database_threads{4};
///     const Rows rows = co_await blocking(database_threads, run_query, query);
///
/// **Errors.** `Error(Cancelled)` when the pool is destroyed before the call has begun.
/// **Lifetime.** The pool must live when the call is awaited. A pool that was stopped runs nothing:
/// a call waits until it is cancelled or the pool is destroyed.
template <class Function, class... Args>
  requires std::invocable<Function, Args...>
auto blocking(asio::thread_pool& pool, Function function, Args... arguments) {
  using Result = std::remove_cvref_t<std::invoke_result_t<Function, Args...>>;
  return detail::await_blocking<Result>(
      &pool, std::make_shared<detail::BlockingCall<Result, Function, Args...>>(
                 std::move(function), std::move(arguments)...));
}

}  // namespace cano
