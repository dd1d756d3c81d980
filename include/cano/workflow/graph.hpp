// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/edge_kind.hpp>

namespace cano {

/// The states of a workflow and the arrows its tasks declare, as plain data; see `Workflow::graph`.
struct Graph {
  /// Work that a task is composed of: a branch of a `split`, the items of an `each`.
  struct Part {
    std::string name;              ///< That of the branch; "item".
    std::size_t max_attempts = 0;  ///< `RetryPolicy::unlimited`.
    bool is_many = false;          ///< One for each item.

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
    bool is_failure = false;       ///< An exit in which what a run has done is undone.
    bool is_undoable = false;      ///< The task has a member `undo`.
    std::vector<Part> parts{};     ///< What goes on at once in it; empty for most.
    std::string join{};            ///< When they are enough, such as "all"; empty without parts.

    bool operator==(const Node&) const = default;
  };

  /// A declared way from a state to the next.
  struct Edge {
    std::size_t from;                    ///< Index in `nodes`.
    std::size_t to;                      ///< Index in `nodes`.
    EdgeKind kind = EdgeKind::Declared;  ///< Why a run takes it; one of a limit is from the start.

    bool operator==(const Edge&) const = default;
  };

  std::vector<Node> nodes;  ///< In the order in which the workflow heard of them.
  /// State by state, in the order in which targets are declared; then those of failures and limits.
  std::vector<Edge> edges;

  bool operator==(const Graph&) const = default;
};

/// For `const auto& [from, to] = edge`.
template <std::size_t Index> constexpr std::size_t get(const Graph::Edge& edge) noexcept {
  static_assert(Index < 2);
  return Index == 0 ? edge.from : edge.to;
}

}  // namespace cano

template <> struct std::tuple_size<cano::Graph::Edge> : std::integral_constant<std::size_t, 2> {};
template <> struct std::tuple_element<0, cano::Graph::Edge> : std::type_identity<std::size_t> {};
template <> struct std::tuple_element<1, cano::Graph::Edge> : std::type_identity<std::size_t> {};
