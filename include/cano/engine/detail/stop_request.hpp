// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <stop_token>

#include <cano/config.hpp>

namespace cano::detail {

/// The flag of runs that cannot be stopped from another thread.
CANO_VISIBLE inline const std::atomic<bool> never_stopped{false};

/// How a run is stopped from other threads: a flag that it reads at every hop, since to ask a stop
/// token takes a function call, and the token behind it.
struct StopRequest {
  const std::atomic<bool>* flag = &never_stopped;
  std::stop_token token{};
};

}  // namespace cano::detail
