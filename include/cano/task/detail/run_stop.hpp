// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <stop_token>
#include <utility>

namespace cano::detail {

/// How a run is asked to stop from any thread: whoever hears of the token's request sets the flag.
///
/// The flag is what a run looks at between two hops: to ask the token takes a call of a function.
class RunStop {
 public:
  RunStop() = default;
  explicit RunStop(std::stop_token token) : token_{std::move(token)} {}

  /// Returns whether it was requested before.
  bool request() noexcept { return requested_.exchange(true); }
  bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }

  const std::stop_token& token() const noexcept { return token_; }

  /// That of runs which nobody can stop.
  static const RunStop& never() noexcept { return never_; }

 private:
  static const RunStop never_;

  std::stop_token token_;
  std::atomic<bool> requested_{false};
};

inline const RunStop RunStop::never_{};

}  // namespace cano::detail
