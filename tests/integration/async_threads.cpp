// SPDX-License-Identifier: MIT
// Coroutines on several threads, cancelled and destroyed by others at random moments.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"
#include "support/races.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace async_threads_tests {

using cano::Async;
using cano::detail::AsyncAccess;
using cano::detail::EnvironmentLink;
using cano::detail::Loop;
using cano::detail::RequestStop;
using cano::detail::StartedWork;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Contexts with a thread each; what is posted there completes on that thread.
class Elsewhere {
 public:
  asio::io_context& any(unsigned number) { return contexts_[number % contexts_.size()]->context; }

 private:
  struct Running {
    Running() = default;
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      work.reset();
      context.stop();
      thread.join();
    }
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::thread thread{[this] { context.run(); }};
  };
  std::array<std::unique_ptr<Running>, 2> contexts_{std::make_unique<Running>(),
                                                    std::make_unique<Running>()};
};

// ---- random work

asio::awaitable<void> random_awaitable(unsigned seed) {
  if (seed % 3 == 0) co_return;
  asio::steady_timer timer{co_await asio::this_coro::executor,
                           std::chrono::microseconds{seed % 40}};
  co_await timer.async_wait(asio::deferred);
}

// Completes on another thread, at once or later, or not at all.
auto foreign_operation(Elsewhere& elsewhere, unsigned seed) {
  return operation_of<unsigned>([&elsewhere, seed](auto handler) {
    asio::post(elsewhere.any(seed), [own = std::move(handler), seed]() mutable {
      if (seed % 64 != 0) std::move(own)(seed);
    });
  });
}

Async<unsigned> random_work(Elsewhere& elsewhere, FrameCount& frames, unsigned seed, int depth) {
  const auto held = frames.object();
  std::minstd_rand random{seed + 1};
  unsigned sum = 0;
  const unsigned steps = static_cast<unsigned>(random()) % 5;
  for (unsigned step = 0; step < steps; ++step) {
    const auto number = static_cast<unsigned>(random());
    switch (number / 64 % 8) {
      case 0:
      case 1:
        co_await cano::yield_now();
        break;
      case 2:
        co_await cano::sleep_for(std::chrono::microseconds{number % 50});
        break;
      case 3:
        if (depth > 0) sum += co_await random_work(elsewhere, frames, number, depth - 1);
        break;
      case 4: {
        asio::steady_timer timer{co_await asio::this_coro::executor,
                                 std::chrono::microseconds{number % 50}};
        co_await timer.async_wait(asio::deferred);
        break;
      }
      case 5:
      case 6: {
        auto operation = foreign_operation(elsewhere, number);
        sum += co_await std::move(operation);
        break;
      }
      default:
        co_await random_awaitable(number);
        break;
    }
  }
  co_return sum;
}
Async<> random_task(Elsewhere& elsewhere, FrameCount& frames, unsigned seed) {
  try {
    static_cast<void>(co_await random_work(elsewhere, frames, seed, 3));
  } catch (const boost::system::system_error&) {
    if (seed % 2 == 0) throw;
  }
}

// Work that any thread may stop.
class StoppableWork final : public StartedWork<void> {
 public:
  StoppableWork(Loop& loop, Async<> work, std::atomic<int>& ended)
      : StartedWork{loop, nullptr, AsyncAccess::coroutine(work)}, ended_{&ended} {}
  ~StoppableWork() override { ++*ended_; }

  static RequestStop start_on(const asio::any_io_executor& executor, Async<> work,
                              std::atomic<int>& ended) {
    auto started = std::make_unique<StoppableWork>(*Loop::of(executor), std::move(work), ended);
    RequestStop stop{started->link()};
    started.release()->start(asio::cancellation_slot{});
    return stop;
  }

 private:
  void finished() override {
    const std::unique_ptr<StoppableWork> self{this};
    end();
  }
  std::atomic<int>* ended_;  // or dropped
};

// Starts many on each executor, and stops some from this thread while they run.
void start_and_stop(const std::vector<asio::any_io_executor>& executors, Elsewhere& elsewhere,
                    FrameCount& frames, int count, unsigned seed, std::atomic<int>& ended) {
  std::minstd_rand random{seed};
  std::vector<RequestStop> stops;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<unsigned>(random());
    const auto& executor = executors[number / 128 % executors.size()];
    auto stop = StoppableWork::start_on(executor, random_task(elsewhere, frames, number), ended);
    if (number / 32 % 4 == 0) stop();
    stops.push_back(std::move(stop));
    if (stops.size() > 20) {
      const std::size_t other = random() % stops.size();
      if (number / 16 % 2 == 0) stops[other]();
      std::swap(stops[other], stops.back());
      stops.pop_back();
    }
  }
}

constexpr int works = races(10'000, 2'000);

}  // namespace

TEST_CASE("random coroutines on a pool of threads, stopped by others") {
  FrameCount frames;
  std::atomic<int> ended = 0;
  {
    Elsewhere elsewhere;
    asio::thread_pool pool{4};
    const std::vector<asio::any_io_executor> executors{pool.get_executor(),
                                                       asio::make_strand(pool)};
    std::vector<std::thread> starting;
    for (unsigned seed = 1; seed <= 2; ++seed) {
      starting.emplace_back(
          [&, seed] { start_and_stop(executors, elsewhere, frames, works, seed, ended); });
    }
    for (std::thread& thread : starting)
      thread.join();
    pool.join();
  }
  CHECK(ended == 2 * works);
  CHECK(frames.alive() == 0);
}

