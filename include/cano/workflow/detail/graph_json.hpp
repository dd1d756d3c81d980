// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/edge_kind.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/run_path.hpp>
#include <cano/workflow/detail/graph_view.hpp>
#include <cano/workflow/graph.hpp>

namespace cano::detail {

template <class Json> Json parts_json(const std::vector<Graph::Part>& parts) {
  Json all = Json::array();
  for (const Graph::Part& each : parts) {
    Json part{{"name", valid_utf8(each.name)},
              {"max_attempts", each.max_attempts},
              {"is_many", each.is_many}};
    if (each.max_attempts == unlimited) part["max_attempts"] = "unlimited";
    all.push_back(std::move(part));
  }
  return all;
}

// A template, so that only a program that calls it needs nlohmann/json.hpp.
template <class Json> Json json_of(const GraphView& view, bool with_path) {
  Json nodes = Json::array();
  for (const GraphView::Node& each : view.nodes) {
    Json node{{"name", valid_utf8(each.node.name)},
              {"is_start", each.node.is_start},
              {"is_exit", each.node.is_exit},
              {"has_task", each.node.has_task},
              {"targets_known", each.node.targets_known},
              {"max_attempts", each.node.max_attempts}};
    if (each.node.max_attempts == unlimited) node["max_attempts"] = "unlimited";
    if (each.node.is_failure) node["is_failure"] = true;
    if (each.node.is_undoable) node["is_undoable"] = true;
    if (!each.node.parts.empty()) {
      node["parts"] = parts_json<Json>(each.node.parts);
      node["join"] = valid_utf8(each.node.join);
    }
    if (with_path) {
      const RunPath::State path = each.path == nullptr ? RunPath::State{} : *each.path;
      node["visits"] = path.visits;
      node["attempts"] = path.attempts;
      node["failed_attempts"] = path.failed_attempts;
      node["working_ms"] = milliseconds_of(path.working);
      node["pausing_ms"] = milliseconds_of(path.pausing);
      node["succeeded"] = path.succeeded;
      node["failed"] = path.failed;
      node["cancelled"] = path.cancelled;
    }
    nodes.push_back(std::move(node));
  }
  Json edges = Json::array();
  for (const GraphView::Edge& each : view.edges) {
    Json edge{{"from", each.edge.from}, {"to", each.edge.to}};
    if (each.edge.kind != EdgeKind::Declared) edge["kind"] = to_string(each.edge.kind);
    if (with_path) {
      edge["declared"] = each.declared;
      edge["count"] = each.count;
    }
    edges.push_back(std::move(edge));
  }
  return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

}  // namespace cano::detail
