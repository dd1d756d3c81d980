// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cano {

/// The states of a workflow and the arrows its tasks declare, as plain data; see `Workflow::graph`.
struct Graph {
  /// Work that a task is composed of: a branch of a `split`, the items of an `each`.
  struct Part {
    std::string name;              ///< That of the branch; "item".
    std::size_t max_attempts = 0;  ///< `RetryPolicy::unlimited`.
    bool is_many = false;          ///< One for each item.

    /// Member by member.
    bool operator==(const Part&) const = default;
  };

  /// A state of the workflow.
  struct Node {
    std::string name;              ///< As `state_name` gives it.
    bool is_start = false;         ///< Runs begin here.
    bool is_exit = false;          ///< Runs end here.
    bool has_task = false;         ///< Work is done here.
    bool targets_known = false;    ///< The task declares its targets with `Next<...>`.
    std::size_t max_attempts = 0;  ///< 0 without a task; `RetryPolicy::unlimited`.
    std::vector<Part> parts{};     ///< What goes on at once in it; empty for most.
    std::string join{};            ///< When they are enough, such as "all"; empty without parts.

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
