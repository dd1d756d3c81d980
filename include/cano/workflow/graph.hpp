// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cano {

/// The states of a workflow and the arrows its tasks declare, as plain data; see `Workflow::graph`.
struct Graph {
  /// A state of the workflow.
  struct Node {
    std::string name;              ///< As `state_name` gives it.
    bool is_start = false;         ///< Runs begin here.
    bool is_exit = false;          ///< Runs end here.
    bool has_task = false;         ///< Work is done here.
    bool targets_known = false;    ///< The task declares its targets with `Next<...>`.
    std::size_t max_attempts = 0;  ///< 0 without a task; `RetryPolicy::unlimited`.

    /// Member by member.
    bool operator==(const Node&) const = default;
  };

  /// A declared way from a state to the next.
  struct Edge {
    std::size_t from;  ///< Index in `nodes`.
    std::size_t to;    ///< Index in `nodes`.

    /// Member by member.
    bool operator==(const Edge&) const = default;
  };

  std::vector<Node> nodes;  ///< In the order in which the workflow heard of them.
  std::vector<Edge> edges;  ///< State by state, in the order in which targets are declared.

  /// Member by member.
  bool operator==(const Graph&) const = default;
};

}  // namespace cano
