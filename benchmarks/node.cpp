// SPDX-License-Identifier: MIT
// What does a Node cost a visit: three plain phases beside three virtual calls, three
// coroutines of either type beside one written by hand that awaits the three?
#include <memory>

#include <benchmark/benchmark.h>

#include <cano/workflow/run.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"
#include "support/report.hpp"

// Not in the unnamed namespace, and with a Node of a second class that is never entered: else the
// compiler sees that there is only one function to call, and calls none.
namespace baseline {

struct Node {
  virtual ~Node() = default;
  virtual int prep(countdown::Count& count) const = 0;
  virtual int exec(int left) const = 0;
  virtual countdown::Step post(countdown::Count& count, int left) const = 0;
};

template <int Number> struct PlainNode : Node {
  explicit PlainNode(countdown::Step to) : other{to} {}
  int prep(countdown::Count& count) const override { return count.left; }
  int exec(int left) const override { return left - 1; }
  countdown::Step post(countdown::Count& count, int left) const override {
    count.left = left;
    return left > 0 ? other : countdown::Step::Done;
  }
  countdown::Step other;
};

}  // namespace baseline

namespace {

using countdown::AsyncNode;
using countdown::AwaitableNode;
using countdown::Count;
using countdown::hops;
using countdown::Step;

template <class Node> void cano_nodes(benchmark::State& state) {
  const auto flow = countdown::workflow<Node>();
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(cano::run(flow, count));
  }
  report_each(state, "visit", hops);
}

void plain_baseline(benchmark::State& state) {
  const std::unique_ptr<baseline::Node> nodes[] = {
      std::make_unique<baseline::PlainNode<0>>(Step::B),
      std::make_unique<baseline::PlainNode<0>>(Step::A),
      std::make_unique<baseline::PlainNode<1>>(Step::A)};
  for (auto _ : state) {
    Count count{hops};
    Step at = Step::A;
    while (at != Step::Done) {
      const baseline::Node& node = *nodes[static_cast<int>(at)];
      at = node.post(count, node.exec(node.prep(count)));
    }
    benchmark::DoNotOptimize(at);
  }
  report_each(state, "visit", hops);
}

// The phases of all states in one coroutine: no frame for a Node, and no Node to reuse.
template <class Node> auto flat(Count& count) -> decltype(Node{}.post(count, 0)) {
  const Node a{Step::B};
  const Node b{Step::A};
  Step at = Step::A;
  while (at != Step::Done) {
    const Node& node = at == Step::A ? a : b;
    const int prepared = co_await node.prep(count);
    const int executed = co_await node.exec(prepared);
    at = co_await node.post(count, executed);
  }
  co_return at;
}

template <auto Coroutine> void coroutine_baseline(benchmark::State& state) {
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(by_hand::run(Coroutine(count)));
  }
  report_each(state, "visit", hops);
}

template <class Node>
constexpr auto a_node_each = &by_hand::switch_over<by_hand::CoroutineANode<Node>>;

BENCHMARK(cano_nodes<countdown::PlainNode>)->Name("plain/cano");
BENCHMARK(plain_baseline)->Name("plain/virtual_calls");
BENCHMARK(cano_nodes<AsyncNode>)->Name("async/cano");
BENCHMARK(coroutine_baseline<a_node_each<AsyncNode>>)->Name("async/coroutine_a_node");
BENCHMARK(coroutine_baseline<flat<AsyncNode>>)->Name("async/one_coroutine");
BENCHMARK(cano_nodes<AwaitableNode>)->Name("awaitable/cano");
BENCHMARK(coroutine_baseline<a_node_each<AwaitableNode>>)->Name("awaitable/coroutine_a_node");
BENCHMARK(coroutine_baseline<flat<AwaitableNode>>)->Name("awaitable/one_coroutine");

}  // namespace

BENCHMARK_MAIN();
