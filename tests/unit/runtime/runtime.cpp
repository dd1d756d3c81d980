// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#if defined(__linux__)
#include <pthread.h>
#endif

#include <cano/async/detail/loop.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/task_group.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/error.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/workflow.hpp>
#include <cano/workflow/workflow_result.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;
using cano::Runtime;
namespace asio = boost::asio;

namespace {

struct NoDefault {
  explicit NoDefault(int v) : value{v} {}
  int value;
};

asio::awaitable<int> seven() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  co_return 7;
}

asio::awaitable<std::unique_ptr<int>> owned_seven() { co_return std::make_unique<int>(7); }

asio::awaitable<NoDefault> no_default_seven() { co_return NoDefault{7}; }

asio::awaitable<void> note_thread(std::thread::id& id) {
  id = std::this_thread::get_id();
  co_return;
}

asio::awaitable<void> fail() {
  throw std::runtime_error{"failed"};
  co_return;
}

asio::awaitable<void> fail_with_int() {
  throw 42;
  co_return;
}

asio::awaitable<void> wait_for_ever(std::shared_ptr<std::atomic<int>> token) {
  asio::steady_timer timer{co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max()};
  co_await timer.async_wait(asio::use_awaitable);
  ++*token;
}

// Each level waits on one shard for the next level on another; the last one waits for ever.
asio::awaitable<void> nest(Runtime& runtime, int levels, std::shared_ptr<std::atomic<int>> token) {
  if (levels == 0) {
    co_await wait_for_ever(token);
  } else {
    co_await asio::co_spawn(runtime.get_executor(), nest(runtime, levels - 1, token),
                            asio::use_awaitable);
  }
  ++*token;
}

// Waits on a shard's executor with a timer that belongs to another.
asio::awaitable<void> wait_on(asio::any_io_executor other,
                              std::shared_ptr<std::atomic<int>> token) {
  asio::steady_timer timer{other, asio::steady_timer::time_point::max()};
  co_await timer.async_wait(asio::use_awaitable);
  ++*token;
}

asio::awaitable<void> yield_for_ever(std::atomic<int>& turns) {
  for (;;) {
    ++turns;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
}

asio::awaitable<int> run_inside(Runtime& runtime) { co_return runtime.run(seven()); }

asio::awaitable<void> hop(Runtime& runtime, int hops, std::atomic<int>& count) {
  for (int i = 0; i < hops; ++i) {
    ++count;
    co_await asio::post(runtime.get_executor(), asio::use_awaitable);
  }
}

// Waits until each shard has run what was queued there, and what that queued itself.
void settle(Runtime& runtime) {
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < runtime.size(); ++i) {
      asio::post(runtime.shard(i), asio::use_future).get();
    }
  }
}

std::string message_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Exceptions come from several threads.
struct Caught {
  std::mutex mutex;
  std::vector<std::exception_ptr> exceptions;

  auto handler() {
    return [this](std::exception_ptr exception) {
      const std::lock_guard lock{mutex};
      exceptions.push_back(std::move(exception));
    };
  }
};

}  // namespace

TEST_CASE("a Runtime has as many shards as asked for, at least one by default") {
  CHECK(Runtime{3}.size() == 3);
  CHECK(Runtime{}.size() >= 1);
}

TEST_CASE("a Runtime without threads is an error") {
  try {
    const Runtime runtime{0};
    FAIL("must throw");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    CHECK(error.message() == "Runtime: the number of threads must be at least 1, not 0");
  }
}

TEST_CASE("a shard that does not exist is an error that names it") {
  const Runtime runtime{2};
  CHECK_NOTHROW(runtime.shard(1));
  try {
    (void)runtime.shard(2);
    FAIL("must throw");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    CHECK(error.message() == "Runtime::shard: there is no shard 2, the number of shards is 2");
  }
}

TEST_CASE("executors are given out one after the other") {
  Runtime runtime{3};
  std::map<int, int> given;
  for (int i = 0; i < 30; ++i) {
    const auto executor = runtime.get_executor();
    for (int shard = 0; shard < 3; ++shard) {
      if (executor == runtime.shard(static_cast<std::size_t>(shard))) ++given[shard];
    }
  }
  CHECK(given == std::map<int, int>{{0, 10}, {1, 10}, {2, 10}});
}

TEST_CASE("a shard is one thread of its own, and serial") {
  Runtime runtime{3};
  std::set<std::thread::id> threads;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(cano::detail::is_serial(runtime.shard(i)));
    std::thread::id first;
    std::thread::id second;
    asio::co_spawn(runtime.shard(i), note_thread(first), asio::use_future).get();
    asio::co_spawn(runtime.shard(i), note_thread(second), asio::use_future).get();
    CHECK(first == second);
    threads.insert(first);
  }
  CHECK(threads.size() == 3);
  CHECK(threads.count(std::this_thread::get_id()) == 0);
}

