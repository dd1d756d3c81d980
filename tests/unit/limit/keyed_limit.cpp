// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/keyed_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::Async;
using cano::Errc;
using cano::KeyedLimit;
using cano::Permit;
using namespace std::chrono_literals;

namespace {

Async<void> acquire_key(KeyedLimit<std::string>& limits, std::string key) {
  const Permit permit = co_await limits.acquire(key);
}
Async<void> hold_key(KeyedLimit<std::string>& limits, std::string key, cano::Duration time) {
  const Permit permit = co_await limits.acquire(key, {.cost = 1});
  co_await cano::sleep_for(time);
}

}  // namespace

TEST_CASE("each key has a limit of its own") {
  SerialClock fixture;
  KeyedLimit<std::string> limits{[] { return cano::rate_limit(1, 1s, 1); }};
  fixture.run(acquire_key(limits, "a"));
  fixture.run(acquire_key(limits, "b"));
  CHECK(fixture.elapsed() == 0s);
  CHECK(limits.size() == 2);
  fixture.run(acquire_key(limits, "a"));
  CHECK(fixture.elapsed() == 1s);
}

TEST_CASE("the limit of a key may depend on it") {
  KeyedLimit<int> limits{
      [](int key) { return cano::concurrency_limit(key == 0 ? std::size_t{1} : std::size_t{5}); }};
  CHECK(limits.try_acquire(1, 5));
  CHECK(error_of([&] { static_cast<void>(limits.try_acquire(0, 5)); }).errc() ==
        Errc::Configuration);
  CHECK(error_of([&] { static_cast<void>(limits.acquire(0, 5)); }).errc() == Errc::Configuration);
  KeyedLimit<int> none{[] { return std::shared_ptr<cano::Limit>{}; }};
  CHECK(error_of([&] { static_cast<void>(none.acquire(0)); }).errc() == Errc::Configuration);
  CHECK(none.size() == 0);
}

TEST_CASE("a limit that nobody uses is forgotten as soon as nobody can tell") {
  SerialClock fixture;
  KeyedLimit<std::string> limits{[] { return cano::rate_limit(1, 1s, 1); }};
  for (int i = 0; i < 100; ++i)
    fixture.run(acquire_key(limits, std::to_string(i)));
  CHECK(limits.size() == 100);
  fixture.run_here([&] { CHECK(limits.evict_idle() == 0); });  // their buckets are empty
  fixture.run_until(1s);
  SECTION("by and by, with other calls") {
    for (int i = 0; i < 60; ++i)
      fixture.run(acquire_key(limits, "busy"));
    CHECK(limits.size() == 1);
  }
  SECTION("when asked to") {
    fixture.run_here([&] { CHECK(limits.evict_idle() == 100); });
    CHECK(limits.size() == 0);
  }
}

TEST_CASE("a limit that is waited for or held is not forgotten") {
  SerialClock fixture;
  KeyedLimit<std::string> limits{[] { return cano::concurrency_limit(1); }};
  StartedAsync holds{fixture.get_executor(), hold_key(limits, "a", 1s)};
  StartedAsync waits{fixture.get_executor(), hold_key(limits, "a", 1s)};
  Async<Permit> not_awaited = limits.acquire("b");
  fixture.settle();
  CHECK(limits.evict_idle() == 0);
  fixture.run_until(1s);
  CHECK(limits.evict_idle() == 0);
  fixture.run_all();
  CHECK(fixture.elapsed() == 2s);
  CHECK(limits.evict_idle() == 1);
  not_awaited = {};
  CHECK(limits.evict_idle() == 1);
}

TEST_CASE("permits and waits outlive the limits of keys") {
  SerialClock fixture;
  auto limits =
      std::make_unique<KeyedLimit<std::string>>([] { return cano::concurrency_limit(1); });
  std::optional<Permit> permit = limits->try_acquire("a");
  REQUIRE(permit);
  StartedAsync waits{fixture.get_executor(), acquire_key(*limits, "a")};
  fixture.settle();
  limits.reset();
  permit.reset();
  fixture.settle();
  CHECK(waits.has_ended);
  CHECK_FALSE(waits.error);
}
