// SPDX-License-Identifier: MIT
#pragma once

// A parser of the part of Mermaid's flowchart language that we write, and of nothing more.

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

struct Mermaid {
  struct Node {
    // '(' rounded, 'o' a small circle, 'O' a double one, '{' a rhombus, 'H' a hexagon, '[' a box
    char shape = 0;
    std::vector<std::string> label;  // its lines, entities decoded
    std::set<std::string> classes;
  };
  struct Edge {
    std::string from, arrow, label, to;
    bool operator==(const Edge&) const = default;
  };

  std::map<std::string, Node> nodes;
  std::vector<Edge> edges;

  /// Throws std::runtime_error for what is not the language, names what is not there, or is
  /// declared twice.
  static Mermaid parse(const std::string& text) {
    Mermaid chart;
    std::istringstream lines{text};
    std::string line;
    std::getline(lines, line);
    if (line != "flowchart TD") throw std::runtime_error{"no flowchart: " + line};
    while (std::getline(lines, line)) {
      // A quoted text may hold line ends.
      for (std::string more; std::count(line.begin(), line.end(), '"') % 2 != 0;
           line += '\n' + more)
        if (!std::getline(lines, more)) throw std::runtime_error{"no end of a text: " + line};
      if (!chart.read(line)) throw std::runtime_error{"cannot be read: " + line};
    }
    if (chart.is_in_box_) throw std::runtime_error{"no end of a subgraph"};
    chart.check_references();
    return chart;
  }

 private:
  // One statement. A node may be declared where an edge names it.
  bool read(const std::string& line) {
    static const std::regex statement{R"((?:  ){1,2}(\S[^]*))"};
    static const std::regex box{R"re(subgraph \w+\[" "\])re"};
    static const std::regex node{R"(\w+(\(\(\(|\(\(|\(|\{|\[)[^]*)"};
    static const std::regex edge{
        R"re((.*?) (-->|-\.->|==>)(?:\|"((?:[a-z]+(?:, )?)?\d*)"\|)? (.*))re"};
    static const std::regex in_class{R"(class (\w+) (\w+))"};
    static const std::regex class_def{R"(classDef (\w+) [a-z-]+: [a-z0-9# ]+)"};
    std::smatch match;
    if (!std::regex_match(line, match, statement)) return false;
    const std::string body = match[1];
    if (std::regex_match(body, box)) return !std::exchange(is_in_box_, true);
    if (body == "end") return std::exchange(is_in_box_, false);
    if (std::regex_match(body, match, in_class)) {
      classes_.emplace_back(match[1], match[2]);
      return true;
    }
    if (std::regex_match(body, match, class_def)) return class_defs_.insert(match[1]).second;
    if (read_node(body)) return true;
    if (!std::regex_match(body, match, edge)) return false;
    const auto end = [&](const std::string& text) {
      if (std::regex_match(text, node))
        return read_node(text) ? text.substr(0, name_size(text)) : "";
      return name_size(text) == text.size() ? text : std::string{};
    };
    edges.push_back({end(match[1]), match[2], match[3], end(match[4])});
    return !edges.back().from.empty() && !edges.back().to.empty();
  }

  static std::size_t name_size(const std::string& text) {
    std::size_t size = 0;
    while (size < text.size() && (std::isalnum(static_cast<unsigned char>(text[size])) != 0))
      ++size;
    return size;
  }

  bool read_node(const std::string& text) {
    // A quoted text is not empty, and holds nothing that Mermaid takes for its end or for markup,
    // but line breaks.
    static const std::string quoted = R"re("((?:[^"`<>&\\%$:\x00-\x09\x0b-\x1f\x7f]|<br/>)+)")re";
    static const std::vector<std::pair<char, std::regex>> shapes{
        {'O', std::regex{R"(\w+\(\(\()" + quoted + R"(\)\)\))"}},
        {'o', std::regex{R"(\w+\(\()" + quoted + R"(\)\))"}},
        {'(', std::regex{R"(\w+\()" + quoted + R"(\))"}},
        {'H', std::regex{R"(\w+\{\{)" + quoted + R"(\}\})"}},
        {'[', std::regex{R"(\w+\[\[)" + quoted + R"(\]\])"}},
        {'{', std::regex{R"(\w+\{)" + quoted + R"(\})"}}};
    for (const auto& [shape, form] : shapes) {
      std::smatch match;
      if (!std::regex_match(text, match, form)) continue;
      Node made{shape, lines_of(match[1]), {}};
      return nodes.emplace(text.substr(0, name_size(text)), std::move(made)).second;
    }
    return false;
  }

  static std::vector<std::string> lines_of(const std::string& text) {
    const bool is_html = text.find("<br/>") != std::string::npos;
    const std::string end = is_html ? "<br/>" : "\n";
    if (is_html && text.find('\n') != std::string::npos) throw std::runtime_error{"two line ends"};
    std::vector<std::string> lines;
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::size_t next = text.find(end, at);
      const std::string raw = text.substr(at, next == std::string::npos ? next : next - at);
      lines.push_back(decoded(raw));
      check_line(is_html ? lines.back() : raw);
      at = next == std::string::npos ? next : next + end.size();
    }
    return lines;
  }

  // Mermaid reads a text for these before it decodes entities, but those of an HTML text after it.
  static void check_line(const std::string& line) {
    static const std::regex drawn_otherwise{R"re(\\n|\$\$.*\$\$|fa[bklrs]?:fa-\w)re"};
    if (std::regex_search(line, drawn_otherwise)) {
      throw std::runtime_error{"drawn as something else: " + line};
    }
  }

  static std::string decoded(const std::string& text) {
    static const std::regex entity{"#(\\d+);"};
    std::string out;
    auto rest = text.begin();
    for (std::sregex_iterator match{text.begin(), text.end(), entity}, end; match != end; ++match) {
      out.append(rest, (*match)[0].first);
      const int code = std::stoi((*match)[1]);
      out += code == 160 ? ' ' : static_cast<char>(code);
      rest = (*match)[0].second;
    }
    return out.append(rest, text.end());
  }

  void check_references() {
    for (const Edge& edge : edges) {
      for (const std::string& end : {edge.from, edge.to}) {
        if (!nodes.contains(end)) throw std::runtime_error{"an edge to nowhere: " + end};
      }
    }
    for (const auto& [node, name] : classes_) {
      if (!nodes.contains(node)) throw std::runtime_error{"a class of nothing: " + node};
      if (!class_defs_.contains(name)) throw std::runtime_error{"no such class: " + name};
      nodes[node].classes.insert(name);
    }
  }

  std::vector<std::pair<std::string, std::string>> classes_;
  std::set<std::string> class_defs_;
  bool is_in_box_ = false;
};
