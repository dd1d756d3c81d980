// SPDX-License-Identifier: MIT
// Stops and limits that come from other threads: for ThreadSanitizer and AddressSanitizer.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

// libstdc++.so counts the references of an exception_ptr out of ThreadSanitizer's sight.
extern "C" const char* __tsan_default_suppressions();   // NOLINT: the sanitizer's own name
extern "C" const char* __tsan_default_suppressions() {  // NOLINT
  return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class Place { Plain, Waits, Fails, Limited, Done };

// Guarded by nothing: each run has its own, and only its tasks may touch it.
struct Walk {
  std::size_t steps = 0;
  std::vector<int> trace;
};

using Route = cano::Workflow<Place, Walk>;

struct Counts : cano::Observer {
  std::atomic<int> runs{0}, attempts{0}, events{0};
  void on_run_started(const cano::RunStarted&) override { ++runs; }
  void on_run_finished(const cano::RunFinished&) override { --runs, ++events; }
  void on_attempt_started(const cano::AttemptStarted&) override { ++attempts; }
  void on_attempt_succeeded(const cano::AttemptSucceeded&) override { --attempts; }
  void on_attempt_failed(const cano::AttemptFailed&) override { --attempts; }
};

void note(Walk& data, int what) {
  if (data.trace.size() < 100) data.trace.push_back(what);
  ++data.steps;
}

// Goes round for ever, through everything that a stop can meet.
Route endless(const std::shared_ptr<Counts>& counts) {
  const auto plain = [](Walk& data) {
    note(data, 1);
    return Place::Waits;
  };
  const auto waits = [](Walk& data) -> asio::awaitable<Place> {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    note(data, 2);
    if (data.steps % 16 == 1) co_await cano::sleep_for(50us);
    co_return Place::Fails;
  };
  const auto fails = [](Walk& data, cano::TaskContext& context) -> Place {
    note(data, 3);
    if (context.attempt() == 1) throw std::runtime_error{"again"};
    return Place::Limited;
  };
  const auto limited = [](Walk& data, cano::TaskContext& context) -> asio::awaitable<Place> {
    note(data, 4);
    const auto token = context.stop_token();
    if (context.attempt() == 1 && data.steps % 8 == 0) co_await cano::sleep_for(1h);
    co_return token.stop_requested() ? Place::Waits : Place::Plain;
  };
  Route flow = Route{Place::Plain}
                   .add(Place::Plain, plain)
                   .add(Place::Waits, waits)
                   .add(Place::Fails, fails, cano::TaskConfig{}.with_fixed_retry(3, 0ms))
                   .add(Place::Limited, limited,
                        cano::TaskConfig{}.with_fixed_retry(1000, 0ms).with_attempt_timeout(100us))
                   .add_exit_state(Place::Done);
  if (counts) flow.with_observer(counts);
  return flow;
}

// The run ended as it should, and nothing of it touches its store any more: it is destroyed here.
void expect_cancelled(std::future<Place>& result, std::unique_ptr<Walk> data) {
  REQUIRE(result.wait_for(60s) == std::future_status::ready);
  data.reset();
  try {
    result.get();
    FAIL("the run ended in an exit");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Cancelled);
  }
}

void stop_by_token(const asio::any_io_executor& executor, std::size_t runs, bool observed) {
  constexpr std::size_t at_once = 20;
  const auto counts = observed ? std::make_shared<Counts>() : nullptr;
  const Route flow = endless(counts);
  for (std::size_t done = 0; done < runs; done += at_once) {
    std::vector<std::stop_source> sources(at_once);
    std::vector<std::unique_ptr<Walk>> stores;
    std::vector<std::future<Place>> results;
    for (std::size_t i = 0; i < at_once; ++i) {
      stores.push_back(std::make_unique<Walk>());
      const auto options = cano::RunOptions{}.with_stop(sources[i].get_token());
      if (i == 0) sources[i].request_stop();
      results.push_back(flow.async_orchestrate(executor, *stores[i], options, asio::use_future));
    }
    std::thread other{[&] {
      for (auto& source : sources) {
        source.request_stop();
        source.request_stop();
      }
    }};
    for (std::size_t i = at_once; i-- > 0;) {
      sources[i].request_stop();
      expect_cancelled(results[i], std::move(stores[i]));
    }
    other.join();
  }
  if (counts) {
    CHECK(counts->runs == 0);
    CHECK(counts->attempts == 0);
    CHECK(counts->events == static_cast<int>(runs));
  }
}

