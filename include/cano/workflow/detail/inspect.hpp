// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/detail/nearest_name.hpp>
#include <cano/detail/text.hpp>
#include <cano/edge_kind.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/problem.hpp>

namespace cano::detail {

/// The declared graph. States that are only named as a target or the start come last.
template <StateLike State, class Store> Graph graph_of(const Definition<State, Store>& definition) {
  Graph graph;
  std::vector<State> states;
  const auto index_of = [&](const State& state) {
    const auto found = std::find(states.begin(), states.end(), state);
    if (found != states.end()) return static_cast<std::size_t>(found - states.begin());
    states.push_back(state);
    graph.nodes.push_back(Graph::Node{.name = state_name(state)});
    return states.size() - 1;
  };
  for (const auto& entry : definition.entries) {
    Graph::Node& node = graph.nodes[index_of(entry->state)];
    node.is_exit = entry->is_exit;
    node.has_task = !entry->is_exit;
    node.targets_known = entry->task.declares_targets;
    node.is_failure = entry->undoes;
    node.is_undoable = entry->undo != nullptr;
    node.max_attempts = entry->is_exit ? 0 : entry->max_attempts;
    node.join = entry->task.parts.join;
    for (const TaskPart& part : entry->task.parts.work)
      node.parts.push_back({part.name, part.max_attempts, part.is_many});
  }
  for (const auto& entry : definition.entries) {
    for (const State& target : entry->task.targets) {
      const Graph::Edge edge{index_of(entry->state), index_of(target)};
      if (std::find(graph.edges.begin(), graph.edges.end(), edge) == graph.edges.end()) {
        graph.edges.push_back(edge);
      }
    }
  }
  for (std::size_t i = 0; i < definition.failure_edges.size(); i += 2) {
    graph.edges.push_back({index_of(definition.failure_edges[i]),
                           index_of(definition.failure_edges[i + 1]), EdgeKind::Failure});
  }
  const std::size_t start = index_of(definition.start);
  if (definition.limit_target) {
    graph.edges.push_back({start, index_of(*definition.limit_target), EdgeKind::Limit});
  }
  graph.nodes[start].is_start = true;
  return graph;
}

/// The nodes for which `seeds` is set, and all that can be reached from them along `edges`.
inline std::vector<bool> reached_from(std::vector<bool> seeds,
                                      const std::vector<Graph::Edge>& edges) {
  bool grew = true;
  while (grew) {
    grew = false;
    for (const Graph::Edge& edge : edges) {
      if (seeds[edge.from] && !seeds[edge.to]) grew = seeds[edge.to] = true;
    }
  }
  return seeds;
}

/// The state that was probably meant, where one was named that is not there.
inline std::string meant_instead(const std::vector<Graph::Node>& nodes, std::size_t missing) {
  std::vector<std::string_view> names;
  for (const Graph::Node& each : nodes)
    if (each.has_task || each.is_exit) names.emplace_back(each.name);
  return did_you_mean(nodes[missing].name, names);
}

// "The task of state A can go to ".
inline std::string way_of(const Graph::Node& source, EdgeKind kind) {
  if (kind == EdgeKind::Limit) return "After too many transitions a run goes to ";
  if (kind == EdgeKind::Failure) return "The failure edge of state " + source.name + " leads to ";
  return "The task of state " + source.name + " can go to ";
}

/// What is wrong with a graph. A task that does not declare its targets may go anywhere, so where
/// one is involved nothing is reported that it could disprove.
inline std::vector<Problem> problems_of(const Graph& graph) {
  using Kind = Problem::Kind;
  std::vector<Problem> problems;
  const auto& nodes = graph.nodes;
  const auto report = [&](Kind kind, std::size_t node, std::string message) {
    problems.push_back(Problem{kind, nodes[node].name, error_line(std::move(message))});
  };

  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].is_start && !nodes[i].has_task && !nodes[i].is_exit) {
      report(Kind::MissingTask, i,
             "The start state " + nodes[i].name + " has no task and is no exit state" +
                 meant_instead(nodes, i));
    }
  }
  for (const Graph::Edge& edge : graph.edges) {
    const Graph::Node& source = nodes[edge.from];
    const Graph::Node& target = nodes[edge.to];
    if (edge.kind == EdgeKind::Failure && !source.has_task && !source.is_exit) {
      report(Kind::MissingTask, edge.from,
             "State " + source.name + " has a failure edge and no task" +
                 meant_instead(nodes, edge.from));
    }
    if (!target.has_task && !target.is_exit) {
      report(Kind::UndeclaredTarget, edge.to,
             way_of(source, edge.kind) + target.name + ", which has no task and is no exit state" +
                 meant_instead(nodes, edge.to));
    }
  }

  std::vector<bool> reachable(nodes.size());
  std::vector<bool> finishing(nodes.size());  // can come to an exit, or may
  bool all_known = true;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    reachable[i] = nodes[i].is_start;
  reachable = reached_from(std::move(reachable), graph.edges);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool unknown = nodes[i].has_task && !nodes[i].targets_known;
    finishing[i] = nodes[i].is_exit || unknown;
    all_known = all_known && !(unknown && reachable[i]);
  }
  const bool any_exit =
      std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.is_exit; });
  std::vector<Graph::Edge> backwards;
  backwards.reserve(graph.edges.size());
  for (const Graph::Edge& edge : graph.edges)
    backwards.push_back({edge.to, edge.from});
  finishing = reached_from(std::move(finishing), backwards);
  for (const Graph::Edge& edge : graph.edges) {
    if (edge.kind != EdgeKind::Limit || !finishing[edge.to]) continue;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      finishing[i] = finishing[i] || nodes[i].has_task;  // the limit ends each way
  }

  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].has_task && !nodes[i].is_exit) continue;
    if (all_known && !reachable[i]) {
      report(Kind::Unreachable, i, "No declared path leads to state " + nodes[i].name);
    } else if (!any_exit && nodes[i].is_start) {
      report(Kind::NoExitReachable, i, "The workflow has no exit state");
    } else if (any_exit && !finishing[i]) {
      report(Kind::NoExitReachable, i,
             "No declared path leads from state " + nodes[i].name + " to an exit state");
    }
  }
  return problems;
}

}  // namespace cano::detail
