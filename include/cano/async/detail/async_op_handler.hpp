// SPDX-License-Identifier: MIT
#pragma once

#include <boost/version.hpp>

#if BOOST_VERSION < 108200 || (defined(__GNUC__) && !defined(__clang__))

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <cano/async/detail/start.hpp>

// How an `asio::awaitable` takes the result of an operation of ours, in place of what Asio has for
// the signature `void(std::exception_ptr, T)`, for two reasons. In Boost 1.81 that does not compile
// (`resume` reads `*result`; mended in Boost 1.82). And it leaves the result in the arguments of
// the handler: g++ 12 resumes a coroutine twice before it takes the first result where one
// expression awaits twice, as in `(co_await a) + (co_await b)`. Here the result is in the awaiter.
namespace boost::asio::detail {

template <typename T, typename Executor>
class awaitable_async_op_handler<cano::detail::Completed(std::exception_ptr, T), Executor>
    : public awaitable_thread<Executor> {
 public:
  struct Result {
    std::exception_ptr thrown;
    std::optional<T> value;
  };
  using result_type = Result;

  awaitable_async_op_handler(awaitable_thread<Executor>* resumed, result_type& result)
      : awaitable_thread<Executor>(std::move(*resumed)), result_(result) {}

  void operator()(std::exception_ptr thrown, T value) {
    result_.thrown = std::move(thrown);
    if (!result_.thrown) result_.value.emplace(std::move(value));
    this->entry_point()->top_of_stack_->attach_thread(this);
    this->entry_point()->top_of_stack_->clear_cancellation_slot();
    this->pump();
  }

  static T resume(result_type& result) {
    if (result.thrown) std::rethrow_exception(std::exchange(result.thrown, nullptr));
    return std::move(*result.value);
  }

 private:
  result_type& result_;
};

}  // namespace boost::asio::detail

#endif
