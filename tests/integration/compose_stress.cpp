// SPDX-License-Identifier: MIT
// Random trees of branches, items, streams and sub-workflows on several threads: they succeed,
// fail, retry, time out, split again, wait for limits, undo what they have done, and are stopped
// from other threads at any time. For the sanitizers. CANO_STRESS_RUNS=<n> in the environment makes
// it n runs of each kind, CANO_STRESS_SEED=<n> other ones.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/async/async.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/stream.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/compose/wait.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/limit/sliding_window.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"
#include "support/random_runs.hpp"
#include "support/random_trees.hpp"

namespace compose_stress {

using namespace random_trees;
using cano::BranchResult;
using cano::Join;
using cano::TaskConfig;
using cano::undoable;

unsigned number_in_environment(const char* name, unsigned otherwise) {
  const char* const asked = std::getenv(name);
  return asked != nullptr ? static_cast<unsigned>(std::strtoul(asked, nullptr, 10)) : otherwise;
}
int runs_of_each() {
  const auto usual = static_cast<unsigned>(races(1'500, 500));
  return static_cast<int>(number_in_environment("CANO_STRESS_RUNS", usual));
}

using Flow = cano::Workflow<Spot, Tree>;

// ---- joins: each branch has its one result, and none is left

template <class T> Spot joined(Tree& tree, std::span<BranchResult<T>> results) {
  must(tree.under_way == 0, "a branch is left");
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& result = results[i];
    const int outcomes =
        int{result.is_success()} + int{result.is_failed()} + int{result.is_cancelled()};
    must(result.index() == i && outcomes == 1, "a result is wrong");
    must(result.is_success() == (result.error() == nullptr && result.attempts() > 0),
         "a success is wrong");
    ++tree.results;
  }
  return tree.next();
}
struct Joined {
  Spot operator()(Tree& tree, std::span<BranchResult<unsigned>> results) const {
    return joined(tree, results);
  }
};

struct Node {
  unsigned prep(Tree& tree) const { return tree.number(1000); }
  Async<unsigned> exec(unsigned seed) const { return leaf(seed); }
  unsigned post(Tree& tree, unsigned value) const { return value + tree.number(2); }
};
struct BookingNode : Node {
  unsigned post(Tree& tree, unsigned value) const {
    write_booking(tree);
    return value;
  }
  Async<void> undo(Tree& tree, cano::TaskContext& context) const { return unbook(tree, context); }
  static TaskConfig undo_config() { return random_trees::undo_config(); }
};

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
    Tree own{seed, outer.depth - 1, *outer.stopper};
    own.stop = outer.stop;
    auto running = flow.try_orchestrate(own);
    const auto result = co_await std::move(running);
    check_ended(result, *own.book);
    if (!result.is_success()) std::rethrow_exception(result.error());
    co_return own.results;
  }
  Async<unsigned> operator()(Tree& tree, unsigned seed) const {
    return below != nullptr && seed % 3 == 0 ? grow(*below, tree, seed) : counted_leaf(tree, seed);
  }
};

template <class Work> auto with_seed(Work work) {
  return [work](Tree& tree) { return work(tree, tree.number(1000)); };
}

// ---- limits that all runs share

struct Limits {
  static constexpr int most = 3;
  std::shared_ptr<cano::Limit> few = cano::concurrency_limit(most);
  std::shared_ptr<cano::Limit> pairs = cano::concurrency_limit(2);
  std::shared_ptr<cano::Limit> rate = cano::rate_limit(2000, 1ms, 50);
  std::shared_ptr<cano::Limit> window = cano::sliding_window(400, 100us);
  std::shared_ptr<cano::CircuitBreaker> breaker =
      cano::circuit_breaker({.consecutive = 4, .open_for = 30us});

  TaskConfig config() const {
    return TaskConfig{}
        .with_fixed_retry(1, 0ms)
        .with_attempt_timeout(400us)
        .with_limit(few, {.max_wait = 800us})
        .with_limit(rate)
        .with_limit(window)
        .with_circuit_breaker(breaker);
  }
  void check_given_back() const {
    CHECK(few->try_acquire(few->capacity()));
    CHECK(pairs->try_acquire(pairs->capacity()));
    CHECK(few->waiting() + pairs->waiting() + rate->waiting() + window->waiting() == 0);
  }
};

