// SPDX-License-Identifier: MIT
// The plain hop as a message between two nodes of oneTBB's flow graph, with two threads.
#include <tuple>
#include <vector>

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>

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
  results.print();
}
