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
  SerialWorld world;
  KeyedLimit<std::string> limits{[] { return cano::rate_limit(1, 1s, 1); }};
  world.run(acquire_key(limits, "a"));
  world.run(acquire_key(limits, "b"));
  CHECK(world.elapsed() == 0s);
  CHECK(limits.size() == 2);
  world.run(acquire_key(limits, "a"));
  CHECK(world.elapsed() == 1s);
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
  SerialWorld world;
  KeyedLimit<std::string> limits{[] { return cano::rate_limit(1, 1s, 1); }};
  for (int i = 0; i < 100; ++i)
    world.run(acquire_key(limits, std::to_string(i)));
  CHECK(limits.size() == 100);
  world.run_here([&] { CHECK(limits.evict_idle() == 0); });  // their buckets are empty
  world.run_until(1s);
  SECTION("by and by, with other calls") {
    for (int i = 0; i < 60; ++i)
      world.run(acquire_key(limits, "busy"));
    CHECK(limits.size() == 1);
  }
  SECTION("when asked to") {
    world.run_here([&] { CHECK(limits.evict_idle() == 100); });
    CHECK(limits.size() == 0);
  }
}

TEST_CASE("a limit that is waited for or held is not forgotten") {
  SerialWorld world;
  KeyedLimit<std::string> limits{[] { return cano::concurrency_limit(1); }};
  StartedAsync holds{world.get_executor(), hold_key(limits, "a", 1s)};
  StartedAsync waits{world.get_executor(), hold_key(limits, "a", 1s)};
  Async<Permit> not_awaited = limits.acquire("b");
  world.settle();
  CHECK(limits.evict_idle() == 0);
  world.run_until(1s);
  CHECK(limits.evict_idle() == 0);
  world.run_all();
  CHECK(world.elapsed() == 2s);
  CHECK(limits.evict_idle() == 1);
  not_awaited = {};
  CHECK(limits.evict_idle() == 1);
}

TEST_CASE("permits and waits outlive the limits of keys") {
  SerialWorld world;
  auto limits =
      std::make_unique<KeyedLimit<std::string>>([] { return cano::concurrency_limit(1); });
  std::optional<Permit> permit = limits->try_acquire("a");
  REQUIRE(permit);
  StartedAsync waits{world.get_executor(), acquire_key(*limits, "a")};
  world.settle();
  limits.reset();
  permit.reset();
  world.settle();
  CHECK(waits.has_ended);
  CHECK_FALSE(waits.error);
}
