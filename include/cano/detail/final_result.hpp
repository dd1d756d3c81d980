// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>

namespace cano {

namespace asio = boost::asio;

namespace detail {

/// What becomes of a coroutine that somebody outside of all coroutines runs: a value or an
/// exception, handed over whole.
///
/// Not a `std::promise`: that one would leave the value or exception to be destroyed by whichever
/// thread comes last. `T` need not be default-constructible or copyable.
template <class T> class FinalResult {
 public:
  bool is_ready() const noexcept { return value_.has_value() || error_ != nullptr; }

  void set(std::exception_ptr error) noexcept { error_ = std::move(error); }
  template <class... Args> void emplace(Args&&... args) {
    value_.emplace(std::forward<Args>(args)...);
  }

  /// Returns the value or throws the exception, and keeps neither.
  T take() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    if constexpr (!std::is_void_v<T>) {
      T value = std::move(*value_);
      value_.reset();
      return value;
    }
  }

 private:
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value_;
  std::exception_ptr error_;
};

/// Runs `work` to its end. All of it is destroyed by the time that `result` is ready.
template <class T>
asio::awaitable<void> run_into(std::shared_ptr<FinalResult<T>> result, asio::awaitable<T> work) {
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      result->emplace();
    } else {
      // Not in one expression: the coroutine awaited lives until the expression ends.
      T value = co_await std::move(work);
      result->emplace(std::move(value));
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (error) result->set(std::move(error));
}

}  // namespace detail
}  // namespace cano
