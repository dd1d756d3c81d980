// SPDX-License-Identifier: MIT
// Tasks return cano::Async. Code that is written for Asio's own coroutines works beside it: each
// type awaits the other, both await Asio's operations, and Asio starts both.

#include <chrono>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/state.hpp>
#include <cano/workflow/workflow.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

enum class State { Quote, Print, Done };

struct Order {
  std::string item;
  int cents = 0;
};

// Code that exists already: it knows Asio and nothing of cano.
asio::awaitable<int> cents_for(std::string_view item) {
  asio::steady_timer answer{co_await asio::this_coro::executor, 1ms};
  co_await answer.async_wait(asio::use_awaitable);
  co_return item == "tea" ? 450 : 320;
}

//! [async]
// A task that is an Async: it awaits a coroutine of Asio's, and an operation of Asio's.
cano::Async<State> quote(Order& order) {
  order.cents = co_await cents_for(order.item);
  asio::steady_timer reminder{co_await asio::this_coro::executor, 1ms};
  co_await reminder.async_wait(asio::deferred);
  co_return State::Print;
}
//! [async]

cano::Async<std::string> label_of(Order& order) {
  co_await cano::sleep_for(1ms);  // a slow template
  co_return order.item + ", " + std::to_string(order.cents) + " cents";
}

//! [awaitable]
// A task that is an asio::awaitable: it awaits an Async.
asio::awaitable<State> print(Order& order) {
  const std::string label = co_await label_of(order);
  std::cout << label << '\n';
  co_return State::Done;
}
//! [awaitable]

void start(const cano::Workflow<State, Order>& workflow) {
  asio::io_context context;

  //! [start]
  // An Async is what asio::co_spawn spawns, with any completion token ...
  Order tea{"tea"};
  std::future<State> ended = asio::co_spawn(context, workflow.orchestrate(tea), asio::use_future);
  context.run();
  std::cout << "ended in " << cano::state_name(ended.get()) << '\n';

  // ... and an operation, which starts on the executor of its handler.
  Order bread{"bread"};
  auto work = workflow.orchestrate(bread);
  std::move(work)(asio::bind_executor(context, [](std::exception_ptr error, State state) {
    std::cout << "ended in " << (error ? "an error" : cano::state_name(state)) << '\n';
  }));
  context.restart();
  context.run();
  //! [start]
}

int main() {
  start(cano::Workflow<State, Order>{State::Quote}
            .add(State::Quote, quote)
            .add(State::Print, print)
            .add_exit_state(State::Done));
}
