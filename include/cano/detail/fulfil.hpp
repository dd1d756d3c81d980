// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <future>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace cano {

namespace asio = boost::asio;

namespace detail {

/// Runs `work` and puts what becomes of it into `result`: for callers that are no coroutine.
///
/// Everything of `work` is destroyed before `result` is ready, so that whoever waits for it may
/// then destroy what `work` referred to. `T` need not be default-constructible or copyable.
template <class T> asio::awaitable<void> fulfil(asio::awaitable<T> work, std::promise<T> result) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      result.set_value();
    } else {
      // Not in one expression: the coroutine awaited lives until the expression ends.
      T value = co_await std::move(work);
      result.set_value(std::move(value));
    }
  } catch (...) {
    result.set_exception(std::current_exception());
  }
}

}  // namespace detail
}  // namespace cano