// As Asio wants it, the signal is emitted on the strand that the operation was started on.
void stop_by_signal(const asio::any_io_executor& executor, std::size_t runs, bool limited) {
  Route flow = endless(nullptr);
  if (limited) flow.with_total_timeout(1h);
  for (std::size_t i = 0; i < runs; ++i) {
    const auto strand = asio::make_strand(executor);
    const auto signal = std::make_shared<asio::cancellation_signal>();
    auto data = std::make_unique<Walk>();
    auto result = flow.async_orchestrate(
        strand, *data, asio::bind_cancellation_slot(signal->slot(), asio::use_future));
    std::thread other{[&] {
      for (int k = 0; k < 2; ++k)
        asio::post(strand, [signal] { signal->emit(asio::cancellation_type::all); });
    }};
    other.join();
    expect_cancelled(result, std::move(data));
  }
}

// Every state's limit is short and passes while a plain function works: on a pool the timer's
// thread is another than the task's.
void pass_limits(const asio::any_io_executor& executor, std::size_t runs) {
  const auto busy = [](Walk& data, cano::TaskContext& context) {
    const auto until = std::chrono::steady_clock::now() + 200us;
    while (std::chrono::steady_clock::now() < until)
      ++data.steps;
    return context.attempt() == 3 ? Place::Waits : Place::Done;
  };
  const Route flow =
      Route{Place::Plain}
          .add(Place::Plain, busy,
               cano::TaskConfig{}.with_fixed_retry(2, 0ms).with_attempt_timeout(100us))
          .add_exit_states({Place::Done, Place::Waits});
  for (std::size_t i = 0; i < runs; ++i) {
    auto data = std::make_unique<Walk>();
    auto result = flow.async_orchestrate(executor, *data, asio::use_future);
    try {
      result.get();
      FAIL("a late attempt passed as one in time");
    } catch (const cano::Error& error) {
      CHECK(error.message() ==
            "The attempt timeout of 100 us passed in state Plain, attempt 3 of 3");
    }
    data.reset();
  }
}

// An io_context that two threads run.
class TwoThreads {
 public:
  TwoThreads() {
    for (auto& thread : threads_)
      thread = std::thread{[this] { context_.run(); }};
  }
  ~TwoThreads() {
    work_.reset();
    for (auto& thread : threads_)
      thread.join();
  }
  TwoThreads(const TwoThreads&) = delete;
  TwoThreads& operator=(const TwoThreads&) = delete;
  asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread threads_[2];
};

}  // namespace

TEST_CASE("stop tokens end runs on a pool, from other threads") {
  asio::thread_pool pool{4};
  stop_by_token(pool.get_executor(), 400, false);
  stop_by_token(pool.get_executor(), 200, true);
  pool.join();
}

TEST_CASE("stop tokens end runs on an io_context with two threads") {
  TwoThreads two;
  stop_by_token(two.executor(), 400, true);
}

TEST_CASE("stop tokens end runs on a strand") {
  asio::thread_pool pool{4};
  stop_by_token(asio::make_strand(pool), 200, true);
  pool.join();
}

TEST_CASE("signals emitted on a strand end the runs on it") {
  asio::thread_pool pool{4};
  stop_by_signal(pool.get_executor(), 200, false);
  stop_by_signal(pool.get_executor(), 200, true);
  pool.join();
}

TEST_CASE("limits that pass while plain functions work are kept, on a pool") {
  asio::thread_pool pool{4};
  pass_limits(pool.get_executor(), 200);
  pool.join();
}

TEST_CASE("one workflow serves many threads at once") {
  asio::thread_pool pool{4};
  const Route flow = Route{Place::Plain}
                         .add(Place::Plain,
                              [](Walk& data) {
                                note(data, 1);
                                return Place::Waits;
                              })
                         .add(Place::Waits,
                              [](Walk& data) -> asio::awaitable<Place> {
                                const auto executor = co_await asio::this_coro::executor;
                                co_await asio::post(executor, asio::use_awaitable);
                                note(data, 2);
                                co_return data.steps < 20 ? Place::Plain : Place::Done;
                              })
                         .add_exit_state(Place::Done);
  std::vector<Walk> stores(500);
  std::vector<std::future<Place>> results;
  for (Walk& data : stores) {
    const Route copy = flow;
    results.push_back(copy.async_orchestrate(pool.get_executor(), data, asio::use_future));
  }
  for (auto& result : results)
    CHECK(result.get() == Place::Done);
  for (const Walk& data : stores)
    CHECK(data.steps == 20);
  pool.join();
}
