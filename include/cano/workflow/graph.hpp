// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cano {

/// The states of a workflow and the arrows its tasks declare, as plain data; see `Workflow::graph`.
struct Graph {
  struct Node {
    std::string name;
    bool is_start = false;
    bool is_exit = false;
    bool has_task = false;
    bool targets_known = false;    ///< The task declares its targets with `Next<...>`.
    std::size_t max_attempts = 0;  ///< 0 for a state without a task.

    bool operator==(const Node&) const = default;
  };

  struct Edge {
    std::size_t from;  ///< Index in `nodes`.
    std::size_t to;    ///< Index in `nodes`.

    bool operator==(const Edge&) const = default;
  };

  std::vector<Node> nodes;  ///< In the order in which the workflow heard of them.
  std::vector<Edge> edges;

  bool operator==(const Graph&) const = default;
};

}  // namespace cano
