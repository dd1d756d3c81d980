// SPDX-License-Identifier: MIT
#pragma once

// What random trees of branches are made of: the store of a tree, what its leaves do, and the book
// that says what was done, what was undone since, and whether that adds up.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/limit/limit.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace random_trees {

namespace asio = boost::asio;
using cano::Async;
using namespace std::chrono_literals;
using std::chrono::microseconds;

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
  Wait,
  Book,
  BookSplit,
  BookItems,
  BookOnShards,
  Child,
  Stream,
  Permits,
  Refused,
  Done
};

// ---- what must hold, on whichever thread it is seen

inline std::atomic<int> mistakes{0};
inline std::atomic<const char*> first_mistake{nullptr};

inline void must(bool holds, const char* what) {
  if (holds) return;
  if (mistakes++ == 0) first_mistake = what;
}

/// Stops runs, on a thread of its own, as soon as it is asked to.
class Stopper {
 public:
  void stop(std::stop_source run) {
    const std::lock_guard lock{mutex_};
    runs_.push_back(std::move(run));
    changed_.notify_one();
  }
  int stopped() const noexcept { return stopped_; }

 private:
  void work(const std::stop_token& is_over) {
    std::unique_lock lock{mutex_};
    while (changed_.wait(lock, is_over, [this] { return !runs_.empty(); })) {
      const std::vector<std::stop_source> now = std::exchange(runs_, {});
      lock.unlock();
      for (std::stop_source run : now)
        stopped_ += run.request_stop() ? 1 : 0;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::stop_source> runs_;
  std::atomic<int> stopped_{0};
  std::jthread thread_{[this](const std::stop_token& is_over) { work(is_over); }};
};

/// What a run has done that can be undone, with the sub-workflows that are parts of it.
struct Book {
  std::atomic<int> booked{0};
  std::atomic<int> undone{0};
  std::atomic<int> failed{0};

  int open() const noexcept { return booked - undone - failed; }
};

/// The store. Guarded by nothing: only the branches of one run on its own executor may touch it.
struct Tree {
  Tree(unsigned seed, int d, Stopper& by, std::shared_ptr<Book> of = std::make_shared<Book>())
      : random{seed + 1}, depth{d}, stopper{&by}, book{std::move(of)} {}
  unsigned number(unsigned below) { return static_cast<unsigned>(random() >> 8U) % below; }
  Spot next() {
    return ++hops > 3 ? Spot::Done
                      : static_cast<Spot>(number(static_cast<unsigned>(Spot::Refused) + 1));
  }

  std::minstd_rand random;
  int depth;
  Stopper* stopper;
  std::shared_ptr<Book> book;
  std::stop_source stop{std::nostopstate};  // of the run that was started from outside
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

inline Async<unsigned> leaf(unsigned seed) {
  if (seed % 2 == 0) co_await cano::yield_now();
  if (seed % 5 == 0) co_await cano::sleep_for(microseconds{seed % 60});
  if (seed % 31 == 0) co_await cano::sleep_for(1h);
  if (seed % 7 == 0) throw std::runtime_error{"by chance"};
  if (seed % 43 == 0) throw 3;
  co_return seed;
}
inline Async<unsigned> counted_leaf(Tree& tree, unsigned seed) {
  const UnderWay counted{tree};
  co_return co_await leaf(seed);
}
inline asio::awaitable<unsigned> foreign_leaf(Tree& tree, unsigned seed) {
  const UnderWay counted{tree};
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::deferred);
  if (seed % 3 == 0) co_await leaf(seed);
  co_return seed;
}
inline unsigned plain_leaf(Tree&, unsigned seed) {
  if (seed % 9 == 0) throw std::runtime_error{"plain"};
  return seed;
}
// What the context knows is read on a shard.
inline Async<unsigned> context_leaf(unsigned seed, cano::TaskContext& context) {
  context.log(cano::Level::Debug, "leaf", cano::Field{"seed", seed});
  const bool is_stopped = context.stop_token().stop_requested();
  const bool is_late = context.remaining().value_or(1s) < 0s;
  if (seed % 2 == 0) co_await leaf(seed);
  co_return seed + (is_stopped || is_late ? 1U : 0U) + static_cast<unsigned>(context.attempt()) +
      static_cast<unsigned>(context.run_id().size() + context.branch().size());
}
/// In all runs together no more of them at once than the limit says.
struct LimitedLeaf {
  std::shared_ptr<std::atomic<int>> inside = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<cano::Limit> by_hand;
  int most;

  Async<unsigned> operator()(const unsigned& seed) const {
    const Count count{inside.get()};
    must(*inside <= most, "more at once than the limit admits");
    if (seed % 3 == 0) const cano::Permit permit = co_await by_hand->acquire();
    co_return co_await leaf(seed);
  }

 private:
  struct Count {
    explicit Count(std::atomic<int>* of) noexcept : number{of} { ++*number; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() { --*number; }
    std::atomic<int>* number;
  };
};

inline std::vector<unsigned> seeds(Tree& tree) {
  std::vector<unsigned> all(tree.number(10));
  for (unsigned& seed : all)
    seed = tree.number(1000);
  return all;
}

/// Ends after some items; a read may be under way while what was read is flushed.
class Numbers {
 public:
  Numbers(Tree& tree, unsigned from) : tree_{&tree}, at_{from}, end_{from + tree.number(9)} {}

  Async<std::optional<unsigned>> next() {
    if (at_ % 3 == 0) co_await cano::yield_now();
    if (at_ % 4 == 0) co_await cano::sleep_for(microseconds{tree_->number(80)});
    if (at_ == end_) co_return std::nullopt;
    ++at_;
    co_return tree_->number(1000);
  }
  unsigned cursor() const { return at_; }

 private:
  Tree* tree_;
  unsigned at_;
  unsigned end_;
};

// ---- what can be undone

inline void write_booking(const Tree& tree) { ++tree.book->booked; }

inline Async<unsigned> book(Tree& tree, unsigned seed) {
  const UnderWay counted{tree};
  co_await leaf(seed);
  write_booking(tree);
  co_return seed;
}
inline Async<unsigned> book_on_shard(const Tree& tree, const unsigned& seed) {
  co_await leaf(seed);
  write_booking(tree);
  co_return seed;
}
/// While it is undone the run is stopped by another thread, its limits pass, and the join of the
/// run that it is a part of cancels it.
inline Async<void> unbook(Tree& tree, cano::TaskContext& context) {
  const UnderWay counted{tree};
  const unsigned seed = tree.number(1000);
  if (seed % 3 == 0 && tree.stop.stop_possible()) tree.stopper->stop(tree.stop);
  if (seed % 2 == 0) co_await cano::yield_now();
  if (seed % 5 == 0) co_await cano::sleep_for(microseconds{seed % 90});
  must(!context.stop_token().stop_requested(), "what undoes is asked to stop");
  must(!context.remaining(), "what undoes has a limit");
  if (seed % 7 == 0) {
    const bool is_last = context.attempt() == context.max_attempts();
    tree.book->failed += is_last ? 1 : 0;
    throw std::runtime_error{"cannot be undone"};
  }
  ++tree.book->undone;
}
inline cano::TaskConfig undo_config() { return cano::TaskConfig{}.with_fixed_retry(1, 0ms); }

/// Whether what became of a run and what is in its book add up.
inline void check_ended(const cano::WorkflowResult<Spot>& result, const Book& book) {
  const auto done = static_cast<int>(result.done().size());
  const auto undone = static_cast<int>(result.undone().size());
  const auto failed = static_cast<int>(result.failed_to_undo().size());
  if (result.is_success() && result.state() == Spot::Done) {
    must(undone == 0 && failed == 0, "a success was undone");
    must(done == book.open(), "not all that was done is in the result");
  } else {
    must(done == undone + failed, "not all was undone");
    must(book.open() == 0, "something was not undone, or twice");
    must(failed == 0 || !result.is_success(), "an undo has failed in silence");
  }
}

}  // namespace random_trees
