// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/task/retry_policy.hpp>
#include <cano/workflow/graph_format.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"
#include "support/mermaid.hpp"
#include "support/temp_file.hpp"

using cano::Graph;
using cano::RunPath;
using cano::to_dot;
using cano::to_json;
using cano::to_mermaid;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

Graph::Node node(std::string name, std::size_t max_attempts, bool targets_known = true) {
  Graph::Node made;
  made.name = std::move(name);
  made.has_task = max_attempts != 0;
  made.max_attempts = max_attempts;
  made.targets_known = made.has_task && targets_known;
  return made;
}

Graph::Node exit_node(std::string name) {
  Graph::Node made = node(std::move(name), 0);
  made.is_exit = true;
  return made;
}

// Fetch (start, retries) -> Check -> Fetch | Done; Odd goes anywhere; Lost has no task.
Graph sample() {
  Graph graph;
  graph.nodes = {node("Fetch", 4), node("Check", 1), exit_node("Done"), node("Odd", 1, false),
                 node("Lost", 0)};
  graph.nodes[0].is_start = true;
  graph.edges = {{0, 1}, {1, 0}, {1, 2}, {1, 4}};
  return graph;
}

RunPath::State visited(std::string name, std::size_t visits, std::size_t attempts,
                       cano::Duration working) {
  RunPath::State state;
  state.name = std::move(name);
  state.visits = visits;
  state.attempts = attempts;
  state.working = working;
  return state;
}

// Fetch (one retry) -> Odd -> Extra, which is not declared and where the run failed.
RunPath sample_path() {
  RunPath path;
  path.runs = 1;
  path.states = {visited("Fetch", 1, 2, 1500us), visited("Odd", 1, 1, 2ms),
                 visited("Extra", 0, 0, 0ms)};
  path.states[0].failed_attempts = 1;
  path.states[0].pausing = 100ms;
  path.states[2].failed = 1;
  path.steps = {{0, 1, 1}, {1, 2, 1}};
  return path;
}

Graph malformed_graph() {
  Graph graph;
  graph.nodes = {node(malformed_text, 1), exit_node("<b>&amp;#`\"\\N\\l%%{init}%%")};
  graph.nodes[0].is_start = true;
  graph.edges = {{0, 1}};
  return graph;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

// What Graphviz draws; empty where it is not installed.
std::string svg_of(const std::string& dot) {
  if (std::system("dot -V > /dev/null 2>&1") != 0) {
    WARN("Graphviz is not installed: the drawings are not checked");
    return {};
  }
  const TempFile source;
  const TempFile drawing;
  source.write(dot);
  const std::string command =
      "dot -Tsvg -o '" + drawing.path().string() + "' '" + source.path().string() + "' 2>&1";
  CHECK(std::system(command.c_str()) == 0);
  return drawing.read();
}

}  // namespace

TEST_CASE("Mermaid shows start, exits, retries, unknown targets and missing tasks") {
  const std::string text = to_mermaid(sample());
  CHECK(text ==
        "flowchart TD\n"
        "  start((\" \")) --> s0\n"
        "  s0(\"Fetch<br/>up to 4 attempts\")\n"
        "  s1(\"Check\")\n"
        "  s2(((\"Done\")))\n"
        "  s3(\"Odd\")\n"
        "  s3 -.-> u3{\"?\"}\n"
        "  s4(\"Lost<br/>no task\")\n"
        "  s0 --> s1\n"
        "  s1 --> s0\n"
        "  s1 --> s2\n"
        "  s1 --> s4\n"
        "  class s4 missing\n"
        "  classDef missing stroke-dasharray: 4 4\n"
        "  classDef taken stroke-width: 3px\n"
        "  classDef failed stroke: #c00\n");
  const Mermaid chart = Mermaid::parse(text);
  CHECK(chart.nodes.size() == 7);  // five states, the start's dot, the question mark
  CHECK(chart.edges.size() == 6);
  CHECK(chart.nodes.at("s2").shape == 'O');
  CHECK(chart.nodes.at("s4").classes == std::set<std::string>{"missing"});
}