// ---- the workflow

void add_branches(Flow& flow, const Grow& grow, cano::Runtime& runtime) {
  const Joined join;
  const auto once = TaskConfig::minimal();
  const auto again = TaskConfig{}.with_fixed_retry(1, 0ms).with_attempt_timeout(300us);
  const auto on_shard = [](const unsigned& seed, cano::TaskContext& context) {
    return context_leaf(seed, context);
  };
  flow.add(Spot::All, cano::each(seeds, grow, again).join(Join::settled(), join))
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
               .join(Join::any().within(2ms), join));
}

void add_bookings(Flow& flow, const Grow& grow, cano::Runtime& runtime) {
  const Joined join;
  const auto once = TaskConfig::minimal();
  const auto again = TaskConfig{}.with_fixed_retry(1, 0ms);
  const auto step = [](Tree& tree) -> Async<Spot> {
    const unsigned seed = tree.number(1000);
    co_await book(tree, seed);
    co_return tree.next();
  };
  const auto unbook_item = [](Tree& tree, const unsigned&, cano::TaskContext& context) {
    return unbook(tree, context);
  };
  const auto booking = undoable(with_seed(book), unbook, undo_config());
  flow.add(Spot::Book, undoable(step, unbook, undo_config()), again)
      .add(Spot::BookSplit,
           cano::split(booking, cano::branch("again", booking, again), with_seed(grow),
                       cano::branch("node", BookingNode{}, once))
               .join(Join::quorum(2).within(1ms), join),
           again)
      .add(Spot::BookItems,
           cano::each(seeds,
                      undoable([](Tree& tree, const unsigned& seed) { return book(tree, seed); },
                               unbook_item, undo_config()),
                      once)
               .with_max_in_flight(4)
               .join(Join::fraction(0.7), join))
      .add(Spot::BookOnShards,
           cano::each(seeds, undoable(book_on_shard, unbook_item, undo_config()), again)
               .on(runtime)
               .join(Join::any().within(500us), join));
}

void add_child(Flow& flow, const Flow* below) {
  if (below == nullptr) {
    flow.add(Spot::Child, cano::wait_for(5us, Spot::Book));
    return;
  }
  flow.add(
      Spot::Child,
      cano::sub_workflow(
          *below,
          [](Tree& tree) {
            Tree child{tree.number(1000), tree.depth - 1, *tree.stopper, tree.book};
            child.stop = tree.stop;
            return child;
          },
          [](Tree& tree, Tree& child, const cano::WorkflowResult<Spot>& result) {
            must(child.under_way == 0, "a branch of a child is left");
            must(result.is_success() || result.done().size() ==
                                            result.undone().size() + result.failed_to_undo().size(),
                 "not all of a child was undone");
            if (tree.number(5) == 0) throw std::runtime_error{"read"};
            return tree.next();
          }),
      TaskConfig{}.with_fixed_retry(1, 0ms).with_timeout(2ms));
}

