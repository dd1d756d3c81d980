// SPDX-License-Identifier: MIT
//
// Serves the metrics of a scheduled batch of orders for Prometheus to scrape:
//
//     metrics_server [address]          127.0.0.1:9464 unless told; port 0 takes a free one
//     curl http://127.0.0.1:9464/metrics
//
// It ends at Ctrl-C, when the orders under way are done. It needs prometheus-cpp (on Debian the
// package prometheus-cpp-dev).

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/deferred.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <cano.hpp>
#include <cano/adapters/prometheus.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class State { Reserve, Pay, Ship, Done };

struct Order {
  int number = 0;
};

// Every third order is slow the first time, every eleventh cannot be paid at all.
struct Pay {
  cano::TaskConfig config() const {
    return cano::TaskConfig{}.with_fixed_retry(2, 5ms).with_attempt_timeout(20ms);
  }

  cano::Async<State> run(Order& order, cano::TaskContext& context) const {
    const bool slow = order.number % 3 == 0 && context.attempt() == 1;
    co_await cano::sleep_for(slow ? 1s : 2ms);
    if (order.number % 11 == 0) throw std::runtime_error{"card refused"};
    co_return State::Ship;
  }
};

cano::Async<State> ship(Order&) {
  co_await cano::sleep_for(1ms);
  co_return State::Done;
}

cano::Async<void> wait_for_ctrl_c() {
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
  co_await signals.async_wait(asio::deferred);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string address = argc > 1 ? argv[1] : "127.0.0.1:9464";
  std::atomic<int> last_number{0};
  const auto reserve = [&last_number](Order& order) {
    order.number = ++last_number;
    return State::Pay;
  };
  //! [serve]
  const auto registry = std::make_shared<prometheus::Registry>();
  const auto metrics = std::make_shared<cano::PrometheusObserver>(*registry);
  prometheus::Exposer exposer{address};
  exposer.RegisterCollectable(registry);
  //! [serve]

  const auto orders = cano::ConcurrentWorkflow<State, Order>{State::Reserve}
                          .add(State::Reserve, reserve)
                          .add(State::Pay, Pay{})
                          .add(State::Ship, ship)
                          .add_exit_state(State::Done)
                          .with_observer(metrics)
                          .with_tracing_span(cano::Span{"orders"});  // the label "workflow"
  cano::Runtime runtime{2};
  cano::Scheduler scheduler{runtime};
  scheduler.with_observer(metrics);
  scheduler.every("orders", orders.batch(8, cano::WaitForever{}), 100ms);
  scheduler.start();
  std::cout << "http://127.0.0.1:" << exposer.GetListeningPorts().front() << "/metrics"
            << std::endl;

  cano::run(wait_for_ctrl_c());
  cano::run(scheduler.stop());
  std::cout << scheduler.status("orders")->run_count << " batches\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "metrics_server: " << error.what() << '\n';
  return 1;
}
