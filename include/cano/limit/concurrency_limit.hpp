// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include <cano/limit/detail/permit_count.hpp>
#include <cano/limit/detail/require_positive.hpp>
#include <cano/limit/limit.hpp>

namespace cano {

/// A limit on how much is under way at once: `permits` of them, each until its `Permit` is given
/// back.
///
///     const auto connections = concurrency_limit(8);
///
/// **Errors.** `Error(Configuration)` when there are none, or the number was negative.
inline std::shared_ptr<Limit> concurrency_limit(std::size_t permits) {
  detail::require_positive(permits, "concurrency_limit: the number of permits");
  return detail::LimitOf<detail::PermitCount>::make(detail::PermitCount{permits});
}

}  // namespace cano