TEST_CASE("Mermaid shows a path with counts and times, also where it was not declared") {
  const std::string text = to_mermaid(sample(), sample_path());
  CHECK(text.find("s0(\"Fetch<br/>up to 4 attempts<br/>1 visit, 1.5 ms<br/>1 of 2 attempts "
                  "failed<br/>paused 100 ms\")\n") != std::string::npos);
  CHECK(text.find("s5(\"Extra<br/>no task<br/>0 visits<br/>1 failed here\")\n") !=
        std::string::npos);
  CHECK(text.find("  s0 ==>|\"1\"| s3\n") != std::string::npos);
  CHECK(text.find("  s3 ==>|\"1\"| s5\n") != std::string::npos);
  CHECK(text.find("  s0 --> s1\n") != std::string::npos);
  CHECK(Mermaid::parse(text).nodes.at("s5").classes ==
        std::set<std::string>{"missing", "taken", "failed"});
}

TEST_CASE("attempts without an end are called unlimited") {
  Graph graph = sample();
  graph.nodes[0].max_attempts = cano::RetryPolicy::unlimited;
  CHECK(to_mermaid(graph).find("<br/>unlimited attempts") != std::string::npos);
  CHECK(to_dot(graph).find("unlimited attempts") != std::string::npos);
  CHECK(to_json(graph)["nodes"][0]["max_attempts"] == "unlimited");
  CHECK(to_mermaid(graph).find("9223372036854775807") == std::string::npos);
}

TEST_CASE("Mermaid survives malformed names") {
  const std::string text = to_mermaid(malformed_graph());
  const Mermaid chart = Mermaid::parse(text);
  REQUIRE(chart.nodes.size() == 3);
  CHECK(chart.nodes.at("s0").label[0] == cano::detail::one_line(malformed_text));
  CHECK(chart.nodes.at("s1").label[0] == malformed_graph().nodes[1].name);
  CHECK(text.find("s0(\"a#34;b#92;c#92;nINFO forged#92;r#92;t#92;u{1b}[31m") != std::string::npos);
  CHECK(text.find("s1(((\"#60;b#62;#38;amp;#35;#96;#34;#92;N#92;l#37;#37;{init}#37;#37;"
                  "\")))") != std::string::npos);
}

TEST_CASE("Mermaid draws a name as it is, alone and with notes") {
  for (const std::string name : {"",
                                 " ",
                                 "  two  blanks ",
                                 "C:\\new",
                                 "\\n",
                                 "a\\",
                                 "$$x$$",
                                 "$5",
                                 "fa:fa-car",
                                 "fab:fa-x",
                                 "%%{init: {}}%%",
                                 "end",
                                 "a;b",
                                 "#35;",
                                 "&lt;",
                                 "<br/>",
                                 "<b>bold</b>",
                                 "`md`",
                                 "1. one",
                                 "style x:y#z;",
                                 "gr\xC3\xBC\xC3\x9F",
                                 "A: b",
                                 "x|y",
                                 "((",
                                 "\"\""}) {
    INFO(name);
    Graph graph;
    graph.nodes = {node(name, 3), node(name, 1), exit_node(name)};
    graph.nodes[1].is_start = true;
    const Mermaid chart = Mermaid::parse(to_mermaid(graph));
    CHECK(chart.nodes.at("s0").label == std::vector<std::string>{name, "up to 3 attempts"});
    CHECK(chart.nodes.at("s1").label[0] == (name.empty() ? " " : name));
    CHECK(chart.nodes.at("s2").label[0] == (name.empty() ? " " : name));
  }
}

TEST_CASE("times are written in the unit that a person would use") {
  Graph graph;
  graph.nodes = {node("Slow", 1)};
  RunPath path;
  path.states = {visited("Slow", 1, 1, 90s)};
  path.states[0].pausing = 5min;
  CHECK(count(to_mermaid(graph, path), "1 visit, 90 s<br/>paused 5 min") == 1);
  CHECK(count(to_dot(graph, path), "1 visit, 90 s\\npaused 5 min") == 1);
}

