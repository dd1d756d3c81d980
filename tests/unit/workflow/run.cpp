// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cano/time/sleep.hpp>
#include <cano/workflow/run.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;

namespace {

asio::awaitable<std::unique_ptr<int>> make(int value) {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  co_return std::make_unique<int>(value);
}
struct Receipt {
  explicit Receipt(int receipt_number) : number{receipt_number} {}
  int number;
};
asio::awaitable<Receipt> pay() { co_return Receipt{42}; }
asio::awaitable<void> set(int& value) {
  value = 7;
  co_return;
}
asio::awaitable<void> fail() {
  throw std::runtime_error{"broken"};
  co_return;
}
asio::awaitable<void> hang(int& alive) {
  const Alive guard{alive};
  co_await cano::sleep_until(cano::steady_time::max());
}
asio::awaitable<int> leave_one_behind(int& alive) {
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, hang(alive), asio::detached);
  co_await asio::post(executor, asio::use_awaitable);
  co_return alive;
}

}  // namespace

TEST_CASE("run blocks until a coroutine has ended, and returns its result") {
  CHECK(*cano::run(make(5)) == 5);
  int value = 0;
  cano::run(set(value));
  CHECK(value == 7);
}

TEST_CASE("run returns what cannot be made from nothing") { CHECK(cano::run(pay()).number == 42); }

TEST_CASE("run rethrows") {
  CHECK(thrown_by<std::runtime_error>([] { cano::run(fail()); }).what() == std::string{"broken"});
}

TEST_CASE("run does not wait for what the coroutine left behind, and destroys it") {
  int alive = 0;
  CHECK(cano::run(leave_one_behind(alive)) == 1);
  CHECK(alive == 0);
}

TEST_CASE("run takes a workflow, a store and options") {
  Data data;
  const Flow flow = Flow{S::A}
                        .add(S::A,
                             [](Data& d, cano::TaskContext& context) {
                               d.log.emplace_back(context.run_id());
                               return S::Done;
                             })
                        .add_exit_state(S::Done);
  CHECK(cano::run(flow, data) == S::Done);
  CHECK(cano::run(flow, data, cano::RunOptions{}.with_timeout(1h).with_run_id("mine")) == S::Done);
  CHECK(data.log.at(1) == "mine");
}

TEST_CASE("run can be called in a task, for its own io_context") {
  Data data;
  const Flow inner = Flow{S::Done}.add_exit_state(S::Done);
  const Flow outer = Flow{S::A}
                         .add(S::A, [inner](Data& d) { return cano::run(inner, d); })
                         .add_exit_state(S::Done);
  CHECK(cano::run(outer, data) == S::Done);
}
