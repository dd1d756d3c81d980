// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <cano/task/task_config.hpp>

namespace cano::detail {

/// What the engine knows of a state whatever its type: made once, when it is added.
struct StateInfo {
  std::string name;
  TaskConfig config;
  std::size_t index = 0;  // among the states of the workflow, in the order in which they were added
  std::size_t max_attempts;
  bool takes_long_way;  // limits on its time, or what is as rare

  StateInfo(std::string state_name, TaskConfig task_config)
      : name{std::move(state_name)},
        config{std::move(task_config)},
        max_attempts{config.retry().max_attempts()},
        takes_long_way{config.attempt_timeout() || config.timeout() ||
                       config.retry().max_elapsed() || config.is_uninterruptible() ||
                       config.gate() != nullptr} {}
};

}  // namespace cano::detail
