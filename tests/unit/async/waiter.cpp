// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::Sleeper;
using cano::detail::SleeperHeap;
using cano::detail::Waiter;
using cano::detail::YieldQueue;

namespace {

struct NumberedWaiter final : Waiter {
  explicit NumberedWaiter(int n) : number{n} {}
  void wake() override {}
  void drop() noexcept override {}
  int number;
};

using Waiters = std::vector<std::unique_ptr<NumberedWaiter>>;

Waiters pushed(YieldQueue& queue, int first, int count) {
  Waiters waiters;
  for (int i = first; i < first + count; ++i) {
    waiters.push_back(std::make_unique<NumberedWaiter>(i));
    queue.push(*waiters.back());
  }
  return waiters;
}

std::vector<int> popped(YieldQueue& queue) {
  std::vector<int> numbers;
  while (Waiter* const waiter = queue.pop())
    numbers.push_back(static_cast<NumberedWaiter*>(waiter)->number);
  return numbers;
}

struct NumberedSleeper final : Sleeper {
  explicit NumberedSleeper(std::size_t n) : number{n} {}
  void wake() override {}
  void drop() noexcept override {}
  void expire() override {}
  std::size_t number;
};

// The heap beside a multimap, which keeps those of one key in the order in which they came.
class ModelledHeap {
 public:
  ~ModelledHeap() {
    while (!model_.empty())
      remove(model_.begin()->second->number);
  }

  void add(int deadline) {
    const std::size_t number = sleepers_.size();
    sleepers_.push_back(std::make_unique<NumberedSleeper>(number));
    NumberedSleeper& sleeper = *sleepers_.back();
    sleeper.deadline = steady_time{Duration{deadline}};
    heap_.add(sleeper);
    places_.push_back(model_.emplace(sleeper.deadline, &sleeper));
  }
  void remove(std::size_t number) {
    heap_.remove(*sleepers_[number]);
    if (places_[number]) model_.erase(*places_[number]);
    places_[number].reset();
  }
  std::size_t size() const { return sleepers_.size(); }

  void check() const {
    REQUIRE(heap_.empty() == model_.empty());
    if (model_.empty()) {
      REQUIRE(heap_.next_deadline() == steady_time::max());
    } else {
      REQUIRE(heap_.next_deadline() == model_.begin()->first);
      REQUIRE(&heap_.first() == model_.begin()->second);
    }
  }
  void check_sleeping(std::size_t number) const {
    REQUIRE(sleepers_[number]->is_sleeping() == places_[number].has_value());
  }
  void remove_first() { remove(static_cast<NumberedSleeper&>(heap_.first()).number); }
  bool empty() const { return heap_.empty(); }

 private:
  using Model = std::multimap<steady_time, NumberedSleeper*>;
  std::vector<std::unique_ptr<NumberedSleeper>> sleepers_;
  SleeperHeap heap_;
  Model model_;
  std::vector<std::optional<Model::iterator>> places_;
};

}  // namespace

TEST_CASE("a YieldQueue is first in, first out") {
  YieldQueue queue;
  CHECK(queue.empty());
  CHECK(queue.pop() == nullptr);
  const Waiters waiters = pushed(queue, 0, 3);
  CHECK_FALSE(queue.empty());
  CHECK(waiters[0]->is_queued());
  CHECK(popped(queue) == std::vector<int>{0, 1, 2});
  CHECK(queue.empty());
  CHECK_FALSE(waiters[0]->is_queued());
  queue.push(*waiters[2]);
  queue.push(*waiters[0]);
  CHECK(popped(queue) == std::vector<int>{2, 0});
}

TEST_CASE("a waiter that is destroyed leaves its queue") {
  struct Case {
    std::vector<std::size_t> destroyed;
    std::vector<int> left;
  };
  const auto [destroyed, left] = GENERATE(values<Case>({{{0}, {1, 2, 3}},
                                                        {{3}, {0, 1, 2}},
                                                        {{1, 2}, {0, 3}},
                                                        {{2, 1}, {0, 3}},
                                                        {{0, 1, 2, 3}, {}},
                                                        {{3, 0}, {1, 2}}}));
  YieldQueue queue;
  Waiters waiters = pushed(queue, 0, 4);
  for (const std::size_t i : destroyed)
    waiters[i].reset();
  CHECK(queue.empty() == left.empty());
  CHECK(popped(queue) == left);
}

TEST_CASE("a YieldQueue takes those of another before its own") {
  const int ours = GENERATE(0, 1, 3);
  const int others = GENERATE(0, 1, 3);
  YieldQueue queue;
  YieldQueue other;
  const Waiters first = pushed(queue, 10, ours);
  const Waiters second = pushed(other, 0, others);
  queue.take_front(other);
  CHECK(other.empty());
  std::vector<int> all;
  for (int i = 0; i < others; ++i)
    all.push_back(i);
  for (int i = 10; i < 10 + ours; ++i)
    all.push_back(i);
  CHECK(popped(queue) == all);
}

TEST_CASE("a SleeperHeap gives those of one deadline in the order in which they came") {
  ModelledHeap heap;
  for (int i = 0; i < 100; ++i)
    heap.add(i % 3);
  while (!heap.empty()) {
    heap.check();
    heap.remove_first();
  }
  heap.check();
}

TEST_CASE("a SleeperHeap gives what a sorted list of its sleepers would") {
  const unsigned seed = GENERATE(range(0U, 20U));
  const int deadlines = GENERATE(3, 50, 100'000);
  CAPTURE(seed, deadlines);
  std::minstd_rand random{seed};
  ModelledHeap heap;
  for (int i = 0; i < 400; ++i) {
    const unsigned what = static_cast<unsigned>(random()) % 8;
    if (what < 4 || heap.size() == 0) {
      heap.add(static_cast<int>(random() % static_cast<unsigned>(deadlines)));
    } else if (what < 6) {  // perhaps one that has left already
      const std::size_t number = random() % heap.size();
      heap.remove(number);
      heap.check_sleeping(number);
    } else if (!heap.empty()) {
      heap.remove_first();
    }
    heap.check();
  }
  while (!heap.empty()) {
    heap.remove_first();
    heap.check();
  }
}

TEST_CASE("a sleeper whose deadline is the end of time may be in the heap") {
  NumberedSleeper sleeper{0};
  sleeper.deadline = steady_time::max();
  SleeperHeap heap;
  heap.add(sleeper);
  CHECK_FALSE(heap.empty());
  CHECK(heap.next_deadline() == steady_time::max());
  CHECK(&heap.first() == &sleeper);
  heap.remove(sleeper);
  CHECK(heap.empty());
}
