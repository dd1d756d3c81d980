// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace cano {

/// Something `Workflow::validate` found, before anything ran.
struct Problem {
  /// What is wrong.
  enum class Kind {
    MissingTask,       ///< A run can come to the state, which has no task and is no exit.
    Unreachable,       ///< No declared path leads to the state.
    NoExitReachable,   ///< From the state no declared path leads to an exit.
    UndeclaredTarget,  ///< A task declares a target that was never added to the workflow.
  };

  Kind kind;            ///< What is wrong.
  std::string state;    ///< The state at fault.
  std::string message;  ///< One sentence that names it.

  bool operator==(const Problem&) const = default;
};

/// "missing_task", "unreachable", "no_exit_reachable" or "undeclared_target".
constexpr std::string_view to_string(Problem::Kind kind) noexcept {
  switch (kind) {
    case Problem::Kind::MissingTask:
      return "missing_task";
    case Problem::Kind::Unreachable:
      return "unreachable";
    case Problem::Kind::NoExitReachable:
      return "no_exit_reachable";
    case Problem::Kind::UndeclaredTarget:
      break;
  }
  return "undeclared_target";
}

}  // namespace cano
