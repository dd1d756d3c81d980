// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

#include <cano/concurrent/detail/instance_queue.hpp>

#include "support/catch.hpp"

using cano::detail::InstanceQueue;
using Range = InstanceQueue::Range;

TEST_CASE("a worker takes a fraction of what is left, at most what it may start") {
  struct Row {
    std::size_t instances, workers, at_most, count;
  };
  const std::vector<Row> rows{
      {0, 1, 10, 0},       // nothing
      {1, 1, 10, 1},       // at least one
      {1, 4, 10, 1},       //
      {160, 1, 1000, 20},  // an eighth
      {160, 2, 1000, 10},  // a sixteenth
      {160, 2, 3, 3},      // no more than may be in flight
      {100'000, 1, 1000, 128}, {100'000, 4, 1000, 128},
  };
  for (const Row& row : rows) {
    CAPTURE(row.instances, row.workers, row.at_most);
    InstanceQueue queue{row.instances};
    CHECK(queue.empty() == (row.instances == 0));
    CHECK(queue.take(row.workers, row.at_most) == Range{0, row.count});
  }
}

TEST_CASE("every instance is taken once, in order, and then there are none") {
  const std::size_t instances = GENERATE(1U, 7U, 128U, 1000U, 12'345U);
  InstanceQueue queue{instances};
  std::size_t next = 0;
  while (!queue.empty()) {
    const Range range = queue.take(3, 50);
    REQUIRE(range.first == next);
    REQUIRE(range.end > range.first);
    next = range.end;
  }
  CHECK(next == instances);
  CHECK(queue.take(3, 50) == Range{instances, instances});
}

TEST_CASE("threads that take at once do not take the same") {
  constexpr std::size_t instances = 20'000;
  InstanceQueue queue{instances};
  std::vector<int> taken(instances);
  const auto take_all = [&] {
    while (!queue.empty()) {
      const Range range = queue.take(2, 4);
      std::for_each(taken.begin() + static_cast<std::ptrdiff_t>(range.first),
                    taken.begin() + static_cast<std::ptrdiff_t>(range.end), [](int& n) { ++n; });
    }
  };
  std::thread other{take_all};
  take_all();
  other.join();
  CHECK(std::count(taken.begin(), taken.end(), 1) == instances);
}
