// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <cano/duration.hpp>
#include <cano/task/retry_policy.hpp>

namespace cano {

/// When a window of a `stream` is full: after so many results, after so much time, or whichever
/// comes first. With neither each result is a window.
struct StreamWindow {
  std::optional<std::size_t> count{};  ///< So many results; at least 1.
  std::optional<Duration> within{};    ///< So long after its first item was there; positive.
};

/// What becomes of an item of a `stream` whose work fails.
///
///     {.on_item_error = ItemErrors::skip().with_retry(RetryPolicy::fixed(2, 100ms))}
class ItemErrors {
 public:
  /// The window fails, and is retried as the config of the state says.
  static ItemErrors fail() { return ItemErrors{false}; }
  /// The item is left out: the function of `on_skipped` gets it, or else the log says so.
  static ItemErrors skip() { return ItemErrors{true}; }

  /// First the work on the item is tried again as the policy says.
  [[nodiscard]] ItemErrors with_retry(RetryPolicy policy) const {
    ItemErrors changed = *this;
    changed.retry_ = std::move(policy);
    return changed;
  }

  /// Whether the item is left out in the end.
  bool skips() const noexcept { return skips_; }
  /// How the work on an item is tried again, if it is.
  const std::optional<RetryPolicy>& retry() const noexcept { return retry_; }

 private:
  explicit ItemErrors(bool skips) noexcept : skips_{skips} {}

  bool skips_;
  std::optional<RetryPolicy> retry_;
};

/// How `stream` gathers results, and what it does with items that fail.
struct StreamOptions {
  StreamWindow window{};                          ///< When results are flushed.
  ItemErrors on_item_error = ItemErrors::fail();  ///< What becomes of items that fail.
};

}  // namespace cano
