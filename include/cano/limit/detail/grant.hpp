// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <cano/duration.hpp>

namespace cano::detail {

/// An amount taken from a limit for a coroutine that has not gone on yet: it may be undone.
struct Grant {
  std::size_t cost = 0;
  steady_time at{};
};

}  // namespace cano::detail
