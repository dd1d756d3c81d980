// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace cano {

/// Why a run goes from a state to the next.
enum class EdgeKind {
  Declared,  ///< The task names it.
  Failure,   ///< The state has given up, see `Workflow::on_failure`.
  Limit,     ///< The run has made too many transitions, see `Workflow::with_max_transitions`.
};

/// "declared", "failure" or "limit".
constexpr std::string_view to_string(EdgeKind kind) noexcept {
  switch (kind) {
    case EdgeKind::Declared:
      return "declared";
    case EdgeKind::Failure:
      return "failure";
    case EdgeKind::Limit:
      break;
  }
  return "limit";
}

}  // namespace cano
