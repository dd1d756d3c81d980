// SPDX-License-Identifier: MIT
// charts <file>: writes Mermaid charts of random workflows, whose states have the names that a
// reader of charts is likeliest to stumble over, as a JSON array of texts.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include <cano/edge_kind.hpp>
#include <cano/observe/run_path.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/graph_format.hpp>

namespace {

constexpr int charts = 400;

constexpr std::array<const char*, 44> pieces{"a",
                                             " ",
                                             "end",
                                             "\"",
                                             "\\",
                                             "\\n",
                                             "#35;",
                                             "&lt;",
                                             "`",
                                             "<br/>",
                                             "<b>",
                                             "$$x$$",
                                             "%%{init:",
                                             "}%%",
                                             "|",
                                             "(",
                                             "((",
                                             ")",
                                             "]",
                                             "[/",
                                             "{",
                                             "}}",
                                             "-->",
                                             "==>",
                                             "subgraph",
                                             "\n",
                                             "\r",
                                             "classDef",
                                             ";",
                                             "style x",
                                             ":::",
                                             "@{",
                                             "fa:fa-car",
                                             "1. one",
                                             "\t",
                                             "gr\xC3\xBC\xC3\x9F",
                                             "\xF0\x9F\x8E\xB7",
                                             "\xFF",
                                             "\x1B[31m",
                                             "\xE2\x80\xA8",
                                             "direction",
                                             "click",
                                             "href",
                                             "~~~"};

constexpr std::array kinds{cano::EdgeKind::Declared, cano::EdgeKind::Failure,
                           cano::EdgeKind::Limit};

class RandomGraphs {
 public:
  cano::Graph graph() {
    cano::Graph graph;
    const std::size_t states = 1 + below(6);
    for (std::size_t i = 0; i < states; ++i) {
      cano::Graph::Node node;
      node.name = name();
      node.is_exit = below(3) == 0;
      node.has_task = !node.is_exit && below(4) != 0;
      node.max_attempts = node.has_task ? below(5) : 0;
      node.is_undoable = node.has_task && below(4) == 0;
      for (std::size_t parts = node.has_task && below(3) == 0 ? 1 + below(3) : 0; parts > 0;
           --parts) {
        node.parts.push_back({name(), below(5), below(2) == 0});
        node.join = name();
      }
      graph.nodes.push_back(node);
    }
    graph.nodes[0].is_start = true;
    for (std::size_t edges = below(8); edges > 0; --edges)
      graph.edges.push_back({below(states), below(states), kinds[below(kinds.size())]});
    return graph;
  }

  cano::RunPath path(const cano::Graph& graph) {
    cano::RunPath path;
    for (const cano::Graph::Node& node : graph.nodes) {
      cano::RunPath::State state;
      state.name = node.name;
      state.visits = 1 + below(3);
      state.attempts = state.visits + below(2);
      state.failed = below(2);
      state.working = std::chrono::milliseconds{below(100'000)};
      path.states.push_back(state);
    }
    return path;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string name() {
    std::string name;
    for (std::size_t count = below(5); count > 0; --count)
      name += pieces[below(pieces.size())];
    return name;
  }

  std::mt19937 random_{20261130};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  RandomGraphs random;
  nlohmann::json texts = nlohmann::json::array();
  for (int i = 0; i < charts; i += 2) {
    const cano::Graph graph = random.graph();
    texts.push_back(cano::to_mermaid(graph));
    texts.push_back(cano::to_mermaid(graph, random.path(graph)));
  }
  std::ofstream file{argv[1]};
  file << texts;
  return file.flush() ? EXIT_SUCCESS : EXIT_FAILURE;
}
