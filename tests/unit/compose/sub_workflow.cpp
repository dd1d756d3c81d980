// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/next.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

namespace sub_workflow_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using branches::Desk;
using branches::Ended;
using branches::run;
using cano::Async;
using engine::inside;
using engine::S;

enum class Pay { Charge, Paid, Refused };

struct Payment {
  explicit Payment(int a) : amount{a} {}
  Payment(const Payment&) = delete;  // a child's store need be neither copied nor moved
  Payment& operator=(const Payment&) = delete;
  int amount;
  int receipt = 0;
};

using Child = cano::Workflow<Pay, Payment>;

Child child_of(auto charge) {
  return Child{Pay::Charge}
      .add(Pay::Charge, charge, cano::TaskConfig::minimal())
      .add_exit_states({Pay::Paid, Pay::Refused});
}
Child charging() {
  return child_of([](Payment& payment) -> Async<Pay> {
    co_await cano::sleep_for(10ms);
    payment.receipt = payment.amount * 2;
    co_return payment.amount > 100 ? Pay::Refused : Pay::Paid;
  });
}
const auto make = [](const Desk& desk) { return Payment{desk.started}; };
const auto read = [](Desk& desk, Payment& payment, const cano::WorkflowResult<Pay>& result) {
  desk.values.push_back(payment.receipt);
  if (result.is_success()) return result.state() == Pay::Paid ? S::Done : S::Other;
  desk.log.push_back(result.error_message());
  return S::Done;
};

TEST_CASE("a workflow is one task of another") {
  cano::VirtualTime time;
  Desk desk;
  desk.started = 21;
  const Ended ended = run(time, cano::sub_workflow(charging(), make, read), desk);
  CHECK(ended.result.is_success());
  CHECK(ended.after == 10ms);
  CHECK(desk.values == std::vector{42});
}

TEST_CASE("read_back may be of any kind, and is called for a failure too") {
  cano::VirtualTime time;
  Desk desk;
  const auto fails = child_of([](Payment&) -> Pay { throw std::runtime_error{"no money"}; });
  CHECK(run(time, cano::sub_workflow(fails, make, read), desk).result.is_success());
  CHECK(desk.log == std::vector<std::string>{"no money"});

  using Result = const cano::WorkflowResult<Pay>&;
  const auto own = [](Desk&, Payment&, Result,
                      cano::TaskContext&) -> Async<cano::Next<S::Done, S::B>> {
    co_await cano::sleep_for(1ms);
    co_return cano::to<S::Done>;
  };
  const auto foreign = [](Desk&, Payment&, Result) -> asio::awaitable<cano::Result<S>> {
    co_return S::Done;
  };
  const auto throws = [](Desk&, Payment&, Result) -> S { throw std::out_of_range{"read"}; };
  CHECK(run(time, cano::sub_workflow(charging(), make, own), desk).after == 11ms);
  CHECK(run(time, cano::sub_workflow(charging(), make, foreign), desk).result.is_success());
  CHECK(inside<std::out_of_range>(
            run(time, cano::sub_workflow(charging(), make, throws), desk).result.error())
            .what() == std::string{"read"});
  CHECK(branches::flow_of(cano::sub_workflow(charging(), make, own)).graph().edges.size() == 2);
}

// The value of a branch.
const auto receipt = [](Desk& desk, Payment& payment, const cano::WorkflowResult<Pay>& result) {
  desk.log.push_back(result.is_success() ? "paid" : result.error_message());
  return payment.receipt;
};

