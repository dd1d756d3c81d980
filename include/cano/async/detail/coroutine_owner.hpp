// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <utility>

#include <cano/async/detail/promise.hpp>
#include <cano/config.hpp>

namespace cano::detail {

/// Owns a coroutine that has not been awaited or started.
template <class T> class CoroutineOwner {
 public:
  using Handle = std::coroutine_handle<Promise<T>>;

  CoroutineOwner() noexcept = default;
  explicit CoroutineOwner(Handle handle) noexcept : handle_{handle} {}
  CoroutineOwner(CoroutineOwner&& other) noexcept : handle_{other.release()} {}
  CoroutineOwner& operator=(CoroutineOwner&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = other.release();
    }
    return *this;
  }
  ~CoroutineOwner() { destroy(); }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  Handle get() const noexcept { return handle_; }
  Promise<T>& promise() const noexcept { return handle_.promise(); }
  Handle release() noexcept { return std::exchange(handle_, nullptr); }
  /// Where it owns none.
  void reset(Handle handle) noexcept {
    CANO_ASSERT(!handle_);
    handle_ = handle;
  }
  void destroy() noexcept {
    if (handle_) release().destroy();
  }

 private:
  Handle handle_;
};

}  // namespace cano::detail
