// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/edge_kind.hpp>
#include <cano/observe/run_path.hpp>
#include <cano/workflow/detail/graph_view.hpp>
#include <cano/workflow/graph.hpp>

namespace cano::detail {

// Texts are quoted, so only what ends a quoted text or is read there as markup, as a line break
// (`\n`), as a formula (`$$x$$`), as an icon (`fa:fa-car`), as a style (`style x:#c00;`) or as a
// directive (`%%{init: ...}%%`) needs an entity; and a blank that would not be drawn, at an end or
// behind another one.
inline std::string mermaid_text(std::string_view text) {
  const std::string line = one_line(text);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool is_lost = c == ' ' && (i == 0 || i + 1 == line.size() || line[i - 1] == ' ');
    if (is_lost) {
      out += "#160;";
    } else if (std::string_view{"\"#<>&`\\%$:"}.find(c) != std::string_view::npos) {
      out.append("#").append(std::to_string(static_cast<int>(c))).append(";");
    } else {
      out += c;
    }
  }
  return out;
}

// A label with a `<br/>` is read as HTML first, which makes entities characters again before
// Mermaid looks for line breaks, formulas and icons. Where there are such, the lines are those of
// the quoted text itself. A label without any text is a syntax error.
inline std::string mermaid_label(std::string_view name, const std::vector<std::string>& notes) {
  std::string label = mermaid_text(name);
  const bool is_read_twice = label.find("#92;") != std::string::npos ||
                             label.find("#36;#36;") != std::string::npos ||
                             label.find("#58;") != std::string::npos;
  for (const std::string& note : notes)
    label.append(is_read_twice ? "\n" : "<br/>").append(mermaid_text(note));
  return label.empty() ? " " : label;
}

inline bool is_dashed(const GraphView::Edge& edge) noexcept {
  return edge.edge.kind != EdgeKind::Declared;
}
// "failure, 2"; empty for one that a task declares and no run took.
inline std::string label_of(const GraphView::Edge& edge) {
  std::string label;
  if (is_dashed(edge)) label += to_string(edge.edge.kind);
  if (edge.count == 0) return label;
  if (!label.empty()) label += ", ";
  return label + std::to_string(edge.count);
}

// Where a state with that index has parts, its arrows leave from its join.
inline std::string exit_of(const GraphView& view, std::size_t index) {
  return (view.nodes[index].has_parts() ? "j" : "s") + std::to_string(index);
}

// A state that is composed: it fans out to its parts, which are joined.
inline std::string mermaid_parts(const GraphView::Node& node, std::size_t index,
                                 const std::string& state) {
  const std::string number = std::to_string(index);
  std::string out = "  subgraph g" + number + "[\" \"]\n  " + state;
  const std::string join = "    j" + number;
  out += join + "{{\"" + mermaid_label("join " + node.node.join, {}) + "\"}}\n";
  for (std::size_t i = 0; i < node.node.parts.size(); ++i) {
    const Graph::Part& part = node.node.parts[i];
    const std::string id = "s" + number + "p" + std::to_string(i);
    out += "    " + id + "[[\"" + mermaid_label(part.name, notes_of(part)) + "\"]]\n";
    out.append("    s").append(number).append(" --> ").append(id).append("\n");
    out.append("    ").append(id).append(" --> j").append(number).append("\n");
  }
  return out + "  end\n";
}