TEST_CASE("a workflow is a branch of a split, with a value of its own") {
  cano::VirtualTime time;
  Desk desk;
  desk.started = 21;
  const auto waits = [](Desk& of, cano::TaskContext& context) -> Async<int> {
    co_await cano::sleep_for(5ms);
    of.log.emplace_back(context.branch());
    co_return 1;
  };
  const auto pay = cano::branch("pay", cano::sub_workflow(charging(), make, receipt));
  SECTION("both succeed") {
    const auto both = cano::split(pay, waits).join(cano::Join::all(), branches::keep_outcomes<int>);
    CHECK(run(time, both, desk).after == 10ms);
    CHECK(desk.values == std::vector{42, 1});
    CHECK(desk.log == std::vector<std::string>{"branch 1", "paid"});
  }
  SECTION("one that reads back later, in an Async") {
    const auto later = [](Desk&, Payment& payment, const cano::WorkflowResult<Pay>&) -> Async<int> {
      co_await cano::sleep_for(1ms);
      co_return payment.receipt;
    };
    const auto both = cano::split(cano::sub_workflow(charging(), make, later), waits)
                          .join(cano::Join::all(), branches::keep_outcomes<int>);
    CHECK(run(time, both, desk).after == 11ms);
    CHECK(desk.values == std::vector{42, 1});
  }
  SECTION("a loser is joined, and nothing is read back") {
    const auto first =
        cano::split(pay, waits).join(cano::Join::any(), branches::keep_outcomes<int>);
    CHECK(run(time, first, desk).after == 5ms);
    CHECK(desk.outcomes == std::vector{cano::Outcome::Cancelled, cano::Outcome::Success});
    CHECK(desk.log == std::vector<std::string>{"branch 1"});
  }
  SECTION("it fails: read_back says what that means, and retries are the branch's") {
    int calls = 0;
    const auto fails = child_of([&calls](Payment&) -> Pay {
      ++calls;
      throw std::runtime_error{"no money"};
    });
    const auto strict = [](Desk&, Payment&, const cano::WorkflowResult<Pay>& result) -> int {
      throw std::runtime_error{"child: " + result.error_message()};
    };
    const auto pays = cano::sub_workflow(fails, make, strict);
    const bool is_retried = GENERATE(true, false);
    const auto both = cano::split(is_retried ? cano::branch("pay", pays, engine::retries(2, 1ms))
                                             : cano::branch("pay", pays),
                                  waits)
                          .join(cano::Join::settled(), branches::keep_outcomes<int>);
    CHECK(run(time, both, desk).result.is_success());
    CHECK(desk.outcomes == std::vector{cano::Outcome::Failed, cano::Outcome::Success});
    CHECK(calls == (is_retried ? 3 : 1));
  }
}

TEST_CASE("a make_store that throws ends the attempt") {
  cano::VirtualTime time;
  Desk desk;
  const auto throws = [](Desk&) -> Payment { throw std::out_of_range{"make"}; };
  CHECK(inside<std::out_of_range>(
            run(time, cano::sub_workflow(charging(), throws, read), desk).result.error())
            .what() == std::string{"make"});
}

TEST_CASE("cancelled with its run, a child is joined and nothing is read back") {
  cano::VirtualTime time;
  Desk desk;
  std::stop_source stop;
  engine::after(time, 4ms, [&] { stop.request_stop(); });
  const Ended ended = run(time, cano::sub_workflow(charging(), make, read), desk,
                          cano::RunOptions{}.with_stop(stop.get_token()));
  CHECK(ended.result.is_cancelled());
  CHECK(ended.after == 4ms);
  CHECK(desk.values.empty());
}

TEST_CASE("a timeout of the state ends the child, and nothing is read back") {
  cano::VirtualTime time;
  Desk desk;
  const auto flow = branches::flow_of(cano::sub_workflow(charging(), make, read),
                                      engine::once().with_timeout(3ms));
  const auto result = time.run(flow.try_orchestrate(desk));
  CHECK(inside(result.error()).errc() == cano::Errc::Timeout);
  CHECK(desk.values.empty());
}

TEST_CASE("retries of the child and of the state do not multiply unless both are asked for") {
  cano::VirtualTime time;
  Desk desk;
  int calls = 0;
  const auto child = Child{Pay::Charge}
                         .add(
                             Pay::Charge,
                             [&](Payment&) -> Pay {
                               ++calls;
                               throw std::runtime_error{"no"};
                             },
                             engine::retries(2, 0ms))
                         .add_exit_state(Pay::Paid);
  const auto rethrows = [](Desk&, Payment&, const cano::WorkflowResult<Pay>& result) -> S {
    std::rethrow_exception(result.error());
  };
  run(time, cano::sub_workflow(child, make, rethrows), desk);
  CHECK(calls == 3);
}

TEST_CASE("a child may use a store of keys") {
  using Keys = cano::Workflow<Pay>;
  const auto child = Keys{Pay::Charge}
                         .add(Pay::Charge,
                              [](cano::MemoryStore& store) {
                                store.put("receipt", store.get<int>("amount") + 1);
                                return Pay::Paid;
                              })
                         .add_exit_state(Pay::Paid);
  const auto make_keys = [](Desk&) {
    cano::MemoryStore store;
    store.put("amount", 4);
    return store;
  };
  const auto read_keys = [](Desk& desk, cano::MemoryStore& store,
                            const cano::WorkflowResult<Pay>&) {
    desk.values.push_back(store.get<int>("receipt"));
    return S::Done;
  };
  cano::VirtualTime time;
  Desk desk;
  CHECK(run(time, cano::sub_workflow(child, make_keys, read_keys), desk).result.is_success());
  CHECK(desk.values == std::vector{5});
}

TEST_CASE("a context that goes takes a waiting child with it") {
  int alive = 0;
  const auto waits = child_of([&](Payment&) -> Async<Pay> {
    const engine::Alive counted{alive};
    co_await cano::sleep_for(1h);
    co_return Pay::Paid;
  });
  Desk desk;
  const auto flow = branches::flow_of(cano::sub_workflow(waits, make, read));
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    time.run_for(1ms);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

}  // namespace sub_workflow_tests
