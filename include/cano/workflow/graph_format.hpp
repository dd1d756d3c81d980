// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include <cano/observe/run_path.hpp>
#include <cano/workflow/detail/graph_json.hpp>
#include <cano/workflow/detail/graph_text.hpp>
#include <cano/workflow/detail/graph_view.hpp>
#include <cano/workflow/graph.hpp>

// Diagrams of a workflow, alone or with the path that runs took drawn over it.
//
// The start is marked by an arrow from a dot, exits by a double border. A task that does not
// declare its targets has a dashed arrow to a question mark. Failure edges, and that of a limit on
// transitions, are dashed and labelled. States without a task are dashed, steps that were taken are
// thick and carry their number, those that no task declared too.

namespace cano {

/// The graph in Mermaid's flowchart language, which GitHub and many editors draw.
inline std::string to_mermaid(const Graph& graph) {
  return detail::mermaid_of(detail::GraphView{graph});
}
/// The same with the path that runs took.
inline std::string to_mermaid(const Graph& graph, const RunPath& path) {
  return detail::mermaid_of(detail::GraphView{graph, path});
}

/// The graph in the DOT language of Graphviz.
inline std::string to_dot(const Graph& graph) { return detail::dot_of(detail::GraphView{graph}); }
/// The same with the path that runs took.
inline std::string to_dot(const Graph& graph, const RunPath& path) {
  return detail::dot_of(detail::GraphView{graph, path});
}

/// The graph as `{"nodes": [...], "edges": [{"from": 0, "to": 1}]}`; edges name the nodes' places,
/// and those of failures and limits have a `"kind"`, as `to_string` of `EdgeKind` gives it.
/// Texts are UTF-8 whatever the states' names hold. `max_attempts` is a number or "unlimited".
///
/// Include `<nlohmann/json.hpp>` to call it.
template <std::same_as<nlohmann::json> Json = nlohmann::json> Json to_json(const Graph& graph) {
  return detail::json_of<Json>(detail::GraphView{graph}, false);
}
/// The same with what `RunPath` counts, and whether each edge was declared.
template <std::same_as<nlohmann::json> Json = nlohmann::json>
Json to_json(const Graph& graph, const RunPath& path) {
  Json json = detail::json_of<Json>(detail::GraphView{graph, path}, true);
  json["runs"] = path.runs;
  return json;
}

}  // namespace cano
