// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include <cano/concurrent_status.hpp>

namespace cano::detail {

using ProgressCallback = std::function<void(const ConcurrentStatus&)>;

/// Calls a user's function with the counters of a batch, one call at a time, so that they never go
/// back. The end is reported once; a function that throws is not called again.
class ProgressReport {
 public:
  explicit ProgressReport(ProgressCallback callback) : callback_{std::move(callback)} {}

  bool is_wanted() const noexcept { return callback_ != nullptr; }

  /// `status()` gives the counters; it and the user's function are never called at once.
  template <class Status> void send(Status&& status) {
    const std::lock_guard lock{mutex_};
    if (is_over_) return;
    try {
      const ConcurrentStatus now = status();
      is_over_ = now.is_complete();
      callback_(now);
    } catch (...) {
      is_over_ = true;
    }
  }

 private:
  ProgressCallback callback_;
  std::mutex mutex_;
  bool is_over_ = false;
};

}  // namespace cano::detail
