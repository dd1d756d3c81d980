// SPDX-License-Identifier: MIT
// What a workflow knows of the parts of its composites: in its graph, and in their configs.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/task/next.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/graph_format.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/mermaid.hpp"

namespace branch_graph_tests {

using namespace std::chrono_literals;
using branches::Desk;
using branches::Flow;
using cano::Join;
using engine::S;

int one(const Desk&) { return 1; }

struct Careful {
  int run(const Desk&) const { return 2; }
  static cano::TaskConfig config() { return cano::TaskConfig::minimal(); }
};

Flow flow() {
  const auto items = [](const Desk& desk) { return desk.values; };
  const auto work = [](const int& item) { return item; };
  const auto retried =
      cano::TaskConfig{}.with_retry(cano::RetryPolicy::fixed(cano::RetryPolicy::unlimited, 1s));
  return Flow{S::A}
      .add(S::A, cano::split(one, cano::branch("fraud \"x\"", one, engine::retries(1)), Careful{})
                     .join(Join::quorum(2), S::B))
      .add(S::B, cano::each(items, work, retried)
                     .join(Join::all(),
                           [](Desk&, std::vector<int>) {
                             return cano::Next<S::A, S::Done>{cano::to<S::Done>};
                           }))
      .add_exit_state(S::Done);
}

TEST_CASE("a graph has the parts of a state and how they are joined") {
  const cano::Graph graph = flow().graph();
  using Part = cano::Graph::Part;
  CHECK((graph.nodes[0].parts == std::vector{Part{"branch 0", 4, false},
                                             Part{"fraud \"x\"", 2, false},
                                             Part{"branch 2", 1, false}}));
  CHECK(graph.nodes[0].join == "quorum(2)");
  CHECK((graph.nodes[1].parts == std::vector{Part{"item", cano::RetryPolicy::unlimited, true}}));
  CHECK(graph.nodes[1].join == "all");
  CHECK(graph.nodes[2].parts.empty());
  CHECK(graph.edges.size() == 3);
  CHECK(flow().validate().empty());
}

TEST_CASE("a diagram fans out to the parts, and goes on behind their join") {
  const std::string mermaid = cano::to_mermaid(flow().graph());
  CHECK(mermaid ==
        "flowchart TD\n"
        "  start((\" \")) --> s0\n"
        "  subgraph g0[\" \"]\n"
        "    s0(\"A\")\n"
        "    j0{{\"join quorum(2)\"}}\n"
        "    s0p0[[\"branch 0<br/>up to 4 attempts\"]]\n"
        "    s0 --> s0p0\n"
        "    s0p0 --> j0\n"
        "    s0p1[[\"fraud #34;x#34;<br/>up to 2 attempts\"]]\n"
        "    s0 --> s0p1\n"
        "    s0p1 --> j0\n"
        "    s0p2[[\"branch 2\"]]\n"
        "    s0 --> s0p2\n"
        "    s0p2 --> j0\n"
        "  end\n"
        "  subgraph g1[\" \"]\n"
        "    s1(\"B\")\n"
        "    j1{{\"join all\"}}\n"
        "    s1p0[[\"item<br/>each of many<br/>unlimited attempts\"]]\n"
        "    s1 --> s1p0\n"
        "    s1p0 --> j1\n"
        "  end\n"
        "  s2(((\"Done\")))\n"
        "  j0 --> s1\n"
        "  j1 --> s0\n"
        "  j1 --> s2\n");
  const std::string dot = cano::to_dot(flow().graph());
  CHECK(dot.find("subgraph cluster_0 {") != std::string::npos);
  CHECK(dot.find("s0p1 [style=solid, label=\"fraud \\\"x\\\"\\nup to 2 attempts\"];") !=
        std::string::npos);
  CHECK(dot.find("s0 -> s0p1 -> j0;") != std::string::npos);
  CHECK(dot.find("j1 -> s2;") != std::string::npos);
  const auto anywhere = branches::flow_of(cano::split(one).join(
      Join::all(), [](Desk&, std::span<cano::BranchResult<int>>) { return S::Done; }));
  CHECK(cano::to_mermaid(anywhere.graph()).find("j0 -.-> u0") != std::string::npos);
  CHECK(cano::to_dot(anywhere.graph()).find("j0 -> u0") != std::string::npos);
}

TEST_CASE("the names of parts are drawn as they are, whatever they hold") {
  cano::Graph graph;
  graph.nodes.push_back({.name = "A", .is_start = true, .has_task = true, .targets_known = true});
  graph.nodes[0].join = "all";
  for (const char* const name :
       {"C:\\new", "$$x$$", "fa:fa-car", "<b>", "end", " a  \"b\" ", "#35;"})
    graph.nodes[0].parts.push_back({.name = name, .max_attempts = 2});
  const Mermaid chart = Mermaid::parse(cano::to_mermaid(graph));
  for (std::size_t i = 0; i < graph.nodes[0].parts.size(); ++i) {
    const std::string id = "s0p" + std::to_string(i);
    CHECK(chart.nodes.at(id).label ==
          std::vector<std::string>{graph.nodes[0].parts[i].name, "up to 2 attempts"});
    CHECK(std::count(chart.edges.begin(), chart.edges.end(), Mermaid::Edge{"s0", "-->", "", id}) ==
          1);
    CHECK(std::count(chart.edges.begin(), chart.edges.end(), Mermaid::Edge{id, "-->", "", "j0"}) ==
          1);
  }
  CHECK(chart.nodes.at("j0").label.at(0) == "join all");
}

TEST_CASE("the parts are in JSON too, where there are any") {
  const auto json = cano::to_json(flow().graph());
  CHECK(json["nodes"][0]["join"] == "quorum(2)");
  CHECK(json["nodes"][0]["parts"].size() == 3);
  CHECK(json["nodes"][0]["parts"][1] ==
        nlohmann::json{{"name", "fraud \"x\""}, {"max_attempts", 2}, {"is_many", false}});
  CHECK(json["nodes"][1]["parts"][0]["max_attempts"] == "unlimited");
  CHECK_FALSE(json["nodes"][2].contains("parts"));
  CHECK_FALSE(json["nodes"][2].contains("join"));
}

TEST_CASE("parts without a config have the default one of the workflow, whenever it is set") {
  const auto attempts_of = [](const Flow& flow) {
    std::vector<std::size_t> attempts;
    const cano::Graph graph = flow.graph();
    for (const auto& part : graph.nodes[0].parts)
      attempts.push_back(part.max_attempts);
    return attempts;
  };
  using Attempts = std::vector<std::size_t>;
  const auto composite = cano::split(one, cano::branch("b", one, engine::retries(1)), Careful{})
                             .join(Join::all(), S::Done);
  const Flow before = Flow{S::A}.with_default_config(engine::retries(6)).add(S::A, composite);
  CHECK(attempts_of(before) == Attempts{7, 2, 1});
  Flow after = Flow{S::A}.add(S::A, composite).with_default_config(engine::retries(6));
  CHECK(attempts_of(after) == Attempts{7, 2, 1});
  const Flow copy = after;
  after.with_default_config(engine::retries(0));
  CHECK(attempts_of(after) == Attempts{1, 2, 1});
  CHECK(attempts_of(copy) == Attempts{7, 2, 1});

  // They are run with it, and the whole is not.
  cano::VirtualTime time;
  Desk desk;
  desk.values = {1, 2};
  const auto fails = [](Desk& d, const int&) -> int {
    ++d.started;
    throw std::runtime_error{"no"};
  };
  const auto each =
      cano::each([](const Desk& d) { return d.values; }, fails).join(Join::settled(), S::Done);
  const auto run = [&](const Flow& flow) {
    desk.started = 0;
    CHECK(time.run(flow.try_orchestrate(desk)).is_success());
    return desk.started;
  };
  Flow items = branches::flow_of(each).with_default_config(engine::retries(4, 1ms));
  CHECK(run(items) == 10);
  CHECK(items.graph().nodes[0].max_attempts == 1);
  CHECK(run(items.with_default_config(engine::once())) == 2);
}

TEST_CASE("what remains in a branch is what its join leaves") {
  cano::VirtualTime time;
  Desk desk;
  std::vector<std::optional<cano::Duration>> remaining;
  const auto ask = [&](Desk&, cano::TaskContext& context) {
    remaining.push_back(context.remaining());
    return 1;
  };
  const auto late = [&](Desk&, cano::TaskContext& context) -> cano::Async<int> {
    co_await cano::sleep_for(30ms);
    remaining.push_back(context.remaining());
    co_return 1;
  };
  const auto limited = engine::once().with_attempt_timeout(50ms);
  const auto check = [&](const Join& join, std::optional<cano::TaskConfig> config) {
    remaining.clear();
    const auto composite =
        cano::split(ask, late, cano::branch("c", ask, limited)).join(join, S::Done);
    CHECK(time.run(branches::flow_of(composite, std::move(config)).try_orchestrate(desk))
              .is_success());
    return remaining;
  };
  using Left = std::vector<std::optional<cano::Duration>>;
  CHECK(check(Join::all(), {}) == Left{std::nullopt, 50ms, std::nullopt});
  CHECK(check(Join::all().within(100ms), {}) == Left{100ms, 50ms, 70ms});
  CHECK(check(Join::all().within(40ms), {}) == Left{40ms, 40ms, 10ms});
  CHECK(check(Join::all().within(100ms), engine::once().with_timeout(60ms)) ==
        Left{60ms, 50ms, 30ms});
}

}  // namespace branch_graph_tests
