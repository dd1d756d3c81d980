// SPDX-License-Identifier: MIT
// Random trees of branches and items on several threads: they succeed, fail, retry, time out, split
// again, and are stopped from other threads. For the sanitizers. CANO_STRESS_RUNS=<n> in the
// environment makes it n runs of each kind.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/compose/wait.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"
#include "support/random_runs.hpp"

namespace compose_stress {

namespace asio = boost::asio;
using cano::Async;
using cano::BranchResult;
using cano::Join;
using cano::TaskConfig;
using namespace std::chrono_literals;
using std::chrono::microseconds;

int runs_of_each() {
  const char* const asked = std::getenv("CANO_STRESS_RUNS");
  return asked != nullptr ? std::atoi(asked) : races(3'000, 1'000);
}

enum class Spot {
  All,
  Any,
  Quorum,
  First,
  Limited,
  Kept,
  OnShards,
  Split,
  Nodes,
  Poll,
  Child,
  Done
};

// Guarded by nothing: only the branches of one run on its own executor may touch it.
struct Tree {
  explicit Tree(unsigned seed, int d) : random{seed + 1}, depth{d} {}
  unsigned number(unsigned below) { return static_cast<unsigned>(random() >> 8U) % below; }
  Spot next() { return ++hops > 3 ? Spot::Done : static_cast<Spot>(number(11)); }

  std::minstd_rand random;
  int depth;
  int hops = 0;
  int under_way = 0;
  unsigned results = 0;
};

class UnderWay {
 public:
  explicit UnderWay(Tree& tree) : tree_{&tree} { ++tree.under_way; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { --tree_->under_way; }

 private:
  Tree* tree_;
};

// ---- leaves: what they do is in the seed

Async<unsigned> leaf(unsigned seed) {
  if (seed % 2 == 0) co_await cano::yield_now();
  if (seed % 5 == 0) co_await cano::sleep_for(microseconds{seed % 60});
  if (seed % 31 == 0) co_await cano::sleep_for(1h);
  if (seed % 7 == 0) throw std::runtime_error{"by chance"};
  if (seed % 43 == 0) throw 3;
  co_return seed;
}
Async<unsigned> counted_leaf(Tree& tree, unsigned seed) {
  const UnderWay counted{tree};
  co_return co_await leaf(seed);
}
asio::awaitable<unsigned> foreign_leaf(Tree& tree, unsigned seed) {
  const UnderWay counted{tree};
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::deferred);
  if (seed % 3 == 0) co_await leaf(seed);
  co_return seed;
}
unsigned plain_leaf(Tree&, unsigned seed) {
  if (seed % 9 == 0) throw std::runtime_error{"plain"};
  return seed;
}
// What the context knows is read on a shard.
Async<unsigned> context_leaf(unsigned seed, cano::TaskContext& context) {
  context.log(cano::Level::Debug, "leaf", cano::Field{"seed", seed});
  const bool is_stopped = context.stop_token().stop_requested();
  const bool is_late = context.remaining().value_or(1s) < 0s;
  if (seed % 2 == 0) co_await leaf(seed);
  co_return seed + (is_stopped || is_late ? 1U : 0U) + static_cast<unsigned>(context.attempt()) +
      static_cast<unsigned>(context.run_id().size() + context.branch().size());
}

std::vector<unsigned> seeds(Tree& tree) {
  std::vector<unsigned> all(tree.number(10));
  for (unsigned& seed : all)
    seed = tree.number(1000);
  return all;
}

// ---- joins: each branch has its one result, and none is left

template <class T> Spot joined(Tree& tree, std::span<BranchResult<T>> results) {
  if (tree.under_way != 0) throw std::logic_error{"a branch is left"};
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& result = results[i];
    const int outcomes =
        int{result.is_success()} + int{result.is_failed()} + int{result.is_cancelled()};
    if (result.index() != i || outcomes != 1) throw std::logic_error{"a result is wrong"};
    if (result.is_success() != (result.error() == nullptr && result.attempts() > 0))
      throw std::logic_error{"a success is wrong"};
    ++tree.results;
  }
  return tree.next();
}

struct Node {
  unsigned prep(Tree& tree) const { return tree.number(1000); }
  Async<unsigned> exec(unsigned seed) const { return leaf(seed); }
  unsigned post(Tree& tree, unsigned value) const { return value + tree.number(2); }
};

using Flow = cano::Workflow<Spot, Tree>;

struct Counts : cano::Observer {
  std::atomic<int> open{0};
  std::atomic<int> logs{0};
  void on_run_started(const cano::RunStarted&) override { ++open; }
  void on_run_finished(const cano::RunFinished&) override { --open; }
  void on_log(const cano::LogRecord&) override { ++logs; }
};

