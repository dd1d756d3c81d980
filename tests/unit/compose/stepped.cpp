// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/stepped.hpp>
#include <cano/error.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace stepped_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using branches::Desk;
using branches::Ended;
using cano::Async;
using cano::Done;
using cano::Errc;
using cano::More;
using engine::inside;
using engine::S;

using Count = cano::Stepped<int, S>;

Ended run_steps(cano::VirtualTime& time, const branches::Flow& flow, Desk& desk,
                cano::RunOptions options = {}) {
  const auto began = time.elapsed();
  auto result = time.run(flow.try_orchestrate(desk, std::move(options)));
  return {std::move(result), time.elapsed() - began};
}

// Notes each cursor and is done at the one of that number.
auto until(int last) {
  return [last](Desk& desk, std::optional<int> cursor) -> Count {
    desk.values.push_back(cursor.value_or(-1));
    if (cursor == last) return Done{S::Done};
    return More{cursor.value_or(0) + 1};
  };
}

TEST_CASE("each step gets what the one before has left") {
  cano::VirtualTime time;
  Desk desk;
  const auto flow = branches::flow_of(cano::stepped<int>(until(3)));
  CHECK(run_steps(time, flow, desk).result.is_success());
  CHECK(desk.values == std::vector{-1, 1, 2, 3});
  desk.values.clear();
  CHECK(run_steps(time, flow, desk).result.is_success());  // a visit starts anew
  CHECK(desk.values == std::vector{-1, 1, 2, 3});
}

TEST_CASE("a step may be of any kind, and a cursor of any type") {
  cano::VirtualTime time;
  Desk desk;
  using Owner = std::shared_ptr<std::string>;
  using Next = cano::Next<S::Done, S::B>;
  const auto own = [](Desk&, const std::optional<Owner>& cursor,
                      cano::TaskContext& context) -> Async<cano::Stepped<Owner, Next>> {
    co_await cano::sleep_for(10ms);
    CHECK(context.state_name() == "A");
    if (cursor) co_return Done{cano::to<S::Done>};
    co_return More{std::make_shared<std::string>("x")};
  };
  const auto foreign = [](const Desk&, std::optional<std::string> cursor)
      -> asio::awaitable<cano::Result<cano::Stepped<std::string, S>>> {
    if (cursor == "no") co_return cano::Error{Errc::Store, "gone"};
    co_return cano::Stepped<std::string, S>{More{"no"}};
  };
  const auto first = branches::flow_of(cano::stepped<Owner>(own));
  CHECK(run_steps(time, first, desk).after == 20ms);
  CHECK(first.graph().edges.size() == 2);
  const auto second = branches::flow_of(cano::stepped<std::string>(foreign));
  CHECK(inside(run_steps(time, second, desk).result.error()).errc() == Errc::Store);
}

TEST_CASE("a step that fails is retried from its own cursor") {
  cano::VirtualTime time;
  Desk desk;
  const auto shaky = [](Desk& d, std::optional<int> cursor, cano::TaskContext& context) -> Count {
    d.values.push_back(cursor.value_or(0));
    if (cursor == 2 && context.attempt() < 3) throw std::runtime_error{"busy"};
    if (cursor == 3) return Done{S::Done};
    return More{cursor.value_or(0) + 1};
  };
  const auto retried = branches::flow_of(cano::stepped<int>(shaky), engine::retries(2, 10ms));
  const Ended ended = run_steps(time, retried, desk);
  CHECK(ended.result.is_success());
  CHECK(ended.after == 20ms);
  CHECK(desk.values == std::vector{0, 1, 2, 2, 2, 3});
  desk.values.clear();
  const auto once = branches::flow_of(cano::stepped<int>(shaky));
  CHECK(inside<std::runtime_error>(run_steps(time, once, desk).result.error()).what() ==
        std::string{"busy"});
  CHECK(desk.values == std::vector{0, 1, 2});
}

TEST_CASE("the attempt timeout is for each step, the timeout for all") {
  cano::VirtualTime time;
  Desk desk;
  const auto slow = [](Desk&, std::optional<int> cursor) -> Async<Count> {
    co_await cano::sleep_for(cursor == 5 ? 1h : 10ms);
    co_return More{cursor.value_or(0) + 1};
  };
  auto flow =
      branches::flow_of(cano::stepped<int>(slow), engine::once().with_attempt_timeout(50ms));
  Ended ended = run_steps(time, flow, desk);
  CHECK(ended.after == 100ms);
  CHECK(inside(ended.result.error()).message() ==
        "The attempt timeout of 50 ms passed in state A, attempt 1 of 1");
  flow = branches::flow_of(cano::stepped<int>(slow), engine::once().with_timeout(35ms));
  ended = run_steps(time, flow, desk);
  CHECK(ended.after == 35ms);
  CHECK(inside(ended.result.error()).errc() == Errc::Timeout);
}

TEST_CASE("steps may be limited in number") {
  cano::VirtualTime time;
  Desk desk;
  const auto flow = branches::flow_of(cano::stepped<int>(until(99), {.max_steps = 4}));
  const Ended ended = run_steps(time, flow, desk);
  CHECK(desk.values.size() == 4);
  CHECK(inside(ended.result.error()).errc() == Errc::RetryExhausted);
  CHECK(inside(ended.result.error()).message() == "stepped: not done after 4 steps");
  desk.values.clear();
  const auto enough = branches::flow_of(cano::stepped<int>(until(3), {.max_steps = 4}));
  CHECK(run_steps(time, enough, desk).result.is_success());
  CHECK(error_of([] { cano::stepped<int>(until(1), {.max_steps = 0}); }).errc() ==
        Errc::Configuration);
}

TEST_CASE("steps that never wait let others run, and are cancelled between two") {
  cano::VirtualTime time;
  Desk desk;
  std::stop_source stop;
  asio::post(time.get_executor(),
             [&] { asio::post(time.get_executor(), [&] { stop.request_stop(); }); });
  const auto endless = [](Desk& d, std::optional<int> cursor) -> Count {
    ++d.started;
    return More{cursor.value_or(0)};
  };
  const auto flow = branches::flow_of(cano::stepped<int>(endless, {.max_steps = 1'000'000}));
  const Ended ended = run_steps(time, flow, desk, cano::RunOptions{}.with_stop(stop.get_token()));
  CHECK(ended.result.is_cancelled());
  CHECK(desk.started < 10'000);
}

TEST_CASE("a context that goes takes a waiting step with it") {
  int alive = 0;
  Desk desk;
  const auto waits = [&](Desk&, std::optional<int>) -> Async<Count> {
    const engine::Alive counted{alive};
    co_await cano::sleep_for(1h);
    co_return Done{S::Done};
  };
  const auto flow = branches::flow_of(cano::stepped<int>(waits));
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    time.run_for(1ms);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

}  // namespace stepped_tests
