// SPDX-License-Identifier: MIT
// What VirtualTime says of a run that waits for something which will not come.
#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/mailbox.hpp>
#include <cano/async/when_all.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct Empty {};

using Trip = cano::Workflow<std::string, Empty>;

Trip trip(std::string state, auto task) {
  return Trip{state}
      .add(state, std::move(task), cano::TaskConfig::minimal())
      .add_exit_state("done");
}

cano::Async<std::string> bare_timer(Empty&) {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  co_await timer.async_wait(asio::deferred);
  co_return "done";
}
asio::awaitable<std::string> bare_timer_of_asio(Empty&) {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  co_await timer.async_wait(asio::deferred);
  co_return "done";
}
cano::Async<std::string> for_ever(Empty&) {
  co_await cano::sleep_for(cano::Duration::max());
  co_return "done";
}
cano::Async<std::string> nobody_sends(Empty&) {
  cano::Mailbox<int> box;
  co_await box.receive();
  co_return "done";
}

struct Awaits {
  Trip inner;
  cano::Async<std::string> run(Empty& empty) const { co_return co_await inner.orchestrate(empty); }
};
struct AwaitsInAsio {
  Trip inner;
  asio::awaitable<std::string> run(Empty& empty) const {
    auto running = inner.orchestrate(empty);
    co_return co_await std::move(running);
  }
};
struct AwaitsTwo {
  Trip one;
  Trip two;
  cano::Async<std::string> run(Empty& empty) const {
    auto both = cano::when_all(one.orchestrate(empty), two.orchestrate(empty));
    co_await std::move(both);
    co_return "done";
  }
};
struct AwaitsBatch {
  Trip inner;
  cano::Async<std::string> run(Empty&) const {
    const cano::ConcurrentWorkflow<std::string, Empty> batch{inner};
    std::vector<Empty> stores(5);
    auto running = batch.execute_concurrent(std::span{stores}, cano::WaitForever{});
    co_await std::move(running);
    co_return "done";
  }
};

const std::string stuck =
    "The run under VirtualTime is stuck: nothing is ready to run and nothing waits for the clock; ";
const std::string cause =
    "; the usual cause is a bare Asio timer, a socket or another thread, which VirtualTime does "
    "not see: wait with cano::sleep_for or cano::Timer";

std::string said(const Trip& flow) {
  cano::VirtualTime time;
  Empty empty;
  try {
    time.run(flow.orchestrate(empty));
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Generic);
    const std::string text = error.message();
    CHECK(text.starts_with(stuck));
    return text.substr(std::min(text.size(), stuck.size()));
  }
  return "it has ended";
}

}  // namespace

TEST_CASE("a run that is stuck is reported with its state and the usual cause") {
  const std::string unseen = " waits for something that VirtualTime does not see" + cause;
  CHECK(said(trip("Fetch", bare_timer)) == "state Fetch" + unseen);
  CHECK(said(trip("Fetch", bare_timer_of_asio)) == "state Fetch" + unseen);
  CHECK(said(trip("Outer", Awaits{trip("Inner", bare_timer)})) == "state Inner" + unseen);
  CHECK(said(trip("Outer", AwaitsBatch{trip("Each", bare_timer)})) == "state Each" + unseen);
  CHECK(said(trip("Outer", AwaitsInAsio{trip("Inner", bare_timer)})).find("state Inner waits") !=
        std::string::npos);
  CHECK(said(trip("Outer", AwaitsTwo{trip("One", bare_timer), trip("Two", nobody_sends)})) ==
        "state One waits for something that VirtualTime does not see; state Two waits for a value "
        "that is never sent to its mailbox" +
            cause);
}

TEST_CASE("a run that is stuck for another cause is reported with that") {
  CHECK(said(trip("Idle", for_ever)) == "state Idle waits for the end of time");
  CHECK(said(trip("Ask", nobody_sends)) ==
        "state Ask waits for a value that is never sent to its mailbox");
  CHECK(said(trip("a\nb\xFF", for_ever)) == "state a\\nb\xEF\xBF\xBD waits for the end of time");
}
