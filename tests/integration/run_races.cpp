// SPDX-License-Identifier: MIT
// Random runs on several threads, each with an end of its own: an exit, a failure, a limit, a stop
// from another thread. For the sanitizers.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/async/async.hpp>
#include <cano/async/blocking.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"
#include "support/random_runs.hpp"

namespace asio = boost::asio;
using cano::Async;
using namespace std::chrono_literals;

namespace {

constexpr int runs = races(6'000, 2'000);  // for each kind of executor

enum class Spot { Plain, Waits, Joins, Bridges, Phases, Child, Blocks, Done };
using cano::Workflow;

// Guarded by nothing: only the tasks of one run may touch it.
struct Tour {
  explicit Tour(unsigned seed) : random{seed + 1} {}
  unsigned number(unsigned below) { return static_cast<unsigned>(random() >> 8U) % below; }
  Spot next() {
    if (++hops > 12) return Spot::Done;
    return static_cast<Spot>(number(number(40) == 0 ? 8 : 6));  // seldom a child or a thread
  }
  std::minstd_rand random;
  int hops = 0;
};

void fail_sometimes(Tour& tour) {
  if (tour.number(20) == 0) throw std::runtime_error{"by chance"};
}

Spot plain(Tour& tour) {
  fail_sometimes(tour);
  return tour.next();
}

Async<Spot> waits(Tour& tour) {
  for (unsigned i = tour.number(4); i > 0; --i) {
    switch (tour.number(3)) {
      case 0:
        co_await cano::yield_now();
        break;
      case 1:
        co_await cano::sleep_for(std::chrono::microseconds{tour.number(40)});
        break;
      default:
        asio::steady_timer timer{co_await asio::this_coro::executor, 20us};
        co_await timer.async_wait(asio::deferred);
    }
  }
  fail_sometimes(tour);
  co_return tour.next();
}

// What runs beside others has numbers of its own.
Async<unsigned> part(unsigned seed) {
  if (seed % 2 == 0) co_await cano::sleep_for(std::chrono::microseconds{seed % 50});
  if (seed % 3 == 0) co_await cano::yield_now();
  if (seed % 11 == 0) throw std::runtime_error{"a part"};
  co_return seed;
}
Async<Spot> joins(Tour& tour) {
  const unsigned a = tour.number(100);
  const unsigned b = tour.number(100);
  if (a % 3 == 0) co_await cano::when_all(part(a), part(b));
  if (a % 3 == 1) co_await cano::when_any(part(a), part(b));
  if (a % 3 == 2) co_await cano::timeout(std::chrono::microseconds{b}, part(a));
  co_return tour.next();
}

asio::awaitable<Spot> bridges(Tour& tour) {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::deferred);
  if (tour.number(2) == 0) co_await part(tour.number(100));
  co_return tour.next();
}

struct Phases {
  unsigned prep(Tour& tour) const { return tour.number(100); }
  Async<unsigned> exec(unsigned seed) const { return part(seed); }
  Async<Spot> post(Tour& tour, unsigned) const {
    co_await cano::yield_now();
    co_return tour.next();
  }
};

Async<Spot> blocks(Tour& tour) {
  const unsigned seed = tour.number(100);
  const unsigned same = co_await cano::blocking([](unsigned s) { return s; }, seed);
  if (same != seed) throw std::logic_error{"another number"};
  co_return tour.next();
}

struct Counts : cano::Observer {
  std::atomic<int> open_runs{0};
  std::atomic<int> open_attempts{0};
  std::atomic<int> ended{0};
  void on_run_started(const cano::RunStarted&) override { ++open_runs; }
  void on_run_finished(const cano::RunFinished&) override { --open_runs, ++ended; }
  void on_attempt_started(const cano::AttemptStarted&) override { ++open_attempts; }
  void on_attempt_succeeded(const cano::AttemptSucceeded&) override { --open_attempts; }
  void on_attempt_failed(const cano::AttemptFailed&) override { --open_attempts; }
  void on_attempt_cancelled(const cano::AttemptCancelled&) override { --open_attempts; }
};

using Flow = Workflow<Spot, Tour>;

const cano::TaskConfig retries = cano::TaskConfig{}.with_fixed_retry(2, 0ms);

Flow without_child() {
  return Flow{Spot::Plain}
      .add(Spot::Plain, plain, retries)
      .add(Spot::Waits, waits, retries.with_attempt_timeout(100us))
      .add(Spot::Joins, joins, retries)
      .add(Spot::Bridges, bridges, retries.with_timeout(1ms))
      .add(Spot::Phases, Phases{}, retries)
      .add(Spot::Blocks, blocks, retries)
      .add_exit_state(Spot::Done);
}

Flow with_child(const std::shared_ptr<Counts>& counts) {
  const auto child =
      [flow = without_child().add(Spot::Child, plain, retries)](Tour& tour) -> Async<Spot> {
    return [](const Flow& inner, Tour& outer) -> Async<Spot> {
      Tour own{outer.number(1000)};
      co_await inner.orchestrate(own);
      co_return outer.next();
    }(flow, tour);
  };
  return without_child().add(Spot::Child, child, retries).with_observer(counts);
}

void race(const std::vector<asio::any_io_executor>& executors, unsigned first_seed) {
  const auto counts = std::make_shared<Counts>();
  const Flow flow = with_child(counts);
  const auto outcomes = race_runs(
      flow, RandomRuns{executors, runs, 16, 32, first_seed},
      [](unsigned number) { return std::make_unique<Tour>(number); },
      [](const cano::RunOptions& options, unsigned number) {
        if (number % 8 != 0) return options;
        return options.with_timeout(std::chrono::microseconds{number % 300});
      },
      [](const auto&, const Tour&) {});

  CHECK(outcomes[0] > 0);
  CHECK(outcomes[1] > 0);
  CHECK(outcomes[2] > 0);
  CHECK(outcomes[0] + outcomes[1] + outcomes[2] == runs);
  CHECK(counts->open_runs == 0);
  CHECK(counts->open_attempts == 0);
  CHECK(counts->ended >= runs);
}

}  // namespace

TEST_CASE("random runs on a thread pool, stopped by others", "[stress]") {
  asio::thread_pool pool{4};
  race({pool.get_executor()}, 1);
  pool.join();
}

TEST_CASE("random runs on a Runtime, stopped by others", "[stress]") {
  cano::Runtime runtime{4};
  std::vector<asio::any_io_executor> executors{runtime.get_executor()};
  for (std::size_t i = 0; i < runtime.size(); ++i)
    executors.emplace_back(runtime.shard(i));
  race(executors, 2);
}
