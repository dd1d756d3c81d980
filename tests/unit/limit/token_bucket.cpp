// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <cano/duration.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/token_bucket.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::TokenBucket;
using namespace std::chrono_literals;

namespace {

steady_time bucket_time(Duration since_start) { return steady_time{1h} + since_start; }

}  // namespace

TEST_CASE("a bucket is full at first and fills evenly") {
  struct Case {
    std::size_t rate;
    Duration per;
    std::size_t capacity;
    Duration first_due;  // of one more when it is empty
  };
  for (const Case& c :
       {Case{1, 1s, 1, 1s}, Case{10, 1s, 5, 100ms}, Case{3, 1s, 1, 333333334ns},
        Case{7, 1ns, 3, 1ns}, Case{1, 24h, 2, 24h}, Case{999'983, 24h, 1'000'003, 0ns}}) {
    CAPTURE(c.rate, c.per.count(), c.capacity);
    TokenBucket bucket{c.rate, c.per, c.capacity};
    for (std::size_t i = 0; i < c.capacity; ++i)
      REQUIRE(bucket.take(bucket_time(0s), 1));
    CHECK_FALSE(bucket.take(bucket_time(0s), 1));
    const Duration wait = bucket.due(bucket_time(0s), 0, 1) - bucket_time(0s);
    if (c.rate != 999'983) CHECK(wait == c.first_due);
    // ceil(per / rate), in integers
    CHECK(wait.count() ==
          (c.per.count() + static_cast<long>(c.rate) - 1) / static_cast<long>(c.rate));
    CHECK_FALSE(bucket.take(bucket_time(wait - 1ns), 1));
    CHECK(bucket.take(bucket_time(wait), 1));
  }
}

TEST_CASE("a bucket does not drift where a token is no whole number of nanoseconds") {
  TokenBucket bucket{3, 1s, 2};
  REQUIRE(bucket.take(bucket_time(0s), 2));
  for (std::int64_t i = 1; i < 30'000; ++i) {
    const Duration at{(i * 1'000'000'000 + 2) / 3};
    REQUIRE_FALSE(bucket.take(bucket_time(at - 1ns), 1));
    REQUIRE(bucket.take(bucket_time(at), 1));
  }
}

TEST_CASE("large numbers do not overflow a bucket") {
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  TokenBucket bucket{most, Duration::max(), most};
  CHECK(bucket.take(steady_time::min(), most));
  CHECK_FALSE(bucket.take(steady_time::min(), 2));
  CHECK(bucket.take(steady_time::max(), most));
  CHECK(bucket.due(steady_time::max(), cano::detail::most_units, most) == steady_time::max());

  TokenBucket slow{1, Duration::max(), 1};
  CHECK(slow.take(bucket_time(0s), 1));
  CHECK(slow.due(bucket_time(0s), 0, 1) == steady_time::max());
}

TEST_CASE("who waits in front counts for when one is due") {
  TokenBucket bucket{10, 1s, 5};
  REQUIRE(bucket.take(bucket_time(0s), 5));
  CHECK(bucket.due(bucket_time(0s), 0, 5) == bucket_time(500ms));
  CHECK(bucket.due(bucket_time(0s), 5, 1) == bucket_time(600ms));
  CHECK(bucket.due(bucket_time(0s), 100, 5) == bucket_time(10500ms));
}

TEST_CASE("a grant that is undone never was") {
  TokenBucket bucket{1, 1s, 2};
  REQUIRE(bucket.take(bucket_time(0s), 1));
  bucket.grant_begins();
  SECTION("at once") {
    bucket.undo(bucket_time(0s), {1, bucket_time(0s)});
    CHECK(bucket.is_fresh(bucket_time(0s)));
  }
  SECTION("after a time in which the bucket would have been full") {
    bucket.undo(bucket_time(500ms), {1, bucket_time(0s)});
    CHECK(bucket.take(bucket_time(500ms), 2));
    CHECK_FALSE(bucket.take(bucket_time(1499ms), 1));
  }
  SECTION("when others have taken meanwhile") {
    // Without the grant: full until 500 ms, then one is left, and the second comes at 1500 ms.
    REQUIRE(bucket.take(bucket_time(500ms), 1));
    bucket.undo(bucket_time(500ms), {1, bucket_time(0s)});
    CHECK(bucket.take(bucket_time(500ms), 1));
    CHECK(bucket.due(bucket_time(500ms), 0, 1) == bucket_time(1500ms));
  }
  SECTION("or it stays taken") {
    bucket.grant_ends();
    CHECK(bucket.take(bucket_time(0s), 1));
    CHECK_FALSE(bucket.take(bucket_time(999ms), 1));
  }
}

TEST_CASE("what is undone never lets more through than the bucket says") {
  std::minstd_rand random{GENERATE(1U, 2U, 3U, 4U, 5U)};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 300; ++round) {
    const std::size_t rate = 1 + below(4);
    const std::size_t capacity = 1 + below(4);
    TokenBucket bucket{rate, 1s, capacity};
    struct Taken {
      Duration at;
      std::size_t cost;
    };
    std::vector<Taken> kept;
    std::vector<Taken> open;
    Duration now{};
    for (int i = 0; i < 40; ++i) {
      now += 100ms * static_cast<int>(below(8));
      const std::size_t cost = 1 + below(capacity);
      if (!open.empty() && below(3) == 0) {
        if (below(2) == 0) {
          bucket.undo(bucket_time(now), {open.back().cost, bucket_time(open.back().at)});
        } else {
          bucket.grant_ends();
          kept.push_back(open.back());
        }
        open.pop_back();
      } else if (bucket.take(bucket_time(now), cost)) {
        if (below(2) == 0) {
          bucket.grant_begins();
          open.push_back({now, cost});
        } else {
          kept.push_back({now, cost});
        }
      }
    }
    // In no window more than the capacity and what came in.
    for (const Taken& first : kept) {
      for (const Taken& last : kept) {
        if (last.at < first.at) continue;
        std::size_t sum = 0;
        for (const Taken& each : kept)
          if (each.at >= first.at && each.at <= last.at) sum += each.cost;
        const auto milliseconds = static_cast<std::size_t>((last.at - first.at) / 1ms);
        REQUIRE(sum * 1000 <= capacity * 1000 + milliseconds * rate);
      }
    }
  }
}
