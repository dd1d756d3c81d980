// SPDX-License-Identifier: MIT
#ifdef CANO_TEST_WITH_JSON
#include <nlohmann/json.hpp>
#endif
#ifdef CANO_TEST_WITH_TIME_ZONES
#include <cano/adapters/time_zones.hpp>
#endif

#include <chrono>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/workflow/run.hpp>

#include "integration/one_definition.hpp"

namespace asio = boost::asio;

namespace one_definition {

namespace {

using std::chrono_literals::operator""ms;

struct Load {
  State run(cano::MemoryStore& store) const {
    store.update<int>("runs", [](int& runs) { ++runs; });
    return State::Work;
  }
};

struct Work {
  cano::TaskConfig config() const {
    return cano::TaskConfig{}.with_fixed_retry(1, 60ms).with_attempt_timeout(std::chrono::hours{1});
  }

  asio::awaitable<State> run(cano::MemoryStore& store, cano::TaskContext& context) const {
    co_await cano::sleep_for(20ms);
    if (context.attempt() == 1) throw cano::Error{cano::Errc::TaskExecution, "not at first"};
    store.append("workers", std::string{CANO_TEST_BUILD});
    co_return State::Done;
  }
};

class ThisBuild final : public Library {
 public:
  const char* name() const override { return CANO_TEST_BUILD; }

  void fill(cano::MemoryStore& store) const override {
    store.put("small", 7);
    store.put("text", name());
    store.put("order", Order{.id = "r-17", .cents = {250, 1999}});
  }

  std::string read(const cano::MemoryStore& store) const override {
    const Order order = store.get<Order>("order");
    return store.get<std::string>("text") + ' ' + std::to_string(store.get<int>("small")) + ' ' +
           order.id + ' ' + std::to_string(order.cents.at(1));
  }

  cano::Workflow<State> workflow() const override {
    return cano::Workflow<State>{State::Load}
        .add(State::Load, Load{})
        .add(State::Work, Work{})
        .add_exit_state(State::Done);
  }

  State run(const cano::Workflow<State>& workflow, cano::MemoryStore& store) const override {
    return cano::run(workflow, store);
  }

  cano::Duration waited(const cano::Workflow<State>& workflow) const override {
    cano::VirtualTime time;
    cano::MemoryStore store;
    time.run(workflow.orchestrate(store));
    return time.elapsed();
  }

  void change(cano::MemoryStore& store, const std::function<void()>& inside) const override {
    store.update<int>("changed", [&](int&) { inside(); });
  }

  void fail() const override { static_cast<void>(cano::MemoryStore{}.get<int>("missing")); }

  std::string caught(const Library& thrower) const override {
    try {
      thrower.fail();
    } catch (const cano::Error& error) {
      return std::string{error.category_name()} + (error.code() == error.errc() ? "" : " differs");
    }
    return "nothing";
  }

  std::string zone() const override {
    return std::string{cano::TimeZone::iana("Europe/Berlin").name()};
  }
};

}  // namespace

[[gnu::visibility("default")]] const Library& CANO_TEST_FUNCTION() {
  static const ThisBuild library;
  return library;
}

}  // namespace one_definition