inline std::string mermaid_of(const GraphView& view) {
  std::string out = "flowchart TD\n";
  std::string classes;
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    const GraphView::Node& node = view.nodes[i];
    const std::string id = "s" + std::to_string(i);
    if (node.node.is_start) out.append("  start((\" \")) --> ").append(id).append("\n");
    const std::string label = '"' + mermaid_label(node.node.name, notes_of(node)) + '"';
    const std::string state =
        "  " + id + (node.node.is_exit ? "(((" + label + ")))" : "(" + label + ")") + '\n';
    out += node.has_parts() ? mermaid_parts(node, i, state) : state;
    if (node.goes_anywhere()) {
      const std::string unknown = "u" + std::to_string(i);
      out.append("  ").append(exit_of(view, i)).append(" -.-> ").append(unknown);
      out += "{\"?\"}\n";
    }
    if (node.is_missing()) classes.append("  class ").append(id).append(" missing\n");
    if (node.path != nullptr) classes.append("  class ").append(id).append(" taken\n");
    if (node.path != nullptr && node.path->failed != 0) {
      classes.append("  class ").append(id).append(" failed\n");
    }
  }
  for (const GraphView::Edge& each : view.edges) {
    const std::string label = label_of(each);
    out.append("  ").append(exit_of(view, each.edge.from));
    out.append(is_dashed(each) ? " -.->" : each.count == 0 ? " -->" : " ==>");
    if (!label.empty()) out.append("|\"").append(label).append("\"|");
    out.append(" s").append(std::to_string(each.edge.to)).append("\n");
  }
  if (classes.empty()) return out;
  return out + classes +
         "  classDef missing stroke-dasharray: 4 4\n"
         "  classDef taken stroke-width: 3px\n"
         "  classDef failed stroke: #c00\n";
}

// Graphviz reads entities in a text, and `\N` or `\l` as commands.
inline std::string dot_text(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) {
    if (c == '&') {
      out += "&amp;";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

inline std::string dot_parts(const GraphView::Node& node, std::size_t index,
                             const std::string& state) {
  const std::string number = std::to_string(index);
  const std::string join = "j" + number;
  std::string out =
      "  subgraph cluster_" + number + " {\n    style=\"rounded,dotted\";\n  " + state;
  out += "    " + join + " [shape=hexagon, style=solid, label=\"" +
         dot_text("join " + node.node.join) + "\"];\n";
  for (std::size_t i = 0; i < node.node.parts.size(); ++i) {
    const Graph::Part& part = node.node.parts[i];
    const std::string id = "s" + number + "p" + std::to_string(i);
    out += "    " + id + " [style=solid, label=\"" + dot_text(part.name);
    for (const std::string& note : notes_of(part))
      out.append("\\n").append(dot_text(note));
    out.append("\"];\n    s").append(number).append(" -> ").append(id).append(" -> ");
    out.append(join).append(";\n");
  }
  return out + "  }\n";
}

inline std::string dot_state(const GraphView::Node& node, const std::string& id) {
  std::string out = "  " + id + " [label=\"" + dot_text(node.node.name);
  for (const std::string& note : notes_of(node))
    out.append("\\n").append(dot_text(note));
  out += '"';
  if (node.node.is_exit) out += ", peripheries=2";
  if (node.is_missing()) out += ", style=\"rounded,dashed\"";
  if (node.path != nullptr) out += ", penwidth=2";
  if (node.path != nullptr && node.path->failed != 0) out += ", color=red";
  return out + "];\n";
}

inline std::string dot_of(const GraphView& view) {
  std::string out =
      "digraph workflow {\n"
      "  charset=\"UTF-8\";\n"
      "  node [shape=box, style=rounded];\n";
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    const GraphView::Node& node = view.nodes[i];
    const std::string id = "s" + std::to_string(i);
    if (node.node.is_start) {
      out.append("  start [shape=point, label=\"\"];\n  start -> ").append(id).append(";\n");
    }
    const std::string state = dot_state(node, id);
    out += node.has_parts() ? dot_parts(node, i, state) : state;
    if (node.goes_anywhere()) {
      const std::string unknown = "u" + std::to_string(i);
      out.append("  ").append(unknown).append(" [shape=plaintext, label=\"?\"];\n  ");
      out.append(exit_of(view, i)).append(" -> ").append(unknown).append(" [style=dashed];\n");
    }
  }
  for (const GraphView::Edge& each : view.edges) {
    out.append("  ").append(exit_of(view, each.edge.from)).append(" -> s");
    out.append(std::to_string(each.edge.to));
    if (const std::string label = label_of(each); !label.empty()) {
      out.append(" [label=\"").append(label).append("\"");
      if (is_dashed(each)) out += ", style=dashed";
      if (each.count != 0) out += ", penwidth=2";
      out += ']';
    }
    out += ";\n";
  }
  return out + "}\n";
}

}  // namespace cano::detail
