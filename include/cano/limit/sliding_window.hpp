// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <cano/duration.hpp>
#include <cano/limit/detail/require_positive.hpp>
#include <cano/limit/detail/window_log.hpp>
#include <cano/limit/limit.hpp>

namespace cano {

/// A limit on each window of time, wherever that begins: never more than `count` in any `per`. What
/// was taken exactly one `per` ago does not count any more.
///
///     const auto calls = sliding_window(100, 1min);
///
/// Unlike a `rate_limit` it lets all of them through at once. It remembers when each was taken: up
/// to `count` times.
///
/// **Errors.** `Error(Configuration)` when the number or the time is not positive.
inline std::shared_ptr<Limit> sliding_window(std::size_t count, Duration per) {
  detail::require_positive(count, "sliding_window: the number");
  detail::require_positive(per, "sliding_window: the time");
  return detail::LimitOf<detail::WindowLog>::make(detail::WindowLog{count, per});
}
/// @overload
template <class Rep, class Period>
std::shared_ptr<Limit> sliding_window(std::size_t count, std::chrono::duration<Rep, Period> per) {
  return sliding_window(count, detail::to_duration(per));
}

}  // namespace cano
