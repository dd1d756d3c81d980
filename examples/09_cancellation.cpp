// SPDX-License-Identifier: MIT
// A run ends early by a stop token, from any thread, or when a limit has passed. Either way the
// task under way is ended first: when the result is there, nothing of the run is alive any more.

#include <chrono>
#include <exception>
#include <iostream>
#include <stop_token>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

enum class State { Wait, Done };

struct Connection {
  Connection() { std::cout << "  opened\n"; }
  ~Connection() { std::cout << "  closed\n"; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
};

struct Wait {
  cano::Async<State> run(cano::MemoryStore&) const {
    const Connection connection;
    co_await cano::sleep_for(1h);
    co_return State::Done;
  }
};

void by_stop_token(const cano::Workflow<State>& workflow) {
  cano::MemoryStore store;
  //! [stop]
  asio::io_context context;
  std::stop_source source;
  const auto options = cano::RunOptions{}.with_stop(source.get_token());
  workflow.async_orchestrate(context.get_executor(), store, options,
                             [](std::exception_ptr error, State) {
                               std::cout << "  " << (error ? "cancelled" : "done") << '\n';
                             });
  asio::post(context, [&source] { source.request_stop(); });
  context.run();
  //! [stop]
}

void by_limit(cano::Workflow<State> workflow) {
  cano::VirtualTime time;
  cano::MemoryStore store;
  //! [limit]
  workflow.with_total_timeout(5s);
  const auto result = time.run(workflow.try_orchestrate(store));
  std::cout << "  " << result.error_message() << '\n';
  //! [limit]
}

int main() {
  const auto workflow =
      cano::Workflow<State>{State::Wait}.add(State::Wait, Wait{}).add_exit_state(State::Done);
  std::cout << "Stop token:\n";
  by_stop_token(workflow);
  std::cout << "Limit:\n";
  by_limit(workflow);
}