TEST_CASE("random coroutines on contexts of one thread each, stopped by others") {
  FrameCount frames;
  std::atomic<int> ended = 0;
  {
    Elsewhere elsewhere;
    std::vector<std::unique_ptr<asio::io_context>> contexts;
    std::vector<asio::any_io_executor> executors;
    for (int i = 0; i < 4; ++i) {
      contexts.push_back(std::make_unique<asio::io_context>(1));
      cano::detail::mark_serial(*contexts.back());
      executors.push_back(contexts.back()->get_executor());
    }
    std::vector<asio::executor_work_guard<asio::any_io_executor>> guards(executors.begin(),
                                                                         executors.end());
    std::vector<std::thread> running;
    for (const auto& context : contexts)
      running.emplace_back([&context] { context->run(); });
    start_and_stop(executors, elsewhere, frames, works, 3, ended);
    guards.clear();
    for (std::thread& thread : running)
      thread.join();
  }
  CHECK(ended == works);
  CHECK(frames.alive() == 0);
}

TEST_CASE("random coroutines whose slots are emitted on strands of their own") {
  FrameCount frames;
  std::atomic<int> ended = 0;
  constexpr int count = works / 2;
  {
    Elsewhere elsewhere;
    asio::thread_pool pool{4};
    std::minstd_rand random{4};
    for (int i = 0; i < count; ++i) {
      const auto number = static_cast<unsigned>(random());
      // Where the handler runs, which clears the slot.
      const auto strand = asio::make_strand(pool);
      const auto signal = std::make_shared<asio::cancellation_signal>();
      asio::dispatch(strand, [&, number, strand, signal] {
        random_task(elsewhere, frames, number)(asio::bind_cancellation_slot(
            signal->slot(),
            asio::bind_executor(strand, [&ended, signal](std::exception_ptr) { ++ended; })));
      });
      if (number / 32 % 2 == 0) {
        asio::post(pool, [strand, signal] {
          asio::dispatch(strand, [signal] { signal->emit(asio::cancellation_type::all); });
        });
      }
    }
    pool.join();
  }
  CHECK(ended <= count);
  CHECK(ended > count / 2);  // of some a handler was dropped
  CHECK(frames.alive() == 0);
}

TEST_CASE("contexts are destroyed under random coroutines") {
  std::minstd_rand random{5};
  FrameCount frames;
  std::atomic<int> ended = 0;
  int started = 0;
  {
    Elsewhere elsewhere;
    for (int i = 0; i < races(300, 200); ++i) {
      std::vector<RequestStop> stops;
      PlacedContext place{static_cast<Place>(i % 4)};
      const unsigned count = static_cast<unsigned>(random()) % 20;
      for (unsigned j = 0; j < count; ++j, ++started) {
        const auto number = static_cast<unsigned>(random());
        stops.push_back(StoppableWork::start_on(place.executor(),
                                                random_task(elsewhere, frames, number), ended));
        if (number / 64 % 2 == 0) place.context().poll_one();
      }
      std::thread other{[&] {
        for (const RequestStop& stop : stops)
          stop();
      }};
      if (i % 3 == 0) place.settle();
      place.destroy();
      other.join();
      CHECK(ended == started);
      CHECK(frames.alive() == 0);
    }
  }
}

TEST_CASE("a pool of threads is stopped and destroyed under random coroutines") {
  FrameCount frames;
  std::atomic<int> ended = 0;
  constexpr int count = 300;
  {
    Elsewhere elsewhere;
    for (int i = 0; i < races(10, 5); ++i) {
      asio::thread_pool pool{3};
      const std::vector<asio::any_io_executor> executors{pool.get_executor()};
      start_and_stop(executors, elsewhere, frames, count, static_cast<unsigned>(i), ended);
      pool.stop();
    }
  }
  CHECK(ended == races(10, 5) * count);
  CHECK(frames.alive() == 0);
}

namespace {

// Queued on a context that does not run.
asio::awaitable<void> wait_elsewhere(asio::io_context& elsewhere) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&elsewhere](auto handler) {
        asio::post(elsewhere, [own = std::move(handler)]() mutable { std::move(own)(); });
      },
      asio::use_awaitable);
}
asio::awaitable<void> step_here() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}
Async<void> step_for_ever(FrameCount& frames, std::atomic<bool>& has_begun) {
  const auto held = frames.object();
  for (;;) {
    co_await step_here();
    has_begun = true;
  }
}
Async<void> wait_elsewhere_and_step(asio::io_context& elsewhere, FrameCount& frames,
                                    std::atomic<bool>& has_begun) {
  const auto held = frames.object();
  auto steps = step_for_ever(frames, has_begun);
  co_await cano::when_all(wait_elsewhere(elsewhere), std::move(steps));
}

}  // namespace

TEST_CASE("a context is destroyed elsewhere under coroutines of Asio's that wait there") {
  for (int race = 0; race < races(100, 50); ++race) {
    FrameCount frames;
    std::atomic<bool> has_begun{false};
    auto elsewhere = std::make_unique<asio::io_context>();
    int completions = 0;
    {
      asio::io_context here{1};
      if (race % 2 == 0) cano::detail::mark_serial(here);
      asio::co_spawn(here, wait_elsewhere_and_step(*elsewhere, frames, has_begun),
                     [&](const std::exception_ptr&) { ++completions; });
      std::thread destroyer{[&] {
        while (!has_begun)
          std::this_thread::yield();
        elsewhere.reset();
      }};
      here.run();  // until the work is destroyed, as what it waits for will not come
      destroyer.join();
    }
    CHECK(completions == 0);
    CHECK(frames.alive() == 0);
  }
}

}  // namespace async_threads_tests