TEST_CASE("run blocks and returns the result, whatever its type") {
  Runtime runtime{2};
  std::thread::id id;
  runtime.run(note_thread(id));
  CHECK(id != std::thread::id{});
  CHECK(id != std::this_thread::get_id());
  CHECK(runtime.run(seven()) == 7);
  CHECK(*runtime.run(owned_seven()) == 7);
  CHECK(runtime.run(no_default_seven()).value == 7);
}

TEST_CASE("run rethrows what the coroutine throws, of any type") {
  Runtime runtime{1};
  CHECK_THROWS_WITH(runtime.run(fail()), "failed");
  CHECK_THROWS_AS(runtime.run(fail_with_int()), int);
  CHECK(runtime.run(seven()) == 7);
}

TEST_CASE("run on one of its own threads would wait for itself: an error") {
  Runtime runtime{2};
  runtime.run(seven());  // the next one runs on shard 1
  try {
    runtime.run(run_inside(runtime));
    FAIL("must throw");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Configuration);
    CHECK(error.message() ==
          "Runtime::run would wait for itself: it was called on thread cano-1, use co_await there");
  }
}

TEST_CASE("run on a thread of another Runtime works") {
  Runtime outer{1};
  Runtime inner{1};
  CHECK(outer.run(run_inside(inner)) == 7);
}

TEST_CASE("run may be called from many threads at once") {
  Runtime runtime{2};
  std::atomic<int> sum = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        for (int j = 0; j < 50; ++j)
          sum += runtime.run(seven());
      });
    }
  }
  CHECK(sum == 8 * 50 * 7);
}

TEST_CASE("work may move between shards") {
  Runtime runtime{4};
  std::atomic<int> count = 0;
  std::vector<std::future<void>> hoppers;
  for (int i = 0; i < 20; ++i) {
    hoppers.push_back(
        asio::co_spawn(runtime.get_executor(), hop(runtime, 50, count), asio::use_future));
  }
  for (auto& hopper : hoppers)
    hopper.get();
  CHECK(count == 20 * 50);
}

TEST_CASE("an exception that escapes a handler reaches the given function, and the shard goes on") {
  Caught caught;
  {
    Runtime runtime{2, caught.handler()};
    asio::post(runtime.shard(0), [] { throw std::runtime_error{"one"}; });
    asio::post(runtime.shard(1), [] { throw std::runtime_error{"two"}; });
    asio::co_spawn(runtime.shard(0), fail(), [](const std::exception_ptr& exception) {
      if (exception) std::rethrow_exception(exception);
    });
    settle(runtime);
  }
  std::multiset<std::string> messages;
  for (const auto& exception : caught.exceptions)
    messages.insert(message_of(exception));
  CHECK(messages == std::multiset<std::string>{"failed", "one", "two"});
}

TEST_CASE("a function for escaped exceptions may itself throw") {
  Runtime runtime{1,
                  [](const std::exception_ptr& exception) { std::rethrow_exception(exception); }};
  asio::post(runtime.shard(0), [] { throw std::runtime_error{"expected in the output: once"}; });
  CHECK(runtime.run(seven()) == 7);
}

TEST_CASE("by default an escaped exception is printed, and the shard goes on") {
  Runtime runtime{1};
  asio::post(runtime.shard(0), [] { throw std::runtime_error{"expected in the output: twice"}; });
  asio::post(runtime.shard(0), [] { throw 42; });
  CHECK(runtime.run(seven()) == 7);
}

