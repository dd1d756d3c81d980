// SPDX-License-Identifier: MIT
#include <cstdint>
#include <limits>
#include <random>
#include <set>

#include <cano/detail/random_bits.hpp>

#include "support/catch.hpp"

using cano::detail::random_between;
using cano::detail::random_share;
using cano::detail::RandomBits;

TEST_CASE("random bits repeat with their seed and differ with another") {
  STATIC_REQUIRE(std::uniform_random_bit_generator<RandomBits>);
  RandomBits first{7};
  RandomBits second{7};
  RandomBits other{8};
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t bits = first();
    CHECK(bits == second());
    CHECK(bits != other());
    seen.insert(bits);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("every bit is drawn about as often as not") {
  RandomBits random{1};
  int ones[64] = {};
  for (int i = 0; i < 4000; ++i) {
    const std::uint64_t bits = random();
    for (unsigned bit = 0; bit < 64; ++bit)
      ones[bit] += static_cast<int>(bits >> bit & 1U);
  }
  for (const int count : ones) {
    CHECK(count > 1800);
    CHECK(count < 2200);
  }
}

TEST_CASE("threads and processes have seeds of their own") {
  CHECK(cano::detail::system_entropy() != cano::detail::system_entropy());
  CHECK(&RandomBits::of_thread() == &RandomBits::of_thread());
}

TEST_CASE("a random number is between its ends and comes to both") {
  std::minstd_rand random{3};
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto drawn = random_between(0, 9, random);
    REQUIRE(drawn >= 0);
    REQUIRE(drawn <= 9);
    low = low || drawn == 0;
    high = high || drawn == 9;
    const double share = random_share(random);
    REQUIRE(share >= 0.0);
    REQUIRE(share <= 1.0);
  }
  CHECK(low);
  CHECK(high);
  constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
  RandomBits bits{5};
  for (int i = 0; i < 1000; ++i)
    REQUIRE(random_between(0, greatest, bits) >= 0);
  CHECK(random_between(4, 4, bits) == 4);
}
