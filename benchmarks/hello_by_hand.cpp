// SPDX-License-Identifier: MIT
// The hello example without a library: coroutines of Asio, a switch, a map, a loop that tries
// again. compile_time.py compares what the two cost a compiler.
#include <any>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <unordered_map>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class State { Start, Process, Complete };

using Store = std::unordered_map<std::string, std::any>;

State process_input(Store& store) {
  const auto input = std::any_cast<std::string>(store.at("input"));
  std::cout << "Processing: " << input << '\n';
  store["result"] = std::string{"task_processed"};
  return State::Process;
}

asio::awaitable<State> retry_process_input(Store& store) {
  for (auto pause = 100ms;; pause *= 2) {
    std::exception_ptr thrown;
    try {
      co_return process_input(store);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (pause > 200ms) std::rethrow_exception(thrown);
    asio::steady_timer timer{co_await asio::this_coro::executor, pause};
    co_await timer.async_wait(asio::deferred);
  }
}

asio::awaitable<bool> process_result(std::string input) {
  std::cout << "Node processing: " << input << '\n';
  co_return true;
}

asio::awaitable<State> visit_node(Store& store) {
  auto input = std::any_cast<std::string>(store.at("result"));
  const bool succeeded = co_await process_result(std::move(input));
  if (!succeeded) co_return State::Process;
  store["final_result"] = std::string{"node_processed"};
  co_return State::Complete;
}

asio::awaitable<State> orchestrate(Store& store) {
  State at = State::Start;
  for (;;) {
    switch (at) {
      case State::Start:
        at = co_await retry_process_input(store);
        break;
      case State::Process:
        at = co_await visit_node(store);
        break;
      case State::Complete:
        co_return at;
    }
  }
}

}  // namespace

int main() {
  Store store{{"input", std::string{"Hello Cano!"}}};
  asio::io_context context{1};
  asio::co_spawn(context, orchestrate(store), [](const std::exception_ptr& thrown, State) {
    if (thrown) std::rethrow_exception(thrown);
    std::cout << "Workflow completed: Complete\n";
  });
  context.run();
}
