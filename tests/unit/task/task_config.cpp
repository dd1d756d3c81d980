// SPDX-License-Identifier: MIT
#include <chrono>
#include <tuple>

#include <cano/error.hpp>
#include <cano/task/task_config.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using cano::TaskConfig;

namespace {

template <class Call> cano::Error refused(Call call) {
  try {
    call();
  } catch (const cano::Error& error) {
    return error;
  }
  FAIL("was not refused");
  return {};
}

}  // namespace

TEST_CASE("by default three retries with growing pauses, and no limits") {
  const TaskConfig config;
  CHECK(config.retry().max_attempts() == 4);
  for (const auto& [failed, least, most] :
       {std::tuple{0U, 90ms, 110ms}, std::tuple{1U, 180ms, 220ms}, std::tuple{2U, 360ms, 440ms}}) {
    const auto delay = config.retry().delay_for_attempt(failed);
    REQUIRE(delay);
    CHECK(*delay >= least);
    CHECK(*delay <= most);
  }
  CHECK_FALSE(config.attempt_timeout());
  CHECK_FALSE(config.timeout());
}

TEST_CASE("minimal is one attempt without limits") {
  const auto config = TaskConfig::minimal();
  CHECK(config.retry().max_attempts() == 1);
  CHECK_FALSE(config.attempt_timeout());
  CHECK_FALSE(config.timeout());
}

TEST_CASE("each setting makes a changed copy") {
  const TaskConfig config;
  CHECK(config.with_retry(cano::RetryPolicy::fixed(8, 1ms)).retry().max_attempts() == 9);
  CHECK(config.with_fixed_retry(2, 50ms).retry().max_attempts() == 3);
  CHECK(config.with_fixed_retry(2, 50ms).retry().delay_for_attempt(1) == 50ms);
  CHECK(config.with_exponential_retry(5).retry().max_attempts() == 6);
  CHECK(config.with_attempt_timeout(2s).attempt_timeout() == cano::Duration{2s});
  CHECK(config.with_timeout(1min).timeout() == cano::Duration{1min});
  CHECK(config.retry().max_attempts() == 4);
  CHECK_FALSE(config.timeout());
  const auto all = TaskConfig::minimal().with_attempt_timeout(2s).with_timeout(1min);
  CHECK(all.retry().max_attempts() == 1);
  CHECK(all.attempt_timeout() == cano::Duration{2s});
  CHECK(all.timeout() == cano::Duration{1min});
}

TEST_CASE("a limit that is not positive is refused") {
  const auto none = refused([] { TaskConfig{}.with_attempt_timeout(0ms); });
  CHECK(none.errc() == cano::Errc::Configuration);
  CHECK(none.message() == "The attempt timeout must be positive, not 0 ns");
  CHECK(refused([] { TaskConfig{}.with_timeout(-1ms); }).message() ==
        "The timeout must be positive, not -1000000 ns");
  CHECK(refused([] { TaskConfig{}.with_timeout(std::chrono::hours::min()); }).message() ==
        "The timeout must be positive, not -9223372036854775808 ns");
}

TEST_CASE("a limit that overflows is the longest") {
  const auto config = TaskConfig{}
                          .with_attempt_timeout(std::chrono::hours::max())
                          .with_timeout(std::chrono::duration<double>{1e300});
  CHECK(config.attempt_timeout() == cano::Duration::max());
  CHECK(config.timeout() == cano::Duration::max());
}
