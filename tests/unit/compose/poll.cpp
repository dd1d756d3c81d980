// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/detail/poll_task.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/poll_options.hpp>
#include <cano/error.hpp>
#include <cano/task/next.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace poll_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using branches::Desk;
using branches::Flow;
using cano::Async;
using cano::Errc;
using engine::inside;
using engine::S;

using Answer = std::optional<S>;

// Answers at the ask of that number.
auto answers_at(int number) {
  return [number](Desk& desk) -> Answer {
    return ++desk.started == number ? Answer{S::Done} : std::nullopt;
  };
}

// ---- the plan

TEST_CASE("a poll plan pauses by its options and says when it is over") {
  const cano::steady_time begin{100s};
  const auto plan_of = [&](const cano::PollOptions& options) {
    return cano::detail::PollPlan{options, begin};
  };
  const cano::PollOptions fixed{.every = 2s, .within = 5s};
  auto plan = plan_of(fixed);
  CHECK(plan.deadline() == begin + 5s);
  plan.poll_begins(begin);
  CHECK(plan.next_pause(begin) == 2s);
  plan.poll_begins(begin + 2s);
  CHECK(plan.next_pause(begin + 2s) == 2s);
  plan.poll_begins(begin + 4s);
  CHECK(error_of([&] { plan.next_pause(begin + 4s); }).message() ==
        "poll: no answer within its limit, after 3 polls");
  CHECK(error_of([&] { plan.poll_begins(begin + 5s); }).errc() == Errc::Timeout);

  const cano::PollOptions growing{.backoff = cano::RetryPolicy::fixed(2, 7ms)};
  auto backoff = plan_of(growing);
  CHECK(backoff.deadline() == cano::steady_time::max());
  for (int i = 0; i < 2; ++i) {
    backoff.poll_begins(begin);
    CHECK(backoff.next_pause(begin) == 7ms);
  }
  backoff.poll_begins(begin);
  CHECK(error_of([&] { backoff.next_pause(begin); }).errc() == Errc::RetryExhausted);

  const cano::PollOptions few{.every = 0s, .max_polls = 1};
  auto once = plan_of(few);
  once.poll_begins(begin);
  const cano::Error error = error_of([&] { once.next_pause(begin); });
  CHECK(error.errc() == Errc::RetryExhausted);
  CHECK(error.message() == "poll: no answer after 1 poll");
}

// ---- as a task

struct Polled {
  cano::WorkflowResult<S> result;
  cano::Duration after;
};
template <class Ask>
Polled run_poll(cano::VirtualTime& time, Desk& desk, const Ask& ask, cano::PollOptions options,
                std::optional<cano::TaskConfig> config = {}, cano::RunOptions run = {}) {
  const auto began = time.elapsed();
  const Flow flow = branches::flow_of(cano::poll(ask, std::move(options)), std::move(config));
  auto result = time.run(flow.try_orchestrate(desk, std::move(run)));
  return {std::move(result), time.elapsed() - began};
}

TEST_CASE("a poll asks at once, and again until there is an answer") {
  cano::VirtualTime time;
  for (const int number : {1, 2, 5}) {
    Desk desk;
    const Polled polled = run_poll(time, desk, answers_at(number), {.every = 3s});
    CHECK(polled.result.is_success());
    CHECK(polled.after == (number - 1) * 3s);
    CHECK(desk.started == number);
  }
}

TEST_CASE("an ask may be of any kind") {
  cano::VirtualTime time;
  Desk desk;
  const auto own = [](const Desk&, cano::TaskContext&) -> Async<Answer> { co_return S::Done; };
  const auto foreign = [](Desk&) -> asio::awaitable<Answer> { co_return S::Done; };
  const auto next = [](Desk&) -> std::optional<cano::Next<S::Done, S::B>> {
    return cano::to<S::Done>;
  };
  const auto result = [](Desk&) -> cano::Result<Answer> { return Answer{S::Done}; };
  const auto fails = [](Desk&) -> std::optional<cano::Result<S>> {
    return cano::Result<S>{cano::Error{Errc::Store, "gone"}};
  };
  CHECK(run_poll(time, desk, own, {}).result.is_success());
  CHECK(run_poll(time, desk, foreign, {}).result.is_success());
  CHECK(run_poll(time, desk, next, {}).result.is_success());
  CHECK(run_poll(time, desk, result, {}).result.is_success());
  CHECK(inside(run_poll(time, desk, fails, {}).result.error()).errc() == Errc::Store);
  CHECK(branches::flow_of(cano::poll(next)).graph().edges.size() == 2);
}

TEST_CASE("a poll that has no answer in time says how often it asked") {
  cano::VirtualTime time;
  Desk desk;
  const Polled polled = run_poll(time, desk, answers_at(99), {.every = 2s, .within = 5s});
  CHECK(polled.after == 4s);  // a pause that cannot end in time is not waited for
  CHECK(inside(polled.result.error()).errc() == Errc::Timeout);
  CHECK(inside(polled.result.error()).message() ==
        "poll: no answer within its limit, after 3 polls");
}

TEST_CASE("an ask under way when the time is over is cancelled and joined") {
  cano::VirtualTime time;
  Desk desk;
  const auto slow = [](Desk& d) -> Async<Answer> {
    const branches::UnderWay counted{d};
    if (d.started == 2) co_await cano::sleep_for(1h);
    co_return std::nullopt;
  };
  const Polled polled = run_poll(time, desk, slow, {.every = 2s, .within = 5s});
  CHECK(polled.after == 5s);
  CHECK(desk.under_way == 0);
  CHECK(inside(polled.result.error()).message() ==
        "poll: no answer within its limit, after 2 polls");
}

