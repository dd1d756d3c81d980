// SPDX-License-Identifier: MIT
// Limits and breakers that coroutines of many threads share.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/when_any.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/keyed_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/limit/sliding_window.hpp>
#include <cano/runtime/runtime.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"

using cano::Async;
using cano::Limit;
using cano::Permit;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct InUse {
  std::atomic<std::size_t> now{0};
  std::atomic<std::size_t> most{0};
  std::atomic<std::size_t> served{0};

  void begin(std::size_t cost) {
    const std::size_t sum = now.fetch_add(cost) + cost;
    std::size_t seen = most.load();
    while (sum > seen && !most.compare_exchange_weak(seen, sum))
      continue;
    ++served;
  }
  void end(std::size_t cost) { now.fetch_sub(cost); }
};

// Some wait for ever, some are hasty, some are cancelled, some fail.
Async<void> share_limit(std::shared_ptr<Limit> limit, InUse& use, int who, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::size_t cost = 1 + static_cast<std::size_t>(who + i) % limit->capacity();
    try {
      std::optional<Permit> permit;
      if (i % 4 == 1) {
        permit = co_await limit->acquire({.cost = cost, .max_wait = 20us});
      } else if (i % 4 == 2) {
        auto race = co_await cano::when_any(limit->acquire(cost), cano::sleep_for(10us));
        if (race.index() == 0) permit = std::move(std::get<0>(race));
      } else {
        permit = co_await limit->acquire(cost);
      }
      if (!permit) continue;
      use.begin(cost);
      if (i % 3 == 0) co_await cano::yield_now();
      use.end(cost);
      if (i % 5 == 0) throw cano::Error{cano::Errc::RateLimited, "as if"};
    } catch (const cano::Error& error) {
      if (error.errc() != cano::Errc::RateLimited) throw;
    }
  }
}
template <class Executor>
std::vector<std::future<void>> share_on(const std::vector<Executor>& executors,
                                        const std::shared_ptr<Limit>& limit, InUse& use,
                                        int rounds) {
  std::vector<std::future<void>> ends;
  for (int who = 0; who < 16; ++who) {
    ends.push_back(asio::co_spawn(executors[static_cast<std::size_t>(who) % executors.size()],
                                  share_limit(limit, use, who, rounds), asio::use_future));
  }
  return ends;
}
std::shared_ptr<Limit> shared_limit(int kind) {
  if (kind == 0) return cano::concurrency_limit(3);
  if (kind == 1) return cano::rate_limit(100'000, 1s, 3);
  return cano::sliding_window(100, 1ms);
}

Async<void> share_breaker(cano::CircuitBreaker& breaker, int who, int rounds,
                          std::atomic<int>& refused) {
  for (int i = 0; i < rounds; ++i) {
    try {
      cano::CircuitBreaker::Call call = breaker.begin();
      if (i % 4 == 0) co_await cano::yield_now();
      if ((who + i) % 7 == 0) {
        call.failed(std::make_exception_ptr(std::runtime_error{"x"}));
      } else if (i % 5 != 0) {
        call.succeeded();
      }
    } catch (const cano::Error&) {
      ++refused;
    }
    if (i % 16 == 0) co_await cano::yield_now();
  }
}
Async<void> share_keys(cano::KeyedLimit<int>& limits, std::vector<InUse>& use, int who,
                       int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const int key = (who * 7 + i * 3) % static_cast<int>(use.size());
    const Permit permit = co_await limits.acquire(key);
    use[static_cast<std::size_t>(key)].begin(1);
    co_await cano::yield_now();
    use[static_cast<std::size_t>(key)].end(1);
  }
}

}  // namespace

TEST_CASE("a limit is shared by the shards of a runtime") {
  const int kind = GENERATE(0, 1, 2);
  const std::shared_ptr<Limit> limit = shared_limit(kind);
  InUse use;
  cano::Runtime runtime{4};
  std::vector<asio::any_io_executor> shards;
  for (std::size_t i = 0; i < runtime.size(); ++i)
    shards.push_back(runtime.shard(i));
  for (std::future<void>& end : share_on(shards, limit, use, races(150, 300)))
    end.get();
  if (kind == 0) CHECK(use.most <= 3);
  CHECK(use.now == 0);
  CHECK(use.served > 0);
  CHECK(limit->waiting() == 0);
  if (kind == 0) CHECK(limit->try_acquire(3));
}

