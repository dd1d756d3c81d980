// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <cano/async/detail/duration_text.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/observe/run_path.hpp>
#include <cano/workflow/graph.hpp>

namespace cano::detail {

/// A graph as it is to be drawn, with the path of runs over it if there is one: states and steps
/// that were taken without having been declared are part of it.
struct GraphView {
  struct Node {
    Graph::Node node;
    const RunPath::State* path = nullptr;  // null when no run came here

    bool is_missing() const noexcept { return !node.has_task && !node.is_exit; }
    bool has_parts() const noexcept { return !node.parts.empty(); }
    bool goes_anywhere() const noexcept { return node.has_task && !node.targets_known; }
  };
  struct Edge {
    Graph::Edge edge;
    bool declared = true;
    std::size_t count = 0;
  };

  std::vector<Node> nodes;
  std::vector<Edge> edges;

  explicit GraphView(const Graph& graph) {
    for (const Graph::Node& node : graph.nodes)
      nodes.push_back(Node{node});
    for (const Graph::Edge& edge : graph.edges)
      edges.push_back(Edge{edge});
  }

  GraphView(const Graph& graph, const RunPath& path) : GraphView{graph} {
    std::vector<std::size_t> places;  // of the path's states among the nodes
    for (const RunPath::State& state : path.states) {
      places.push_back(place_of(state));
      nodes[places.back()].path = &state;
    }
    for (const RunPath::Step& step : path.steps) {
      const Graph::Edge taken{places[step.from], places[step.to]};
      const auto known = std::find_if(edges.begin(), edges.end(), [&](const Edge& each) {
        return each.edge.from == taken.from && each.edge.to == taken.to;
      });
      if (known == edges.end()) {
        edges.push_back(Edge{taken, false, step.count});
      } else {
        known->count += step.count;
      }
    }
  }

 private:
  std::size_t place_of(const RunPath::State& state) {
    const auto known = std::find_if(nodes.begin(), nodes.end(), [&](const Node& each) {
      return each.node.name == state.name && each.path == nullptr;
    });
    if (known != nodes.end()) return static_cast<std::size_t>(known - nodes.begin());
    nodes.push_back(Node{Graph::Node{.name = state.name}});
    return nodes.size() - 1;
  }
};

inline void note_attempts(std::vector<std::string>& notes, std::size_t max_attempts) {
  if (max_attempts == unlimited) {
    notes.emplace_back("unlimited attempts");
  } else if (max_attempts > 1) {
    notes.push_back("up to " + std::to_string(max_attempts) + " attempts");
  }
}
inline std::vector<std::string> notes_of(const Graph::Part& part) {
  std::vector<std::string> notes;
  if (part.is_many) notes.emplace_back("each of many");
  note_attempts(notes, part.max_attempts);
  return notes;
}

/// The texts below a state's name, one a line.
inline std::vector<std::string> notes_of(const GraphView::Node& view) {
  std::vector<std::string> notes;
  if (view.is_missing()) notes.emplace_back("no task");
  if (view.node.is_failure) notes.emplace_back("undoes what was done");
  if (view.node.is_undoable) notes.emplace_back("can be undone");
  note_attempts(notes, view.node.max_attempts);
  const RunPath::State* const path = view.path;
  if (path == nullptr) return notes;
  notes.push_back(std::to_string(path->visits) + (path->visits == 1 ? " visit" : " visits"));
  if (path->attempts != 0) notes.back() += ", " + duration_text(path->working);
  if (path->failed_attempts != 0) {
    notes.push_back(std::to_string(path->failed_attempts) + " of " +
                    std::to_string(path->attempts) + " attempts failed");
  }
  if (path->pausing != Duration::zero()) {
    notes.push_back("paused " + duration_text(path->pausing));
  }
  if (path->failed != 0) notes.push_back(std::to_string(path->failed) + " failed here");
  if (path->cancelled != 0) notes.push_back(std::to_string(path->cancelled) + " cancelled here");
  return notes;
}

}  // namespace cano::detail
