// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace cano::detail {

/// The instances of a batch that no worker has taken yet, by number.
///
/// Guided self-scheduling (Polychronopoulos and Kuck, 1987): a worker takes a fraction of what is
/// left. So there are few calls, few borders between what two workers write, and no worker is still
/// busy with many at the end.
///
/// **Threads.** Safe.
class InstanceQueue {
 public:
  /// From the first one to before the other; empty when there are none.
  struct Range {
    std::size_t first, end;
    bool operator==(const Range&) const = default;
  };

  explicit InstanceQueue(std::size_t instances) noexcept : end_{instances} {}

  bool empty() const noexcept { return next_.load(std::memory_order_relaxed) >= end_; }

  /// For one of so many workers, which may start so many.
  Range take(std::size_t workers, std::size_t at_most) noexcept {
    const std::size_t next = next_.load(std::memory_order_relaxed);
    if (next >= end_) return {end_, end_};
    const std::size_t share = std::clamp<std::size_t>((end_ - next) / (workers * 8), 1, most);
    const std::size_t count = std::min(share, at_most);
    const std::size_t first = next_.fetch_add(count, std::memory_order_relaxed);
    return {std::min(first, end_), std::min(first + count, end_)};
  }

 private:
  static constexpr std::size_t most = 128;

  std::size_t end_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace cano::detail