void add_waits(Flow& flow, const Limits& limits, const LimitedLeaf& limited,
               cano::Runtime& runtime) {
  const auto ask = [](Tree& tree) -> std::optional<Spot> {
    if (tree.number(10) == 0) throw std::runtime_error{"ask"};
    return tree.number(3) == 0 ? std::optional{tree.next()} : std::nullopt;
  };
  const auto open = [](Tree& tree, std::optional<unsigned> from) {
    return Numbers{tree, from.value_or(0)};
  };
  const auto flush = [](Tree& tree, std::span<unsigned> values) -> Async<std::optional<Spot>> {
    const bool is_end = values.empty();
    co_await cano::yield_now();
    if (tree.number(20) == 0) throw std::runtime_error{"flush"};
    if (is_end || tree.number(9) == 0) co_return tree.next();
    co_return std::nullopt;
  };
  const auto twice = cano::RetryPolicy::fixed(1, 0ms);
  flow.add(Spot::Poll, cano::poll(ask, {.every = 5us, .within = 1ms, .max_polls = 20}),
           TaskConfig{}.with_fixed_retry(1, 0ms))
      .add(Spot::Wait, cano::wait_for(10us, Spot::All))
      .add(Spot::Stream,
           cano::stream(open, counted_leaf, flush,
                        {.window = {.count = 3, .within = 100us},
                         .on_item_error = cano::ItemErrors::skip().with_retry(twice)}),
           TaskConfig{}.with_fixed_retry(1, 0ms).with_attempt_timeout(1ms))
      .add(Spot::Permits, cano::each(seeds, limited, limits.config())
                              .on(runtime)
                              .join(Join::settled().within(2ms), Joined{}));
}

Flow make_flow(const Flow* below, const Limits& limits, const LimitedLeaf& limited,
               cano::Runtime& runtime) {
  Flow flow{Spot::All};
  const Grow grow{below};
  add_branches(flow, grow, runtime);
  add_bookings(flow, grow, runtime);
  add_child(flow, below);
  add_waits(flow, limits, limited, runtime);
  return flow.add_failure_state(Spot::Refused).add_exit_state(Spot::Done);
}

void race(const std::vector<boost::asio::any_io_executor>& executors, cano::Runtime& runtime,
          unsigned first_seed) {
  mistakes = 0;
  first_mistake = nullptr;
  const auto counts = std::make_shared<Counts>();
  const Limits limits;
  const LimitedLeaf limited{.by_hand = limits.pairs, .most = Limits::most};
  const Flow leaves = make_flow(nullptr, limits, limited, runtime);
  const Flow twigs = make_flow(&leaves, limits, limited, runtime);
  const Flow flow =
      make_flow(&twigs, limits, limited, runtime).with_observer(counts).with_max_transitions(50);
  Stopper stopper;
  unsigned results = 0;
  std::size_t undone = 0;
  const int runs = runs_of_each();
  const unsigned seed = number_in_environment("CANO_STRESS_SEED", first_seed);
  const auto outcomes = race_runs(
      flow, RandomRuns{executors, runs, 12, 64, seed},
      [&](unsigned number) { return std::make_unique<Tree>(number, 2, stopper); },
      [](const cano::RunOptions& options, unsigned number) {
        return options.with_timeout(number % 4 == 0 ? microseconds{20 + number % 3000}
                                                    : microseconds{20'000});
      },
      [&](const auto& result, const Tree& tree) {
        results += tree.results;
        undone += result.undone().size();
        must(tree.under_way == 0, "a branch is left behind a run");
        check_ended(result, *tree.book);
      });

  const char* const mistake = first_mistake.load();
  INFO("seed " << seed << ", runs " << runs
               << ", the first mistake: " << (mistake == nullptr ? "none" : mistake));
  CHECK(mistakes == 0);
  CHECK(results > 0);
  CHECK(undone > 0);
  CHECK(stopper.stopped() > 0);
  CHECK(outcomes[0] > 0);
  CHECK(outcomes[1] > 0);
  CHECK(outcomes[2] > 0);
  CHECK(outcomes[0] + outcomes[1] + outcomes[2] == runs);
  CHECK(counts->open == 0);
  CHECK(counts->logs > 0);
  limits.check_given_back();
}

TEST_CASE("random trees of branches on a thread pool, stopped by others", "[stress]") {
  cano::Runtime runtime{2};
  boost::asio::thread_pool pool{4};
  race({pool.get_executor()}, runtime, 1);
  pool.join();
}

TEST_CASE("random trees of branches on a Runtime, stopped by others", "[stress]") {
  cano::Runtime runtime{4};
  std::vector<boost::asio::any_io_executor> executors{runtime.get_executor()};
  for (std::size_t i = 0; i < runtime.size(); ++i)
    executors.emplace_back(runtime.shard(i));
  race(executors, runtime, 2);
}

}  // namespace compose_stress
