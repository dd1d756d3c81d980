// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <cano/concurrent_status.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano {

/// What a batch came to: `auto [results, status] = co_await ...`.
template <class State> struct ConcurrentResult {
  std::vector<WorkflowResult<State>> results;  ///< `results[i]` belongs to `stores[i]`.
  ConcurrentStatus status;  ///< The counters at the end; they add up to the number of stores.
};

}  // namespace cano
