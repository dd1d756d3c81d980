// SPDX-License-Identifier: MIT
// With two threads: the plain hop as a message between two nodes of oneTBB's flow graph, a split as
// a node with ten after it that one more waits for, and items by parallel_for_each.
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for_each.h>

#include "peers/measure.hpp"

namespace {

constexpr int hops = 100'000;
constexpr int instances = 200'000;

struct Count {
  int left;
};

using Hop = tbb::flow::multifunction_node<Count*, std::tuple<Count*>>;

// Passes the count on as long as something is left.
void hop(Count* const& count, Hop::output_ports_type& out) {
  if (--count->left > 0) std::get<0>(out).try_put(count);
}

// A visit of a split: ten branches on one number, each with a result, and what sums them up.
void time_branches(measure::Results& results) {
  using tbb::flow::continue_msg;
  constexpr std::size_t branches = 10;
  constexpr int splits = 1000;
  tbb::flow::graph graph;
  int number = 0;
  long sum = 0;
  std::array<std::optional<int>, branches> values;
  tbb::flow::broadcast_node<continue_msg> start{graph};
  tbb::flow::continue_node<continue_msg> join{graph, [&](const continue_msg& message) {
                                                for (const auto& value : values)
                                                  sum += *value;
                                                return message;
                                              }};
  std::vector<std::unique_ptr<tbb::flow::continue_node<continue_msg>>> nodes;
  for (std::size_t i = 0; i < branches; ++i) {
    nodes.push_back(std::make_unique<tbb::flow::continue_node<continue_msg>>(
        graph, [&, i](const continue_msg& message) {
          values[i] = number;
          return message;
        }));
    make_edge(start, *nodes.back());
    make_edge(*nodes.back(), join);
  }
  results.time("plain_branch_ns", branches * splits, 1, [&] {
    for (int i = 0; i < splits; ++i) {
      number = i;
      start.try_put({});
      graph.wait_for_all();
    }
    measure::keep(sum);
  });
}

// An item fails alone, and each has its result.
void time_items(measure::Results& results) {
  constexpr int items = 10'000;
  const std::vector<int> all(items, 1);
  results.time("shard_item_ns", items, 2, [&] {
    const std::vector<int> copy = all;
    std::vector<std::optional<int>> values(items);
    tbb::parallel_for_each(copy.begin(), copy.end(), [&](const int& item) {
      try {
        values[static_cast<std::size_t>(&item - copy.data())] = item * 2;
        measure::keep(&item);
      } catch (const std::runtime_error&) {
      }
    });
    long sum = 0;
    for (const auto& value : values)
      sum += value.value_or(0);
    measure::keep(sum);
  });
}

}  // namespace

int main() {
  const tbb::global_control two_threads{tbb::global_control::max_allowed_parallelism, 2};
  measure::Results results{"onetbb"};
  tbb::flow::graph graph;
  Hop a{graph, tbb::flow::unlimited, hop};
  Hop b{graph, tbb::flow::unlimited, hop};
  make_edge(tbb::flow::output_port<0>(a), b);
  make_edge(tbb::flow::output_port<0>(b), a);

  results.time("plain_hop_ns", hops, 1, [&] {
    Count count{hops};
    a.try_put(&count);
    graph.wait_for_all();
  });
  std::vector<Count> stores(instances);
  results.time("plain_instance_ns", instances, 2, [&] {
    stores.assign(instances, Count{10});
    for (Count& count : stores)
      a.try_put(&count);
    graph.wait_for_all();
  });
  time_branches(results);
  time_items(results);
  results.print();
}