TEST_CASE("DOT shows the same") {
  CHECK(to_dot(sample()) ==
        "digraph workflow {\n"
        "  charset=\"UTF-8\";\n"
        "  node [shape=box, style=rounded];\n"
        "  start [shape=point, label=\"\"];\n"
        "  start -> s0;\n"
        "  s0 [label=\"Fetch\\nup to 4 attempts\"];\n"
        "  s1 [label=\"Check\"];\n"
        "  s2 [label=\"Done\", peripheries=2];\n"
        "  s3 [label=\"Odd\"];\n"
        "  u3 [shape=plaintext, label=\"?\"];\n"
        "  s3 -> u3 [style=dashed];\n"
        "  s4 [label=\"Lost\\nno task\", style=\"rounded,dashed\"];\n"
        "  s0 -> s1;\n"
        "  s1 -> s0;\n"
        "  s1 -> s2;\n"
        "  s1 -> s4;\n"
        "}\n");
  const std::string path = to_dot(sample(), sample_path());
  CHECK(path.find("s0 [label=\"Fetch\\nup to 4 attempts\\n1 visit, 1.5 ms\\n1 of 2 attempts "
                  "failed\\npaused 100 ms\", penwidth=2];\n") != std::string::npos);
  CHECK(path.find("  s0 -> s3 [label=\"1\", penwidth=2];\n") != std::string::npos);
  CHECK(path.find("color=red") != std::string::npos);
}

TEST_CASE("Graphviz draws it") {
  const std::string svg = svg_of(to_dot(sample(), sample_path()));
  if (svg.empty()) return;
  CHECK(count(svg, "class=\"node\"") == 8);  // six states, the start's dot, the question mark
  CHECK(count(svg, "class=\"edge\"") == 8);  // four declared, two taken, two to and from those
  CHECK(svg.find(">up to 4 attempts</text>") != std::string::npos);
}

TEST_CASE("Graphviz draws malformed names as they are") {
  const std::string svg = svg_of(to_dot(malformed_graph()));
  if (svg.empty()) return;
  CHECK(count(svg, "class=\"node\"") == 3);
  CHECK(svg.find("INFO forged\\r\\t\\u{1b}[31m") != std::string::npos);
  CHECK(svg.find("&lt;b&gt;&amp;amp;#`&quot;\\N\\l%%{init}%%</text>") != std::string::npos);
}

TEST_CASE("Graphviz draws any names, each as it is") {
  std::mt19937 random{20240607};
  const std::vector<std::string> pieces{
      "a", "B1", "\"", "\\",   "\n",       "\\N", "\\l", "&amp;",        "&", "<b>", "{",  "}",
      "]", ";",  "->", "\xFF", "\xC3\xA4", "'",   "|",   "\xE2\x80\xAE", "#", "%",   "\r", "\x1b"};
  Graph graph;
  for (int i = 0; i < 120; ++i) {
    std::string name = "n" + std::to_string(i) + "x";
    for (std::size_t j = random() % 7; j > 0; --j)
      name += pieces[random() % pieces.size()];
    graph.nodes.push_back(node(name, 1 + random() % 3));
    if (i > 0)
      graph.edges.push_back({static_cast<std::size_t>(i - 1), static_cast<std::size_t>(i)});
  }
  const std::string svg = svg_of(to_dot(graph));
  if (svg.empty()) return;
  CHECK(count(svg, "class=\"node\"") == 120);
  CHECK(count(svg, "class=\"edge\"") == 119);
  for (const Graph::Node& each : graph.nodes) {
    std::string text;  // as XML has it
    for (const char c : cano::detail::one_line(each.name)) {
      const std::string_view special = c == '&'    ? "&amp;"
                                       : c == '<'  ? "&lt;"
                                       : c == '>'  ? "&gt;"
                                       : c == '"'  ? "&quot;"
                                       : c == '\'' ? "&#39;"
                                       : c == '-'  ? "&#45;"
                                                   : "";
      if (special.empty()) {
        text += c;
      } else {
        text += special;
      }
    }
    INFO(text);
    CHECK(count(svg, ">" + text + "</text>") == 1);
  }
}

