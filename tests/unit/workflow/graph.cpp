// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/workflow/graph.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Graph;
using cano::Next;

namespace {

struct NodeTask {
  int prep(Data&) const { return 1; }
  int exec(int value) const { return value; }
  asio::awaitable<cano::Result<Next<S::Done, S::A>>> post(Data&, int) const {
    co_return cano::to<S::Done>;
  }
};

}  // namespace

TEST_CASE("a graph shows states in the order they came, and the declared arrows") {
  const Graph graph = Flow{S::A}
                          .add(S::B, NodeTask{}, retries(2))
                          .add(S::A, [](Data&) -> Next<S::B, S::C, S::B> { return cano::to<S::B>; })
                          .add_exit_state(S::Done)
                          .add(
                              S::D, [](Data&) { return S::Done; }, once())
                          .graph();
  const std::vector<Graph::Node> nodes{
      {.name = "B", .has_task = true, .targets_known = true, .max_attempts = 3},
      {.name = "A", .is_start = true, .has_task = true, .targets_known = true, .max_attempts = 4},
      {.name = "Done", .is_exit = true},
      {.name = "D", .has_task = true, .max_attempts = 1},
      {.name = "C"}};
  CHECK((graph.nodes == nodes));
  const std::vector<Graph::Edge> edges{{0, 2}, {0, 1}, {1, 0}, {1, 4}};
  CHECK((graph.edges == edges));
}

TEST_CASE("a workflow without tasks is its start alone") {
  const Graph graph = Flow{S::B}.graph();
  REQUIRE(graph.nodes.size() == 1);
  CHECK((graph.nodes[0] == Graph::Node{.name = "B", .is_start = true}));
  CHECK(graph.edges.empty());
}

TEST_CASE("a graph follows start_at") {
  Flow flow{S::A};
  flow.add_exit_state(S::Done);
  CHECK(flow.graph().nodes.size() == 2);
  flow.start_at(S::Done);
  const Graph graph = flow.graph();
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].is_start);
  CHECK(graph.nodes[0].is_exit);
}
