// SPDX-License-Identifier: MIT
// What several runs share is set up before the first of them and torn down behind the last one, and
// a scheduled job asks whether it is well.

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <cano.hpp>
#include <cano/resource/resource_set.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Store, Done };

struct Order {
  int number = 0;
};

//! [resource]
class Database {
 public:
  cano::Async<void> set_up() {
    co_await cano::sleep_for(200ms);  // connects
    std::cout << "database: connected\n";
  }
  cano::Async<void> tear_down() {
    co_await cano::sleep_for(50ms);
    std::cout << "database: closed after " << rows_ << " orders\n";
  }
  cano::Async<cano::Health> health() {
    co_await cano::sleep_for(5ms);
    co_return rows_ < 3 ? cano::Health::healthy() : cano::Health::unhealthy("the disk is full");
  }

  void insert(const Order& order) {
    ++rows_;
    std::cout << "database: order " << order.number << '\n';
  }

 private:
  int rows_ = 0;
};
//! [resource]

class Cache {
 public:
  void set_up() { std::cout << "cache: warm\n"; }
  void tear_down() { std::cout << "cache: empty\n"; }
};

int main() {
  //! [set]
  cano::ResourceSet resources;
  const auto database = resources.add("database", std::make_shared<Database>());
  resources.add("cache", std::make_shared<Cache>(), {.set_up_within = 1s});

  const auto store = [&](Order& order) -> cano::Async<State> {
    co_await cano::sleep_for(1s);
    database->insert(order);
    co_return State::Done;
  };
  //! [set]
  const auto workflow = cano::Workflow<State, Order>{State::Store}
                            .add(State::Store, store, cano::TaskConfig::minimal())
                            .add_exit_state(State::Done);

  cano::VirtualTime time;
  Order first{1};
  Order second{2};
  //! [use]
  time.run(cano::when_all(resources.use(workflow.orchestrate(first)),
                          resources.use(workflow.orchestrate(second))));
  //! [use]

  const cano::HealthCheck check = cano::health_check_of(resources);
  const auto ask = [&]() -> cano::Async<void> {
    Order third{3};
    auto stored = workflow.orchestrate(third);
    co_await std::move(stored);
    auto asking = resources.check_health();
    const cano::HealthReport report = co_await std::move(asking);
    for (const cano::ResourceHealth& each : report.resources)
      std::cout << each.name << " is " << to_string(each.status) << '\n';
    std::cout << "A job that needs them would " << (check() ? "run\n" : "be skipped\n");
  };
  time.run(resources.use(ask()));
}
