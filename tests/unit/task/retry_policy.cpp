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

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task_config.hpp>

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

using cano::Duration;
using Delay = std::optional<Duration>;
using Ends = std::pair<Duration, Duration>;

// A generator that always draws the same.
template <class Integer> struct Stuck {
  using result_type = Integer;
  static constexpr Integer min() { return 3; }
  static constexpr Integer max() { return std::numeric_limits<Integer>::max() - 5; }
  Integer operator()() const { return drawn; }
  Integer drawn;
};

// The least and the greatest delay there can be, whatever the width of the generator; any other
// draw is between them.
template <class Integer>
Ends ends_with(const RetryPolicy& policy, std::size_t failed, Delay previous) {
  Stuck<Integer> least{Stuck<Integer>::min()};
  Stuck<Integer> greatest{Stuck<Integer>::max()};
  return {policy.delay_for_attempt(failed, previous, least).value(),
          policy.delay_for_attempt(failed, previous, greatest).value()};
}
Ends ends(const RetryPolicy& policy, std::size_t failed, Delay previous = std::nullopt) {
  const Ends found = ends_with<std::uint64_t>(policy, failed, previous);
  CHECK(ends_with<std::uint32_t>(policy, failed, previous) == found);
  CHECK(ends_with<std::uint8_t>(policy, failed, previous) == found);
  std::minstd_rand random{7};
  for (int draw = 0; draw < 1000; ++draw) {
    const Duration delay = policy.delay_for_attempt(failed, previous, random).value();
    CHECK(delay >= found.first);
    CHECK(delay <= found.second);
  }
  return found;
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

TEST_CASE("a delay is rounded to the nearest nanosecond") {
  const auto policy = RetryPolicy::exponential(9, 100ms, 1.15, 30s, 0.0);
  CHECK(policy.delay_for_attempt(1) == Delay{115ms});  // 100 * 1.15 is a little less in binary
}

TEST_CASE("the default exponential is 100 ms doubled up to 30 s with 10 percent jitter") {
  const auto policy = RetryPolicy::exponential(20);
  CHECK(policy.max_attempts() == 21);
  CHECK(ends(policy, 0) == Ends{90ms, 110ms});
  CHECK(ends(policy, 1) == Ends{180ms, 220ms});
  CHECK(ends(policy, 19) == Ends{27'000ms, 30'000ms});
  CHECK(policy.delay_for_attempt(20) == std::nullopt);
}

TEST_CASE("a policy without an end says so and always has a delay") {
  constexpr std::size_t forever = RetryPolicy::unlimited;
  for (const auto& policy :
       {RetryPolicy::fixed(forever, 7ms), RetryPolicy::exponential(forever, 7ms, 2.0, 7ms, 0.0)}) {
    CHECK(policy.max_attempts() == forever);
    for (const std::size_t failed : {std::size_t{0}, std::size_t{1000}, forever - 1, forever, huge})
      CHECK(policy.delay_for_attempt(failed) == Delay{7ms});
  }
  CHECK(RetryPolicy::exponential(forever).delay_for_attempt(huge - 2).value() <= 30s);
  const auto many = RetryPolicy::fixed(4'000'000'000U, 7ms);
  CHECK(many.max_attempts() == 4'000'000'001U);
  CHECK(many.delay_for_attempt(4'000'000'000U) == std::nullopt);
}

TEST_CASE("a count that a negative number converts to is refused") {
  const auto text = [](auto count) {
    return refusal([=] { RetryPolicy::fixed(static_cast<std::size_t>(count), 1s); });
  };
  CHECK(text(-1) ==
        "RetryPolicy: the number of retries must be at least 0 and at most "
        "RetryPolicy::unlimited, not -1");
  for (const std::int64_t count :
       {std::int64_t{-2}, std::int64_t{-2'147'483'648}, std::numeric_limits<std::int64_t>::min()}) {
    CHECK(text(count).find("not " + std::to_string(count)) != std::string::npos);
    const auto converted = static_cast<std::size_t>(count);
    CHECK_THROWS_AS(RetryPolicy::exponential(converted), Error);
    CHECK_THROWS_AS(cano::TaskConfig{}.with_fixed_retry(converted, 1ms), Error);
    CHECK_THROWS_AS(cano::TaskConfig{}.with_exponential_retry(converted), Error);
  }
}

TEST_CASE("a delay is any duration") {
  const auto delay = [](const RetryPolicy& policy) { return policy.delay_for_attempt(0).value(); };
  CHECK(delay(RetryPolicy::fixed(1, 0.25s)) == 250ms);
  CHECK(delay(RetryPolicy::fixed(1, 500us)) == 500us);
  CHECK(delay(RetryPolicy::fixed(1, 1.5min)) == 90s);
  CHECK(delay(RetryPolicy::fixed(1, 3ns)) == 3ns);
  CHECK(delay(RetryPolicy::fixed(1, std::chrono::days{1})) == 24h);
  const auto growing = RetryPolicy::exponential(9, 0.5s, 2.0, 1.5min, 0.0);
  CHECK(growing.delay_for_attempt(1) == Delay{1s});
  CHECK(growing.delay_for_attempt(8) == Delay{90s});
  CHECK(delay(cano::TaskConfig{}.with_fixed_retry(1, 0.25s).retry()) == 250ms);
  CHECK(RetryPolicy::none().with_max_elapsed(0.5h).max_elapsed() == Delay{30min});

  using Seconds = std::chrono::duration<double>;
  for (const double count : {-0.001, -infinity, infinity, not_a_number, 1e300}) {
    CHECK_THROWS_AS(RetryPolicy::fixed(1, Seconds{count}), Error);
    CHECK_THROWS_AS(RetryPolicy::exponential(1, Seconds{count}, 2.0, 1s, 0.0), Error);
    CHECK_THROWS_AS(RetryPolicy::exponential(1, 1s, 2.0, Seconds{count}, 0.0), Error);
    CHECK_THROWS_AS(RetryPolicy::none().with_max_elapsed(Seconds{count}), Error);
    CHECK_THROWS_AS(RetryPolicy::none().with_max_retry_after(Seconds{count}), Error);
  }
  CHECK(delay(RetryPolicy::fixed(1, Duration::max())) == Duration::max());
}

TEST_CASE("a power that overflows is the cap; a base of zero stays zero") {
  CHECK(
      RetryPolicy::exponential(RetryPolicy::unlimited, 1ms, 1e308, 9s, 0.0).delay_for_attempt(5) ==
      Delay{9s});
  CHECK(
      RetryPolicy::exponential(RetryPolicy::unlimited, 0ms, 1e308, 9s, 1.0).delay_for_attempt(5) ==
      Delay{0ms});
}

TEST_CASE("a base above the cap counts as the cap") {
  const auto policy = RetryPolicy::exponential(3, 2s, 2.0, 1s, 0.0);
  CHECK(policy.delay_for_attempt(0) == Delay{1s});
  CHECK(ends(policy.with_jitter(Jitter::Decorrelated), 0) == Ends{1000ms, 1000ms});
}

TEST_CASE("each kind of jitter draws from its own range, both ends included") {
  const auto policy = RetryPolicy::exponential(9, 100ms, 2.0, 30s, 0.5);
  const auto range = [&](Jitter kind, Delay previous = std::nullopt) {
    return ends(policy.with_jitter(kind), 1, previous);
  };
  CHECK(range(Jitter::Proportional) == Ends{100ms, 300ms});
  CHECK(range(Jitter::Full) == Ends{1ns, 200ms});
  CHECK(range(Jitter::Equal) == Ends{100ms, 200ms});
  CHECK(range(Jitter::Decorrelated, 250ms) == Ends{100ms, 750ms});
}

TEST_CASE("decorrelated jitter depends on the previous delay") {
  const auto policy =
      RetryPolicy::exponential(9, 100ms, 2.0, 1s, 0.0).with_jitter(Jitter::Decorrelated);
  CHECK(ends(policy, 0) == Ends{100ms, 300ms});
  CHECK(ends(policy, 1) == Ends{100ms, 900ms});
  CHECK(ends(policy, 2) == Ends{100ms, 1000ms});
  CHECK(ends(policy, 1, 120ms) == Ends{100ms, 360ms});
  CHECK(ends(policy, 1, 999ms) == Ends{100ms, 1000ms});
  // Delays that this policy cannot have given.
  CHECK(ends(policy, 1, -5ms) == Ends{100ms, 300ms});
  CHECK(ends(policy, 1, Duration::max()) == Ends{100ms, 1000ms});
}

TEST_CASE("jitter applies to fixed delays too") {
  const auto policy = RetryPolicy::fixed(1, 80ms);
  CHECK(ends(policy.with_jitter(Jitter::Full), 0) == Ends{1ns, 80ms});
  CHECK(ends(policy.with_jitter(Jitter::Equal), 0) == Ends{40ms, 80ms});
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
          REQUIRE(delay.value() >= 1ns);
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

  std::vector<Duration> own;  // the policy's own generator
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
        "RetryPolicy: the delay must be between 0 and 292 years, not -1 ms");
  CHECK(refusal([] { RetryPolicy::fixed(1, milliseconds::max()); }) ==
        "RetryPolicy: the delay must be between 0 and 292 years, "
        "not 9223372036854775808 ms");
  CHECK(exponential(-20ms, 2.0, 1s, 0.1) ==
        "RetryPolicy: the delay must be between 0 and 292 years, not -20 ms");
  CHECK(exponential(1ms, 2.0, -3ms, 0.1) ==
        "RetryPolicy: the max delay must be between 0 and 292 years, not -3 ms");
  CHECK(exponential(1ms, 0.5, 1s, 0.1) ==
        "RetryPolicy: the multiplier must be finite and at least 1, not 0.5");
  CHECK(exponential(1ms, -2.0, 1s, 0.1) ==
        "RetryPolicy: the multiplier must be finite and at least 1, not -2");
  CHECK(exponential(1ms, not_a_number, 1s, 0.1) ==
        "RetryPolicy: the multiplier must be finite and at least 1, not nan");
  CHECK(exponential(1ms, infinity, 1s, 0.1) ==
        "RetryPolicy: the multiplier must be finite and at least 1, not inf");
  CHECK(exponential(1ms, 2.0, 1s, -0.1) ==
        "RetryPolicy: the jitter must be between 0 and 1, not -0.1");
  CHECK(exponential(1ms, 2.0, 1s, 1.5) ==
        "RetryPolicy: the jitter must be between 0 and 1, not 1.5");
  CHECK(exponential(1ms, 2.0, 1s, not_a_number) ==
        "RetryPolicy: the jitter must be between 0 and 1, not nan");
  CHECK(refusal([] { RetryPolicy::none().with_max_elapsed(-1ms); }) ==
        "RetryPolicy: the max elapsed time must be between 0 and 292 years, "
        "not -1 ms");
}

TEST_CASE("the largest numbers that make sense are taken") {
  constexpr milliseconds longest{9'223'372'036'854};
  const auto policy = RetryPolicy::exponential(3, longest, 1e300, longest, 1.0);
  for (const Jitter kind :
       {Jitter::Proportional, Jitter::Full, Jitter::Equal, Jitter::Decorrelated}) {
    const auto [low, high] = ends(policy.with_jitter(kind), 2, longest);
    CHECK(low >= 1ns);
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

TEST_CASE("a pause that a failure names is taken as it is, or up to a cap") {
  const auto policy = RetryPolicy::fixed(2, 50ms);
  CHECK(policy.capped(2h) == 2h);
  CHECK(policy.capped(-1s) == 0s);
  const auto careful = policy.with_max_retry_after(0.5min);
  CHECK(careful.capped(2h) == 30s);
  CHECK(careful.capped(29s) == 29s);
  CHECK(careful.delay_for_attempt(0) == Delay{50ms});
}

TEST_CASE("with_delay_from keeps the function") {
  const auto policy = RetryPolicy::fixed(2, 50ms);
  CHECK_FALSE(policy.delay_from());
  const auto asking = policy.with_delay_from(
      [](const std::exception_ptr& error) { return error ? Delay{2s} : Delay{}; });
  REQUIRE(asking.delay_from());
  CHECK(asking.delay_from()(std::make_exception_ptr(1)) == Delay{2s});
  CHECK(asking.delay_from()(nullptr) == std::nullopt);
  CHECK_FALSE(asking.with_delay_from(nullptr).delay_from());
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
