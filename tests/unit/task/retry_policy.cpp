// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <limits>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/error.hpp>
#include <cano/task/retry_policy.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;
using cano::Jitter;
using cano::RetryPolicy;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();

using Delay = std::optional<milliseconds>;

// The least and the greatest of so many draws that, of these ranges, both ends come up.
std::pair<milliseconds, milliseconds> ends(const RetryPolicy& policy, std::size_t failed,
                                           Delay previous = std::nullopt) {
  std::minstd_rand random{7};
  auto low = milliseconds::max();
  auto high = milliseconds::min();
  for (int draw = 0; draw < 50'000; ++draw) {
    const milliseconds delay = policy.delay_for_attempt(failed, previous, random).value();
    low = std::min(low, delay);
    high = std::max(high, delay);
  }
  return {low, high};
}

template <class Make> std::string refusal(Make make) {
  try {
    make();
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    return error.message();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("none makes one attempt") {
  const auto policy = RetryPolicy::none();
  CHECK(policy.max_attempts() == 1);
  CHECK(policy.delay_for_attempt(0) == std::nullopt);
  CHECK(policy.delay_for_attempt(huge) == std::nullopt);
}

TEST_CASE("fixed gives the same delay before each retry, then nothing") {
  const auto policy = RetryPolicy::fixed(2, 50ms);
  CHECK(policy.max_attempts() == 3);
  CHECK(policy.delay_for_attempt(0) == Delay{50ms});
  CHECK(policy.delay_for_attempt(1) == Delay{50ms});
  CHECK(policy.delay_for_attempt(2) == std::nullopt);
  CHECK(RetryPolicy::fixed(1, 0ms).delay_for_attempt(0) == Delay{0ms});
}

TEST_CASE("exponential grows by the multiplier and stops at the cap") {
  const auto tripled = RetryPolicy::exponential(3, 50ms, 3.0, 30s, 0.0);
  CHECK(tripled.max_attempts() == 4);
  CHECK(tripled.delay_for_attempt(0) == Delay{50ms});
  CHECK(tripled.delay_for_attempt(1) == Delay{150ms});
  CHECK(tripled.delay_for_attempt(2) == Delay{450ms});
  CHECK(tripled.delay_for_attempt(3) == std::nullopt);

  const auto capped = RetryPolicy::exponential(3, 100ms, 10.0, 500ms, 0.0);
  CHECK(capped.delay_for_attempt(0) == Delay{100ms});
  CHECK(capped.delay_for_attempt(1) == Delay{500ms});
  CHECK(capped.delay_for_attempt(2) == Delay{500ms});
}

TEST_CASE("a delay is rounded to the nearest millisecond") {
  const auto policy = RetryPolicy::exponential(9, 100ms, 1.15, 30s, 0.0);
  CHECK(policy.delay_for_attempt(1) == Delay{115ms});  // 100 * 1.15 is a little less in binary
}

TEST_CASE("the default exponential is 100 ms doubled up to 30 s with 10 percent jitter") {
  const auto policy = RetryPolicy::exponential(20);
  CHECK(policy.max_attempts() == 21);
  CHECK(ends(policy, 0) == std::pair{milliseconds{90}, milliseconds{110}});
  CHECK(ends(policy, 1) == std::pair{milliseconds{180}, milliseconds{220}});
  CHECK(ends(policy, 19) == std::pair{milliseconds{27'000}, milliseconds{30'000}});
  CHECK(policy.delay_for_attempt(20) == std::nullopt);
}

TEST_CASE("the number of retries may be as large as it gets") {
  for (const auto& policy :
       {RetryPolicy::fixed(huge, 7ms), RetryPolicy::exponential(huge, 7ms, 2.0, 7ms, 0.0)}) {
    CHECK(policy.max_attempts() == huge);
    CHECK(policy.delay_for_attempt(huge - 2) == Delay{7ms});
    CHECK(policy.delay_for_attempt(huge) == std::nullopt);
  }
  CHECK(RetryPolicy::exponential(huge).delay_for_attempt(huge - 2).value() <= 30s);
}

TEST_CASE("a power that overflows is the cap; a base of zero stays zero") {
  CHECK(RetryPolicy::exponential(huge, 1ms, 1e308, 9s, 0.0).delay_for_attempt(5) == Delay{9s});
  CHECK(RetryPolicy::exponential(huge, 0ms, 1e308, 9s, 1.0).delay_for_attempt(5) == Delay{0ms});
}

TEST_CASE("a base above the cap counts as the cap") {
  const auto policy = RetryPolicy::exponential(3, 2s, 2.0, 1s, 0.0);
  CHECK(policy.delay_for_attempt(0) == Delay{1s});
  CHECK(ends(policy.with_jitter(Jitter::Decorrelated), 0) ==
        std::pair{milliseconds{1000}, milliseconds{1000}});
}

TEST_CASE("each kind of jitter draws from its own range, both ends included") {
  const auto policy = RetryPolicy::exponential(9, 100ms, 2.0, 30s, 0.5);
  const auto range = [&](Jitter kind, Delay previous = std::nullopt) {
    return ends(policy.with_jitter(kind), 1, previous);
  };
  CHECK(range(Jitter::Proportional) == std::pair{milliseconds{100}, milliseconds{300}});
  CHECK(range(Jitter::Full) == std::pair{milliseconds{1}, milliseconds{200}});
  CHECK(range(Jitter::Equal) == std::pair{milliseconds{100}, milliseconds{200}});
  CHECK(range(Jitter::Decorrelated, 250ms) == std::pair{milliseconds{100}, milliseconds{750}});
}

TEST_CASE("decorrelated jitter depends on the previous delay") {
  const auto policy =
      RetryPolicy::exponential(9, 100ms, 2.0, 1s, 0.0).with_jitter(Jitter::Decorrelated);
  CHECK(ends(policy, 0) == std::pair{milliseconds{100}, milliseconds{300}});
  CHECK(ends(policy, 1) == std::pair{milliseconds{100}, milliseconds{900}});
  CHECK(ends(policy, 2) == std::pair{milliseconds{100}, milliseconds{1000}});
  CHECK(ends(policy, 1, 120ms) == std::pair{milliseconds{100}, milliseconds{360}});
  CHECK(ends(policy, 1, 999ms) == std::pair{milliseconds{100}, milliseconds{1000}});
  // Delays that this policy cannot have given.
  CHECK(ends(policy, 1, -5ms) == std::pair{milliseconds{100}, milliseconds{300}});
  CHECK(ends(policy, 1, milliseconds::max()) == std::pair{milliseconds{100}, milliseconds{1000}});
}

TEST_CASE("jitter applies to fixed delays too") {
  const auto policy = RetryPolicy::fixed(1, 80ms);
  CHECK(ends(policy.with_jitter(Jitter::Full), 0) == std::pair{milliseconds{1}, milliseconds{80}});
  CHECK(ends(policy.with_jitter(Jitter::Equal), 0) ==
        std::pair{milliseconds{40}, milliseconds{80}});
  CHECK(RetryPolicy::none().with_jitter(Jitter::Full).delay_for_attempt(0) == std::nullopt);
}

TEST_CASE("no jitter passes the cap, is negative, or makes 0 of a delay that is not") {
  std::minstd_rand random{7};
  for (const Jitter kind :
       {Jitter::Proportional, Jitter::Full, Jitter::Equal, Jitter::Decorrelated}) {
    for (const double multiplier : {1.0, 1.5, 7.0}) {
      const auto policy =
          RetryPolicy::exponential(12, 1ms, multiplier, 40ms, 1.0).with_jitter(kind);
      Delay previous;
      for (std::size_t failed = 0; failed < 12; ++failed) {
        for (int draw = 0; draw < 50; ++draw) {
          const Delay delay = policy.delay_for_attempt(failed, previous, random);
          REQUIRE(delay.value() >= 1ms);
          REQUIRE(delay.value() <= 40ms);
        }
        previous = policy.delay_for_attempt(failed, previous, random);
      }
    }
  }
}

TEST_CASE("delays are spread over the range and differ from draw to draw") {
  const auto policy = RetryPolicy::fixed(1, 1000ms).with_jitter(Jitter::Full);
  std::minstd_rand random{7};
  int low = 0;
  for (int draw = 0; draw < 1000; ++draw) {
    if (policy.delay_for_attempt(0, std::nullopt, random).value() <= 500ms) ++low;
  }
  CHECK(low > 400);
  CHECK(low < 600);

  std::vector<milliseconds> own;  // the policy's own generator
  for (int draw = 0; draw < 20; ++draw) {
    own.push_back(policy.delay_for_attempt(0).value());
    own.push_back(policy.delay_for_attempt(0, 5ms).value());
  }
  CHECK(std::count(own.begin(), own.end(), own.front()) < 20);
}

TEST_CASE("the same generator gives the same delays") {
  const auto policy = RetryPolicy::exponential(5);
  std::mt19937_64 first{42};
  std::mt19937_64 second{42};
  for (std::size_t failed = 0; failed < 5; ++failed) {
    CHECK(policy.delay_for_attempt(failed, std::nullopt, first) ==
          policy.delay_for_attempt(failed, std::nullopt, second));
  }
}

TEST_CASE("a number that makes no sense is refused by name") {
  const auto exponential = [](milliseconds base, double multiplier, milliseconds cap,
                              double jitter) {
    return refusal([=] { RetryPolicy::exponential(3, base, multiplier, cap, jitter); });
  };
  CHECK(refusal([] { RetryPolicy::fixed(1, -1ms); }) ==
        "The delay of a retry policy must be between 0 and 9223372036854 ms, not -1 ms");
  CHECK(refusal([] { RetryPolicy::fixed(1, milliseconds::max()); }) ==
        "The delay of a retry policy must be between 0 and 9223372036854 ms, "
        "not 9223372036854775807 ms");
  CHECK(exponential(-20ms, 2.0, 1s, 0.1) ==
        "The delay of a retry policy must be between 0 and 9223372036854 ms, not -20 ms");
  CHECK(exponential(1ms, 2.0, -3ms, 0.1) ==
        "The max delay of a retry policy must be between 0 and 9223372036854 ms, not -3 ms");
  CHECK(exponential(1ms, 0.5, 1s, 0.1) ==
        "The multiplier of a retry policy must be finite and at least 1, not 0.5");
  CHECK(exponential(1ms, -2.0, 1s, 0.1) ==
        "The multiplier of a retry policy must be finite and at least 1, not -2");
  CHECK(exponential(1ms, not_a_number, 1s, 0.1) ==
        "The multiplier of a retry policy must be finite and at least 1, not nan");
  CHECK(exponential(1ms, infinity, 1s, 0.1) ==
        "The multiplier of a retry policy must be finite and at least 1, not inf");
  CHECK(exponential(1ms, 2.0, 1s, -0.1) ==
        "The jitter of a retry policy must be between 0 and 1, not -0.1");
  CHECK(exponential(1ms, 2.0, 1s, 1.5) ==
        "The jitter of a retry policy must be between 0 and 1, not 1.5");
  CHECK(exponential(1ms, 2.0, 1s, not_a_number) ==
        "The jitter of a retry policy must be between 0 and 1, not nan");
  CHECK(refusal([] { RetryPolicy::none().with_max_elapsed(-1ms); }) ==
        "The max elapsed time of a retry policy must be between 0 and 9223372036854 ms, "
        "not -1 ms");
}

TEST_CASE("the largest numbers that make sense are taken") {
  constexpr milliseconds longest{9'223'372'036'854};
  const auto policy = RetryPolicy::exponential(3, longest, 1e300, longest, 1.0);
  for (const Jitter kind :
       {Jitter::Proportional, Jitter::Full, Jitter::Equal, Jitter::Decorrelated}) {
    const auto [low, high] = ends(policy.with_jitter(kind), 2, longest);
    CHECK(low >= 1ms);
    CHECK(high <= longest);
  }
  CHECK(policy.with_max_elapsed(longest).max_elapsed() == longest);
}

TEST_CASE("max_elapsed is kept for the engine and changes nothing else") {
  const auto policy = RetryPolicy::fixed(2, 50ms);
  CHECK(policy.max_elapsed() == std::nullopt);
  const auto limited = policy.with_max_elapsed(3s);
  CHECK(limited.max_elapsed() == Delay{3s});
  CHECK(limited.delay_for_attempt(1) == Delay{50ms});
  CHECK(policy.with_max_elapsed(0ms).max_elapsed() == Delay{0ms});
}

TEST_CASE("retry_if keeps the function; an empty one means the default rule") {
  const auto policy = RetryPolicy::fixed(2, 50ms);
  CHECK_FALSE(policy.predicate());
  const auto picky = policy.retry_if([](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::runtime_error&) {
      return true;
    } catch (...) {
      return false;
    }
  });
  REQUIRE(picky.predicate());
  CHECK(picky.predicate()(std::make_exception_ptr(std::runtime_error{"x"})));
  CHECK_FALSE(picky.predicate()(std::make_exception_ptr(42)));
  CHECK(picky.with_jitter(Jitter::Equal).with_max_elapsed(1s).predicate());
  CHECK_FALSE(picky.retry_if(nullptr).predicate());
}

TEST_CASE("a policy is a value: the calls that change it return another one") {
  STATIC_REQUIRE(std::is_copy_assignable_v<RetryPolicy>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<RetryPolicy>);
  const auto policy = RetryPolicy::fixed(1, 100ms);
  static_cast<void>(policy.with_jitter(Jitter::Full).with_max_elapsed(1s));
  CHECK(policy.delay_for_attempt(0) == Delay{100ms});
  CHECK(policy.max_elapsed() == std::nullopt);
}
