// SPDX-License-Identifier: MIT
// What does a Node cost a visit: three plain phases beside three virtual calls, three awaitable
// ones beside a coroutine written by hand that awaits the three?
#include <memory>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>

#include <cano/workflow/run.hpp>

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

namespace asio = boost::asio;
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

asio::awaitable<Step> three_phases(const AwaitableNode& node, Count& count) {
  const int prepared = co_await node.prep(count);
  const int executed = co_await node.exec(prepared);
  co_return co_await node.post(count, executed);
}

// As one would write it: a coroutine a Node, called by a coroutine with a switch.
asio::awaitable<Step> switch_over(Count& count) {
  const AwaitableNode a{Step::B};
  const AwaitableNode b{Step::A};
  Step at = Step::A;
  for (;;) {
    switch (at) {
      case Step::A:
        at = co_await three_phases(a, count);
        break;
      case Step::B:
        at = co_await three_phases(b, count);
        break;
      case Step::Done:
        co_return at;
    }
  }
}

// The phases of all states in one coroutine: no frame for a Node, and no Node to reuse.
asio::awaitable<Step> flat(Count& count) {
  const AwaitableNode a{Step::B};
  const AwaitableNode b{Step::A};
  Step at = Step::A;
  while (at != Step::Done) {
    const AwaitableNode& node = at == Step::A ? a : b;
    const int prepared = co_await node.prep(count);
    const int executed = co_await node.exec(prepared);
    at = co_await node.post(count, executed);
  }
  co_return at;
}

template <auto Coroutine> void awaitable_baseline(benchmark::State& state) {
  for (auto _ : state) {
    Count count{hops};
    benchmark::DoNotOptimize(cano::run(Coroutine(count)));
  }
  report_each(state, "visit", hops);
}

BENCHMARK(cano_nodes<countdown::PlainNode>)->Name("plain/cano");
BENCHMARK(plain_baseline)->Name("plain/virtual_calls");
BENCHMARK(cano_nodes<AwaitableNode>)->Name("awaitable/cano");
BENCHMARK(awaitable_baseline<switch_over>)->Name("awaitable/coroutine_a_node");
BENCHMARK(awaitable_baseline<flat>)->Name("awaitable/one_coroutine");

}  // namespace

BENCHMARK_MAIN();