TEST_CASE("a limit is shared by the threads of a pool") {
  const int kind = GENERATE(0, 1, 2);
  const std::shared_ptr<Limit> limit = shared_limit(kind);
  InUse use;
  asio::thread_pool pool{4};
  for (std::future<void>& end :
       share_on(std::vector{pool.get_executor()}, limit, use, races(150, 300)))
    end.get();
  if (kind == 0) CHECK(use.most <= 3);
  CHECK(use.now == 0);
  CHECK(limit->waiting() == 0);
  if (kind == 0) CHECK(limit->try_acquire(3));
}

TEST_CASE("permits are given back on threads that run no coroutine") {
  const std::shared_ptr<Limit> limit = cano::concurrency_limit(2);
  InUse use;
  cano::Runtime runtime{2};
  std::vector<asio::any_io_executor> shards{runtime.shard(0), runtime.shard(1)};
  std::atomic<bool> ends{false};
  std::thread other{[&] {
    while (!ends) {
      const std::optional<Permit> permit = limit->try_acquire(2);
      std::this_thread::yield();
    }
  }};
  for (std::future<void>& end : share_on(shards, limit, use, races(100, 200)))
    end.get();
  ends = true;
  other.join();
  CHECK(use.most <= 2);
  CHECK(limit->try_acquire(2));
}

TEST_CASE("contexts are destroyed while their coroutines wait for a limit that others use") {
  for (int round = 0; round < races(15, 40); ++round) {
    const std::shared_ptr<Limit> limit = shared_limit(round % 3);
    InUse use;
    cano::Runtime runtime{2};
    std::vector<asio::any_io_executor> shards{runtime.shard(0), runtime.shard(1)};
    auto ends = share_on(shards, limit, use, 40);
    InUse gone;  // what is destroyed has not come to the end
    for (int i = 0; i < 5; ++i) {
      asio::io_context context{1};
      asio::co_spawn(context, share_limit(limit, gone, 1, 1000), [](std::exception_ptr) {});
      asio::co_spawn(context, share_limit(limit, gone, 2, 1000), [](std::exception_ptr) {});
      for (int step = 0; step < 200; ++step)
        context.poll_one();
    }
    for (std::future<void>& end : ends)
      end.get();
    CHECK(use.now == 0);
    CHECK(limit->waiting() == 0);
    if (round % 3 == 0) CHECK(limit->try_acquire(3));
  }
}

TEST_CASE("the last owner of a limit lets go while others give back") {
  for (int round = 0; round < races(300, 300); ++round) {
    std::shared_ptr<Limit> limit = cano::concurrency_limit(2);
    std::optional<Permit> first = limit->try_acquire();
    std::optional<Permit> second = limit->try_acquire();
    std::thread other{[&] { second.reset(); }};
    limit.reset();
    first.reset();
    other.join();
  }
}

TEST_CASE("a breaker is shared by the shards of a runtime") {
  const auto breaker = cano::circuit_breaker(
      {.consecutive = 3, .window = 50, .failure_rate = 0.9, .slow_call = 1h, .open_for = 20us});
  std::atomic<int> refused{0};
  cano::Runtime runtime{4};
  std::vector<std::future<void>> ends;
  for (int who = 0; who < 8; ++who) {
    ends.push_back(asio::co_spawn(runtime.shard(static_cast<std::size_t>(who) % 4),
                                  share_breaker(*breaker, who, races(500, 2000), refused),
                                  asio::use_future));
  }
  for (int i = 0; i < 50; ++i) {
    breaker->force_open();
    breaker->reset();
  }
  for (std::future<void>& end : ends)
    end.get();
  breaker->reset();
  CHECK_NOTHROW(breaker->begin().succeeded());
}

TEST_CASE("limits of keys are made and forgotten on many threads") {
  cano::KeyedLimit<int> limits{[] { return cano::concurrency_limit(1); }};
  std::vector<InUse> use(20);
  cano::Runtime runtime{4};
  std::vector<std::future<void>> ends;
  for (int who = 0; who < 8; ++who) {
    ends.push_back(asio::co_spawn(runtime.shard(static_cast<std::size_t>(who) % 4),
                                  share_keys(limits, use, who, races(100, 300)), asio::use_future));
  }
  for (std::future<void>& end : ends)
    end.get();
  for (const InUse& each : use)
    CHECK(each.most <= 1);
  CHECK(limits.size() <= 20);
  limits.evict_idle();
  CHECK(limits.size() == 0);
}