TEST_CASE("a pause that took too long ends the poll in order") {
  cano::VirtualTime time;
  Desk desk;
  engine::after(time, 1s, [&] { time.stall(10s); });
  const Polled polled = run_poll(time, desk, answers_at(99), {.every = 2s, .within = 5s});
  CHECK(inside(polled.result.error()).errc() == Errc::Timeout);
  CHECK(inside(polled.result.error()).message() ==
        "poll: no answer within its limit, after 1 poll");
}

TEST_CASE("a poll gives up after so many") {
  cano::VirtualTime time;
  Desk desk;
  const Polled polled = run_poll(time, desk, answers_at(4), {.every = 1s, .max_polls = 3});
  CHECK(polled.after == 2s);
  CHECK(desk.started == 3);
  CHECK(inside(polled.result.error()).errc() == Errc::RetryExhausted);
  CHECK(inside(polled.result.error()).message() == "poll: no answer after 3 polls");
  desk = {};
  CHECK(run_poll(time, desk, answers_at(3), {.every = 1s, .max_polls = 3}).result.is_success());
}

TEST_CASE("pauses may grow") {
  cano::VirtualTime time;
  Desk desk;
  const auto policy = cano::RetryPolicy::exponential(9, 100ms, 2.0, 1h, 0.0);
  const Polled polled = run_poll(time, desk, answers_at(4), {.backoff = policy});
  CHECK(polled.after == 700ms);
}

TEST_CASE("an ask that fails is retried by the state's config, and no poll is lost") {
  cano::VirtualTime time;
  Desk desk;
  int fails = 0;
  // Each second ask fails twice before it says something.
  const auto ask = [&](Desk& d, cano::TaskContext& context) -> Answer {
    if (d.started % 2 == 1 && context.attempt() <= 2) {
      ++fails;
      throw std::runtime_error{"busy"};
    }
    return ++d.started == 6 ? Answer{S::Done} : std::nullopt;
  };
  const Polled polled =
      run_poll(time, desk, ask, {.every = 1s, .max_polls = 6}, engine::retries(2, 10ms));
  CHECK(polled.result.is_success());
  CHECK(fails == 6);
  CHECK(polled.after == 5s + 6 * 10ms);
}

TEST_CASE("an ask that fails ends the poll when there are no retries, with its own exception") {
  cano::VirtualTime time;
  Desk desk;
  const auto ask = [](Desk&) -> Answer { throw std::out_of_range{"own"}; };
  CHECK(inside<std::out_of_range>(run_poll(time, desk, ask, {}).result.error()).what() ==
        std::string{"own"});
}

TEST_CASE("of a config the timeout is for the poll as a whole, the attempt timeout for each ask") {
  cano::VirtualTime time;
  Desk desk;
  const auto slow = [](Desk& d) -> Async<Answer> {
    ++d.started;
    co_await cano::sleep_for(1h);
    co_return S::Done;
  };
  Polled polled =
      run_poll(time, desk, slow, {}, engine::retries(1, 0ms).with_attempt_timeout(10ms));
  CHECK(polled.after == 20ms);
  CHECK(desk.started == 2);
  CHECK(inside(polled.result.error())
            .message()
            .find("The attempt timeout of 10 ms passed in state A, attempt 2 of 2") !=
        std::string::npos);
  polled = run_poll(time, desk, answers_at(99), {.every = 1s}, engine::once().with_timeout(3500ms));
  CHECK(polled.after == 3500ms);
  CHECK(inside(polled.result.error()).errc() == Errc::Timeout);
}

TEST_CASE("a poll is cancelled at once, in a pause and in an ask") {
  cano::VirtualTime time;
  for (const bool in_ask : {false, true}) {
    Desk desk;
    std::stop_source stop;
    engine::after(time, 1500ms, [&] { stop.request_stop(); });
    const auto ask = [&](Desk& d) -> Async<Answer> {
      const branches::UnderWay counted{d};
      if (in_ask) co_await cano::sleep_for(1h);
      co_return std::nullopt;
    };
    const Polled polled = run_poll(time, desk, ask, {.every = 1s}, {},
                                   cano::RunOptions{}.with_stop(stop.get_token()));
    CHECK(polled.result.is_cancelled());
    CHECK(polled.after == 1500ms);
    CHECK(desk.under_way == 0);
  }
}

TEST_CASE("an ask is part of its run") {
  cano::VirtualTime time;
  Desk desk;
  const auto recording = std::make_shared<cano::RecordingObserver>();
  const auto ask = [](Desk& d, cano::TaskContext& context) -> Answer {
    context.log(cano::Level::Info, "asked");
    d.log.push_back(std::string{context.run_id()} + ' ' + std::string{context.state_name()} + '.' +
                    context.branch());
    return S::Done;
  };
  auto flow = branches::flow_of(cano::poll(ask));
  flow.with_observer(recording);
  time.run(flow.orchestrate(desk, cano::RunOptions{}.with_run_id("r-7")));
  CHECK(desk.log == std::vector<std::string>{"r-7 A."});
  REQUIRE(recording->all("log").size() == 1);
  CHECK(recording->all("log")[0].fields.empty());
}

TEST_CASE("a context that goes takes a waiting poll with it") {
  int alive = 0;
  Desk desk;
  const auto ask = [&](Desk&) -> Async<Answer> {
    const engine::Alive counted{alive};
    co_await cano::sleep_for(1h);
    co_return std::nullopt;
  };
  const Flow flow = branches::flow_of(cano::poll(ask, {.within = 2h}));
  const Flow pause = branches::flow_of(cano::poll(answers_at(9), {.within = 2h}));
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    asio::co_spawn(time.get_executor(), pause.orchestrate(desk), asio::detached);
    time.run_for(1ms);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

}  // namespace poll_tests