TEST_CASE("destroying a Runtime destroys what waits for ever") {
  const auto token = std::make_shared<std::atomic<int>>(0);
  {
    Runtime runtime{2};
    for (int i = 0; i < 100; ++i) {
      asio::co_spawn(runtime.get_executor(), wait_for_ever(token), asio::detached);
    }
    settle(runtime);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

TEST_CASE("destroying a Runtime destroys what was never started") {
  const auto token = std::make_shared<std::atomic<int>>(0);
  {
    Runtime runtime{2};
    std::promise<void> gate;
    const auto open = gate.get_future().share();
    for (std::size_t i = 0; i < 2; ++i) {
      asio::post(runtime.shard(i), [open] { open.wait(); });
    }
    for (int i = 0; i < 1000; ++i)
      asio::post(runtime.get_executor(), [token] { ++*token; });
    asio::co_spawn(runtime.get_executor(), wait_for_ever(token), asio::detached);
    gate.set_value();
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("destroying a Runtime stops coroutines that only yield") {
  std::atomic<int> turns = 0;
  {
    Runtime runtime{2};
    for (int i = 0; i < 4; ++i) {
      asio::co_spawn(runtime.get_executor(), yield_for_ever(turns), asio::detached);
    }
    settle(runtime);
  }
  CHECK(turns >= 4);
}

TEST_CASE("destroying a Runtime unwinds coroutines that wait for one another across shards") {
  const auto token = std::make_shared<std::atomic<int>>(0);
  for (const int levels : {0, 1, 2, 3, 5, 10, 200}) {
    Runtime runtime{3};
    asio::co_spawn(runtime.get_executor(), nest(runtime, levels, token), asio::detached);
    for (int i = 0; i <= levels; ++i)
      settle(runtime);
  }
  CHECK(token.use_count() == 1);
  CHECK(*token == 0);
}

TEST_CASE("destroying a Runtime unwinds waits on the timers of other shards, both ways") {
  const auto token = std::make_shared<std::atomic<int>>(0);
  {
    Runtime runtime{3};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        asio::co_spawn(runtime.shard(i), wait_on(runtime.shard(j), token), asio::detached);
      }
    }
    settle(runtime);
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("a Runtime is destroyed at any moment of its work") {
  std::atomic<int> count = 0;
  for (int i = 0; i < 50; ++i) {
    Runtime runtime{2};
    for (int j = 0; j < 4; ++j) {
      asio::co_spawn(runtime.get_executor(), hop(runtime, 1000, count), asio::detached);
    }
  }
  SUCCEED();
}

TEST_CASE("an executor's Runtime can be found") {
  Runtime runtime{2};
  Runtime other{1};
  asio::io_context context;
  CHECK(cano::detail::runtime_of(runtime.shard(1)) == &runtime);
  CHECK(cano::detail::runtime_of(asio::make_strand(runtime.shard(0))) == &runtime);
  CHECK(cano::detail::runtime_of(other.get_executor()) == &other);
  CHECK(cano::detail::runtime_of(context.get_executor()) == nullptr);
}

#if defined(__linux__)
TEST_CASE("threads are named after their shard") {
  Runtime runtime{2};
  std::string name(16, '\0');
  std::promise<void> done;
  asio::post(runtime.shard(1), [&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
    done.set_value();
  });
  done.get_future().get();
  CHECK(std::string{name.c_str()} == "cano-1");
}
#endif

namespace {

enum class Step { Wait, Done };
struct NoStore {};

cano::Async<Step> wait_a_year(NoStore&) {
  co_await cano::sleep_for(std::chrono::hours{24 * 365});
  co_return Step::Done;
}

cano::Workflow<Step, NoStore> endless() {
  return cano::Workflow<Step, NoStore>{Step::Wait}
      .add(Step::Wait, wait_a_year, cano::TaskConfig::minimal())
      .add_exit_state(Step::Done);
}

}  // namespace

TEST_CASE("stop cancels runs and batches, and returns when they have ended") {
  Runtime runtime{2};
  const auto flow = endless();
  std::vector<NoStore> stores(20);
  std::vector<std::future<cano::WorkflowResult<Step>>> runs;
  for (NoStore& store : stores) {
    runs.push_back(
        asio::co_spawn(runtime.get_executor(), flow.try_orchestrate(store), asio::use_future));
  }
  std::vector<NoStore> instances(50);
  auto batch = asio::co_spawn(
      runtime.get_executor(),
      cano::ConcurrentWorkflow{flow}.execute_concurrent(instances, cano::WaitForever{}),
      asio::use_future);
  settle(runtime);
  runtime.stop();
  for (auto& run : runs)
    CHECK(run.get().is_cancelled());
  CHECK(batch.get().status.cancelled == 50);
  SECTION("what is started later is cancelled at once") {
    CHECK(runtime.run(flow.try_orchestrate(stores[0])).is_cancelled());
  }
  SECTION("it may be stopped again") { runtime.stop(); }
}

TEST_CASE("stop on one of its own threads would wait for itself: an error") {
  Runtime runtime{1};
  // Caught there: what counts the owners of an exception is in the standard library, which
  // ThreadSanitizer does not see into.
  auto text = asio::post(runtime.shard(0), asio::use_future([&]() -> std::string {
                           try {
                             runtime.stop();
                           } catch (const Error& error) {
                             return std::string{error.category_name()} + ": " + error.message();
                           }
                           return "it stopped";
                         }));
  CHECK(text.get() ==
        "configuration: Runtime::stop would wait for itself: it was called on thread cano-0, use "
        "co_await there");
}

TEST_CASE("a Runtime may be destroyed before or after what was made from its executors") {
  const auto flow = endless();
  NoStore store;
  SECTION("before") {
    auto runtime = std::make_unique<Runtime>(2);
    auto work = std::make_unique<cano::Async<Step>>(flow.orchestrate(store));
    flow.async_orchestrate(runtime->shard(1), store, [](const std::exception_ptr&, Step) {});
    settle(*runtime);
    runtime.reset();
    work.reset();
  }
  SECTION("after") {
    std::optional<cano::TaskGroup> group;
    {
      Runtime runtime{2};
      group.emplace(runtime.shard(0));
      group->spawn(cano::sleep_for(std::chrono::hours{1}));
      settle(runtime);
      CHECK(group->size() == 1);
    }
    CHECK(group->size() == 0);
  }
}