TEST_CASE("JSON holds nodes and edges") {
  CHECK(
      to_json(sample())["edges"] ==
      json::parse(R"([{"from":0,"to":1},{"from":1,"to":0},{"from":1,"to":2},{"from":1,"to":4}])"));
  CHECK(to_json(sample())["nodes"][0] ==
        json::parse(R"({"name":"Fetch","is_start":true,"is_exit":false,"has_task":true,
                        "targets_known":true,"max_attempts":4})"));
  CHECK(to_json(sample())["nodes"].size() == 5);
  CHECK(to_json(Graph{}) == json::parse(R"({"nodes":[],"edges":[]})"));
}

TEST_CASE("JSON holds the path") {
  const json graph = to_json(sample(), sample_path());
  CHECK(graph["runs"] == 1);
  CHECK(graph["nodes"][0] ==
        json::parse(R"({"name":"Fetch","is_start":true,"is_exit":false,"has_task":true,
                        "targets_known":true,"max_attempts":4,"visits":1,"attempts":2,
                        "failed_attempts":1,"working_ms":1.5,"pausing_ms":100.0,"succeeded":0,
                        "failed":0,"cancelled":0})"));
  CHECK(graph["nodes"][1]["visits"] == 0);
  CHECK(graph["edges"][0] == json::parse(R"({"from":0,"to":1,"declared":true,"count":0})"));
  CHECK(graph["edges"][4] == json::parse(R"({"from":0,"to":3,"declared":false,"count":1})"));
}

TEST_CASE("JSON of malformed names can be written") {
  const std::string text = to_json(malformed_graph()).dump();
  const std::string name = json::parse(text)["nodes"][0]["name"];
  CHECK(name.starts_with("a\"b\\c\nINFO forged\r\t"));
}

TEST_CASE("undeclared states of a path come after the declared ones, however many there are") {
  for (std::size_t declared = 0; declared < 10; ++declared) {
    Graph graph;
    for (std::size_t i = 0; i < declared; ++i)
      graph.nodes.push_back(node("D" + std::to_string(i), 1));
    RunPath path;
    for (std::size_t i = 0; i < 6; ++i)
      path.states.push_back(visited("U" + std::to_string(i), i + 1, 0, 0ms));
    path.steps = {{0, 5, 1}};
    const json drawn = to_json(graph, path);
    REQUIRE(drawn["nodes"].size() == declared + 6);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(drawn["nodes"][declared + i]["name"] == "U" + std::to_string(i));
      CHECK(drawn["nodes"][declared + i]["visits"] == i + 1);
    }
    CHECK(drawn["edges"] ==
          json::parse(R"([{"from":)" + std::to_string(declared) + R"(,"to":)" +
                      std::to_string(declared + 5) + R"(,"declared":false,"count":1}])"));
  }
}

TEST_CASE("states of one name stay apart") {
  Graph graph;
  graph.nodes = {node("Same", 1), node("Same", 1)};
  RunPath path;
  path.states = {visited("Same", 1, 1, 1ms), visited("Same", 2, 2, 1ms),
                 visited("Same", 3, 3, 1ms)};
  const json drawn = to_json(graph, path);
  REQUIRE(drawn["nodes"].size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(drawn["nodes"][i]["visits"] == i + 1);
}

TEST_CASE("the graph shows where runs were cancelled") {
  Graph graph;
  graph.nodes = {node("Slow", 1)};
  RunPath path;
  path.states = {visited("Slow", 3, 3, 1ms)};
  path.states[0].cancelled = 2;
  CHECK(count(to_mermaid(graph, path), "2 cancelled here") == 1);
  CHECK(count(to_dot(graph, path), "2 cancelled here") == 1);
}

TEST_CASE("a declared step that is taken keeps its place and gets its count") {
  RunPath path;
  path.runs = 2;
  path.states = {visited("Fetch", 2, 2, 1ms), visited("Check", 2, 2, 1ms)};
  path.steps = {{0, 1, 2}};
  const json graph = to_json(sample(), path);
  CHECK(graph["nodes"].size() == 5);
  CHECK(graph["edges"].size() == 4);
  CHECK(graph["edges"][0] == json::parse(R"({"from":0,"to":1,"declared":true,"count":2})"));
}
