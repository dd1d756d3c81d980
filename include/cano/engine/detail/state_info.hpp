// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <cano/engine/detail/attempt_rules.hpp>

namespace cano::detail {

/// A state as the engine knows it, whatever its type: made once, when it is added.
struct StateInfo {
  std::string name;
  AttemptRules rules;
  std::size_t index = 0;  // among the states of the workflow, in the order in which they were added
  std::size_t max_attempts;
  bool is_limited;      // its rules say more than how often it is tried
  bool takes_long_way;  // limited, or its success has to be kept

  StateInfo(std::string state_name, AttemptRules attempt_rules)
      : name{std::move(state_name)},
        rules{std::move(attempt_rules)},
        max_attempts{rules.retry.max_attempts()},
        is_limited{rules.has_limits()},
        takes_long_way{is_limited} {}
};

}  // namespace cano::detail
