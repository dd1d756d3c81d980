// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <cano/duration.hpp>
#include <cano/limit/detail/require_positive.hpp>
#include <cano/limit/detail/token_bucket.hpp>
#include <cano/limit/limit.hpp>

namespace cano {

/// A limit on a rate: `count` in each `per`, evenly, and up to `burst` at once after a quiet time,
/// as at the start (a token bucket).
///
///     const auto requests = rate_limit(10, 1s, 5);  // one each 100 ms, up to 5 at once
///
/// In no time t are there more than `burst` and `count` * t / `per` of them. It counts in integers
/// and is exact, however long it runs.
///
/// **Errors.** `Error(Configuration)` when a number or the time is not positive.
inline std::shared_ptr<Limit> rate_limit(std::size_t count, Duration per, std::size_t burst) {
  detail::require_positive(count, "rate_limit: the number");
  detail::require_positive(per, "rate_limit: the time");
  detail::require_positive(burst, "rate_limit: the burst");
  return detail::LimitOf<detail::TokenBucket>::make(detail::TokenBucket{count, per, burst});
}
/// @overload
template <class Rep, class Period>
std::shared_ptr<Limit> rate_limit(std::size_t count, std::chrono::duration<Rep, Period> per,
                                  std::size_t burst) {
  return rate_limit(count, detail::to_duration(per), burst);
}

}  // namespace cano
