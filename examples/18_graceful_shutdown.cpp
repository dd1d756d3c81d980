// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM end a scheduler: runs get time to end, what is left is cancelled and joined.

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

//! [shutdown]
cano::Async<void> stop_on_signal(cano::Scheduler& scheduler) {
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
  co_await signals.async_wait(asio::deferred);
  std::cout << "Stopping\n";
  const auto report = co_await scheduler.stop(100ms);
  for (const auto& id : report.completed)
    std::cout << "  " << id << " came to its end\n";
  for (const auto& id : report.cancelled)
    std::cout << "  " << id << " was cancelled\n";
}
//! [shutdown]

int main() {
  asio::io_context context;
  cano::Scheduler scheduler{context.get_executor()};
  scheduler.every("quick", [] { return cano::sleep_for(20ms); }, 1h);
  scheduler.every("slow", [] { return cano::sleep_for(1h); }, 1h);
  // Somebody presses Ctrl-C, or the system wants to shut down.
  scheduler.every("somebody", [] { std::raise(SIGTERM); }, 10ms,
                  {.first_run = cano::FirstRun::AfterInterval, .max_runs = 1});
  scheduler.start();
  asio::co_spawn(context, stop_on_signal(scheduler), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();  // until the scheduler has stopped
  std::cout << "Stopped\n";
}
