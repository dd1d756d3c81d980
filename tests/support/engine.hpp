// SPDX-License-Identifier: MIT
#pragma once

// What the tests of the engine share: states, a store, and ways to start, stop and watch a run.

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/timer.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

namespace engine {

namespace asio = boost::asio;
using namespace std::chrono_literals;

enum class S { A, B, C, D, Done, Other };

struct Data {
  int calls = 0;
  std::vector<std::string> log;
};

using Flow = cano::Workflow<S, Data>;
using Result = cano::WorkflowResult<S>;

inline cano::TaskConfig once() { return cano::TaskConfig::minimal(); }
inline cano::TaskConfig retries(std::size_t count, std::chrono::milliseconds delay = 10ms) {
  return cano::TaskConfig{}.with_fixed_retry(count, delay);
}

// The exception of type E that `call` throws; the test fails when it throws none.
template <class E = cano::Error, class Call> E thrown_by(Call&& call) {
  try {
    call();
  } catch (const E& error) {
    return error;
  }
  FAIL("nothing was thrown");
  throw std::logic_error{"unreachable"};
}

// The error of type E inside an exception_ptr.
template <class E = cano::Error> E inside(const std::exception_ptr& error) {
  REQUIRE(error);
  return thrown_by<E>([&] { std::rethrow_exception(error); });
}

// Counts the coroutine frames that hold one.
class Alive {
 public:
  explicit Alive(int& count) : count_{&count} { ++*count_; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --*count_; }

 private:
  int* count_;
};

// A wait that no cancellation reaches.
inline asio::awaitable<void> uncancellable_sleep(cano::Duration delay) {
  cano::Timer timer{co_await asio::this_coro::executor};
  timer.expires_after(delay);
  co_await timer.async_wait(
      asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
}

inline asio::awaitable<void> call_later(cano::Duration delay, std::function<void()> what) {
  co_await cano::sleep_for(delay);
  what();
}

// Calls `what` when that much virtual time has passed.
inline void after(cano::VirtualTime& time, cano::Duration delay, std::function<void()> what) {
  asio::co_spawn(time.get_executor(), call_later(delay, std::move(what)), asio::detached);
}

inline Result result_of(cano::VirtualTime& time, const Flow& flow, Data& data,
                        cano::RunOptions options = {}) {
  return time.run(flow.try_orchestrate(data, std::move(options)));
}

// A run that Asio's own signal can cancel.
class CancellableRun {
 public:
  CancellableRun(const asio::any_io_executor& executor, asio::awaitable<S> work) {
    asio::co_spawn(executor, std::move(work),
                   asio::bind_cancellation_slot(signal_.slot(),
                                                [this](std::exception_ptr thrown, S final_state) {
                                                  ++completions;
                                                  error = std::move(thrown);
                                                  state = final_state;
                                                }));
  }
  CancellableRun(const CancellableRun&) = delete;
  CancellableRun& operator=(const CancellableRun&) = delete;

  void cancel() { signal_.emit(asio::cancellation_type::all); }

  int completions = 0;
  std::exception_ptr error;
  S state{};

 private:
  asio::cancellation_signal signal_;
};

}  // namespace engine
