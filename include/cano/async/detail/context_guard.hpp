// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <utility>

namespace cano::detail {

/// Lets another thread use a context that may be destroyed meanwhile: the destruction waits for
/// those inside, and lets no more in.
///
/// Asio does not: what is woken by a post may destroy the context at once (`cano::run` does), while
/// the thread that posted is still on its way out of `post`.
class ContextGuard {
 public:
  ContextGuard() = default;
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

  /// Calls `use()`, which may use executors of the context, unless that is gone. Returns whether it
  /// was called.
  template <class Use> bool run_if_alive(Use&& use) {
    const std::lock_guard lock{mutex_};
    if (is_alive_) std::forward<Use>(use)();
    return is_alive_;
  }

  /// The context is going: calls `last()` as the last one inside.
  template <class Last> void close(Last&& last) {
    const std::lock_guard lock{mutex_};
    is_alive_ = false;
    std::forward<Last>(last)();
  }

  /// Locked by the thread that destroys the context, from before `close` until nothing of ours is
  /// at work there any more; so another thread can wait for that.
  std::recursive_mutex& going() noexcept { return going_; }

 private:
  std::recursive_mutex mutex_;  // one executor may post through another of the same context
  std::recursive_mutex going_;
  bool is_alive_ = true;
};

}  // namespace cano::detail