// A leaf, or a tree of its own.
struct Grow {
  const Flow* below;  // null at the leaves
  static Async<unsigned> grow(const Flow& flow, Tree& outer, unsigned seed) {
    const UnderWay counted{outer};
    Tree own{seed, outer.depth - 1};
    const Spot end = co_await flow.orchestrate(own);
    if (end != Spot::Done) throw std::logic_error{"another end"};
    co_return own.results;
  }
  Async<unsigned> operator()(Tree& tree, unsigned seed) const {
    return below != nullptr && seed % 3 == 0 ? grow(*below, tree, seed) : counted_leaf(tree, seed);
  }
};

Flow make_flow(const Flow* below, cano::Runtime& runtime) {
  const auto join = [](Tree& tree, std::span<BranchResult<unsigned>> results) {
    return joined(tree, results);
  };
  const auto once = TaskConfig::minimal();
  const auto again = TaskConfig{}.with_fixed_retry(1, 0ms).with_attempt_timeout(300us);
  const Grow grow{below};
  const auto with_seed = [](auto work) {
    return [work](Tree& tree) { return work(tree, tree.number(1000)); };
  };
  const auto on_shard = [](const unsigned& seed, cano::TaskContext& context) {
    return context_leaf(seed, context);
  };
  const auto ask = [](Tree& tree) -> std::optional<Spot> {
    if (tree.number(10) == 0) throw std::runtime_error{"ask"};
    return tree.number(3) == 0 ? std::optional{tree.next()} : std::nullopt;
  };
  return Flow{Spot::All}
      .add(Spot::All, cano::each(seeds, grow, again).join(Join::settled(), join))
      .add(Spot::Any, cano::each(seeds, grow, once).with_max_in_flight(3).join(Join::any(), join))
      .add(Spot::Quorum, cano::each(seeds, foreign_leaf, again).join(Join::fraction(0.5), join))
      .add(Spot::First, cano::each(seeds, plain_leaf, once).join(Join::first(1), join))
      .add(Spot::Limited, cano::each(seeds, grow, again).join(Join::settled().within(50us), join))
      .add(Spot::Kept,
           cano::each(seeds, grow, once).join(Join::settled().within(200us).keep_going(), join))
      .add(Spot::OnShards,
           cano::each(seeds, on_shard, again).on(runtime).join(Join::first(1).within(500us), join))
      .add(Spot::Split, cano::split(with_seed(grow), with_seed(plain_leaf), with_seed(foreign_leaf),
                                    cano::branch("again", with_seed(counted_leaf), again))
                            .join(Join::quorum(2).within(1ms), join))
      .add(Spot::Nodes,
           cano::split(cano::branch("a", Node{}, again), Node{}, cano::branch("c", Node{}, once))
               .on(runtime)
               .join(Join::any().within(2ms), join))
      .add(Spot::Poll, cano::poll(ask, {.every = 5us, .within = 1ms, .max_polls = 20}),
           TaskConfig{}.with_fixed_retry(1, 0ms))
      .add(Spot::Child, cano::wait_for(10us, Spot::All))
      .add_exit_state(Spot::Done);
}

void race(const std::vector<asio::any_io_executor>& executors, cano::Runtime& runtime,
          unsigned first_seed) {
  const auto counts = std::make_shared<Counts>();
  const Flow leaves = make_flow(nullptr, runtime);
  const Flow twigs = make_flow(&leaves, runtime);
  const Flow flow = make_flow(&twigs, runtime).with_observer(counts).with_max_transitions(50);
  int mistakes = 0;
  unsigned results = 0;
  const int runs = runs_of_each();
  const auto outcomes = race_runs(
      flow, RandomRuns{executors, runs, 12, 64, first_seed},
      [](unsigned number) { return std::make_unique<Tree>(number, 2); },
      [](const cano::RunOptions& options, unsigned number) {
        return options.with_timeout(number % 4 == 0 ? microseconds{20 + number % 3000}
                                                    : microseconds{20'000});
      },
      [&](const auto& result, const Tree& tree) {
        results += tree.results;
        mistakes += tree.under_way != 0;
        if (!result.is_failed()) return;
        try {
          std::rethrow_exception(result.error());
        } catch (const std::logic_error&) {
          ++mistakes;
        } catch (...) {
        }
      });

  CHECK(mistakes == 0);
  CHECK(results > 0);
  CHECK(outcomes[0] > 0);
  CHECK(outcomes[1] > 0);
  CHECK(outcomes[2] > 0);
  CHECK(outcomes[0] + outcomes[1] + outcomes[2] == runs);
  CHECK(counts->open == 0);
  CHECK(counts->logs > 0);
}

TEST_CASE("random trees of branches on a thread pool, stopped by others", "[stress]") {
  cano::Runtime runtime{2};
  asio::thread_pool pool{4};
  race({pool.get_executor()}, runtime, 1);
  pool.join();
}

TEST_CASE("random trees of branches on a Runtime, stopped by others", "[stress]") {
  cano::Runtime runtime{4};
  std::vector<asio::any_io_executor> executors{runtime.get_executor()};
  for (std::size_t i = 0; i < runtime.size(); ++i)
    executors.emplace_back(runtime.shard(i));
  race(executors, runtime, 2);
}

}  // namespace compose_stress
