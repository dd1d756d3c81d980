// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/result.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/branches.hpp"
#include "support/busy_time.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace split_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using branches::Desk;
using branches::Ended;
using branches::Flow;
using branches::Rule;
using branches::run;
using branches::Script;
using cano::Async;
using cano::BranchResult;
using cano::Errc;
using cano::Join;
using cano::Outcome;
using cano::TaskConfig;
using engine::inside;
using engine::S;

// A branch that follows the script of its place.
template <std::size_t Index> struct Follow {
  Async<int> run(Desk& desk) const {
    return branches::follow(desk, desk.scripts[Index], static_cast<int>(Index));
  }
  static TaskConfig config() { return TaskConfig::minimal(); }
};

auto four() { return cano::split(Follow<0>{}, Follow<1>{}, Follow<2>{}, Follow<3>{}); }

const auto keep = [](Desk& desk, std::span<BranchResult<int>> results) {
  return branches::keep_outcomes(desk, results);
};

// ---- the strategies

struct Case {
  Join join;
  Rule rule;
  std::size_t needed;
};
const std::array<Case, 8> cases{{{Join::all(), Rule::All, 0},
                                 {Join::any(), Rule::Any, 0},
                                 {Join::quorum(2), Rule::Quorum, 2},
                                 {Join::quorum(4), Rule::Quorum, 4},
                                 {Join::fraction(0.6), Rule::Quorum, 3},
                                 {Join::first(1), Rule::First, 1},
                                 {Join::first(3), Rule::First, 3},
                                 {Join::settled(), Rule::Settled, 0}}};

void check_run(const Case& c, const std::vector<Script>& scripts,
               std::optional<std::chrono::milliseconds> limit, bool keeps_going) {
  Join join = c.join;
  if (limit) join = join.within(*limit);
  if (keeps_going) join = join.keep_going();
  const branches::Expected expected =
      branches::expect(c.rule, c.needed, scripts, limit, keeps_going);
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = scripts;
  const Ended ended = run(time, four().join(join, keep), desk);
  CHECK(ended.after == expected.after);
  CHECK(ended.result.is_success() == expected.holds);
  if (expected.holds) {
    CHECK(desk.outcomes == expected.outcomes);
  } else {
    CHECK(inside(ended.result.error()).errc() == Errc::JoinFailed);
    CHECK(desk.outcomes.empty());
  }
}

TEST_CASE("every join ends at the earliest moment, with one result a branch") {
  std::minstd_rand random{7};
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() >> 8U) % n; };
  for (int round = 0; round < 150; ++round) {
    std::vector<Script> scripts(4);
    for (Script& script : scripts)
      script = {below(5) * 10ms, below(3) == 0};
    if (round % 7 == 0) scripts[below(4)].delay = 24h;  // a slow tail
    if (round % 11 == 0) {
      for (Script& script : scripts)
        script.fails = true;
    }
    for (const Case& c : cases) {
      std::optional<std::chrono::milliseconds> limit;
      if (below(2) == 0) limit = (1 + below(5)) * 10ms;  // often at the very moment
      const bool keeps_going = below(3) == 0;
      INFO("round " << round << ' ' << c.join.text() << (limit ? " within " : "")
                    << (limit ? limit->count() : 0) << (keeps_going ? " keep going" : ""));
      for (const Script& script : scripts)
        UNSCOPED_INFO(script.delay.count() << (script.fails ? " fails" : " succeeds"));
      check_run(c, scripts, limit, keeps_going);
    }
  }
}

TEST_CASE("a branch that ends at the very limit counts, whatever kind of coroutine it is") {
  cano::VirtualTime time;
  Desk desk;
  const auto nested = [](Desk& d) -> Async<int> {
    return [](Desk& inner) -> Async<int> {
      co_await cano::sleep_for(10ms);
      co_return static_cast<int>(inner.started);
    }(d);
  };
  const auto foreign = [](Desk&) -> asio::awaitable<int> {
    co_await cano::sleep_for(10ms);
    co_return 2;
  };
  const auto with_timer = [](Desk&) -> asio::awaitable<int> {
    cano::Timer timer{co_await asio::this_coro::executor};
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::use_awaitable);
    co_return 3;
  };
  const Ended ended = run(
      time, cano::split(nested, foreign, with_timer).join(Join::all().within(10ms), keep), desk);
  CHECK(ended.result.is_success());
  CHECK(ended.after == 10ms);
  CHECK(desk.values == std::vector{0, 2, 3});
}

TEST_CASE("first counts what had ended when its limit passed, not what was cancelled then") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{10ms}, {1h}, {1h}, {1h}};
  const Ended ended = run(time, four().join(Join::first(3).within(50ms), keep), desk);
  CHECK(ended.after == 50ms);
  CHECK(inside(ended.result.error()).message() ==
        "Join first(3) of 4 branches does not hold at its limit: 1 succeeded, 0 failed");
}

TEST_CASE("what succeeds too late, deaf to its cancellation, changes no decision") {
  const auto deaf = [](Desk& desk) -> asio::awaitable<int> {
    const branches::UnderWay counted{desk};
    co_await engine::uncancellable_sleep(100ms);
    co_return 9;
  };
  cano::VirtualTime time;
  Desk desk;
  const Ended ended =
      run(time, cano::split([](Desk&) { return 1; }, deaf).join(Join::quorum(2).within(10ms), keep),
          desk);
  CHECK(ended.after == 100ms);  // it is joined
  CHECK(inside(ended.result.error()).errc() == Errc::JoinFailed);

  const Ended any =
      run(time, cano::split(deaf, [](Desk&) { return 1; }).join(Join::any(), keep), desk);
  CHECK(any.result.is_success());
  CHECK(any.after == 100ms);
  CHECK(desk.outcomes == std::vector{Outcome::Success, Outcome::Success});
}

TEST_CASE("a split of one branch") {
  cano::VirtualTime time;
  for (const Join& join : {Join::all(), Join::any(), Join::quorum(1), Join::first(1),
                           Join::fraction(0.3), Join::settled()}) {
    Desk desk;
    desk.scripts = {{5ms}};
    const Ended ended = run(time, cano::split(Follow<0>{}).join(join, keep), desk);
    CHECK(ended.result.is_success());
    CHECK(ended.after == 5ms);
  }
}

TEST_CASE("a join that its branches cannot satisfy is refused when it is described") {
  CHECK(error_of([] { four().join(Join::quorum(5), S::Done); }).errc() == Errc::Configuration);
  CHECK(error_of([] { four().join(Join::first(5), S::Done); }).errc() == Errc::Configuration);
  const cano::Error none = error_of([] { four().with_max_in_flight(0); });
  CHECK(none.errc() == Errc::Configuration);
  CHECK(none.message() == "with_max_in_flight: the number of branches must be at least 1, not 0");
}

// ---- what a branch may be

struct Address {
  int run(const Desk&) const { return 3; }
};
struct Fraud {
  int prep(const Desk&) const { return 20; }
  Async<int> exec(int value) const {
    co_await cano::sleep_for(3ms);
    co_return value + 1;
  }
  cano::Result<int> post(Desk& desk, int value) const {
    desk.log.emplace_back("post");
    return value;
  }
};

TEST_CASE("branches may be callables, tasks and Nodes, plain or of either coroutine") {
  cano::VirtualTime time;
  Desk desk;
  int five = 5;
  const auto plain = [](Desk&) { return 1; };
  const auto result = [](const Desk&, cano::TaskContext&) -> cano::Result<int> { return 2; };
  const auto own = [](Desk&) -> Async<int> { co_return 4; };
  const auto reference = [&five](Desk&) -> int& { return five; };
  const auto foreign = [](Desk&, cano::TaskContext&) -> asio::awaitable<cano::Result<int>> {
    co_return 6;
  };
  const auto all = cano::split(plain, result, Address{}, own, reference, foreign, Fraud{})
                       .join(Join::all(), keep);
  const Ended ended = run(time, all, desk);
  CHECK(ended.result.is_success());
  CHECK(desk.values == std::vector{1, 2, 3, 4, 5, 6, 21});
  CHECK(desk.log == std::vector<std::string>{"post"});
}

TEST_CASE("branches of different types give a result each") {
  cano::VirtualTime time;
  Desk desk;
  const auto nothing = [](Desk& d) { d.log.emplace_back("nothing"); };
  const auto text = [](const Desk&) -> Async<std::string> { co_return "text"; };
  const auto owner = [](const Desk&) { return std::make_unique<int>(7); };
  const auto join = [](Desk& d, BranchResult<std::monostate>& a, BranchResult<std::string>& b,
                       BranchResult<std::unique_ptr<int>>& c, cano::TaskContext& context) {
    CHECK(a.is_success());
    CHECK(a.name() == "branch 0");
    d.log.push_back(std::move(b.value()) + std::to_string(*std::move(c).value()) +
                    std::string{context.state_name()});
    return cano::Next<S::Done, S::B>{cano::to<S::Done>};
  };
  CHECK(run(time, cano::split(nothing, text, owner).join(Join::all(), join), desk)
            .result.is_success());
  CHECK(desk.log == std::vector<std::string>{"nothing", "text7A"});
}

TEST_CASE("a join function may take values, be a coroutine, or only be a state") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{30ms}, {10ms, true}, {20ms}, {0ms}};
  const auto values = [](Desk& d, std::vector<int> given) -> Async<cano::Result<S>> {
    co_await cano::sleep_for(1ms);
    d.values = std::move(given);
    co_return S::Done;
  };
  CHECK(run(time, four().join(Join::settled(), values), desk).after == 31ms);
  CHECK(desk.values == std::vector{0, 2, 3});
  const auto foreign = [](Desk&, std::vector<int>, cano::TaskContext&) -> asio::awaitable<S> {
    co_return S::Done;
  };
  CHECK(run(time, four().join(Join::settled(), foreign), desk).result.is_success());
  CHECK(run(time, four().join(Join::quorum(3), S::Done), desk).result.is_success());
}

TEST_CASE("a join function that throws ends the state with its own exception") {
  cano::VirtualTime time;
  Desk desk;
  const auto throws = [](Desk&, std::vector<int>) -> S { throw std::out_of_range{"join"}; };
  const Ended ended =
      run(time, cano::split([](Desk&) { return 1; }).join(Join::all(), throws), desk);
  CHECK(ended.result.is_failed());
  CHECK(inside<std::out_of_range>(ended.result.error()).what() == std::string{"join"});
}

TEST_CASE("a split shows in the graph where it leads") {
  const auto next = [](Desk&, std::vector<int>) -> cano::Next<S::Done, S::A> {
    return cano::to<S::Done>;
  };
  const auto text = [](const auto& composite) { return branches::flow_of(composite).graph(); };
  CHECK(text(cano::split(Follow<0>{}).join(Join::all(), S::Done)).edges.size() == 1);
  CHECK(text(cano::split(Follow<0>{}).join(Join::all(), next)).edges.size() == 2);
}

// ---- failures

TEST_CASE("a failed join names what failed, and nests the first failure") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{10ms, true}, {20ms, true}, {5ms}, {30ms, true}};
  const auto split = cano::split(cano::branch("stock", Follow<0>{}), Follow<1>{}, Follow<2>{},
                                 cano::branch("fraud", Follow<3>{}))
                         .join(Join::all().keep_going(), keep);
  const Ended ended = run(time, split, desk);
  const cano::Error error = inside(ended.result.error());
  CHECK(error.errc() == Errc::JoinFailed);
  CHECK(error.message() ==
        "Join all of 4 branches does not hold: 1 succeeded, 3 failed: stock: script 0; branch 1: "
        "script 1; fraud: script 3");
  bool is_nested = false;
  try {
    std::rethrow_exception(ended.result.error());
  } catch (const std::nested_exception& outer) {
    is_nested = true;
    CHECK(inside<std::runtime_error>(outer.nested_ptr()).what() == std::string{"script 0"});
  } catch (...) {
  }
  CHECK(is_nested);
}

TEST_CASE("a failed join names three of many failures") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{1ms, true}, {1ms, true}, {1ms, true}, {1ms, true}};
  const Ended ended = run(time, four().join(Join::any(), keep), desk);
  CHECK(inside(ended.result.error()).message() ==
        "Join any of 4 branches does not hold: 0 succeeded, 4 failed: branch 0: script 0; branch "
        "1: script 1; branch 2: script 2; and 1 more");
}

TEST_CASE("a branch may throw anything") {
  cano::VirtualTime time;
  Desk desk;
  const auto number = [](Desk&) -> int { throw 42; };
  const auto nested = [](Desk&) -> Async<int> {
    co_await cano::yield_now();
    try {
      throw std::out_of_range{"inner"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"outer"});
    }
  };
  const auto error = [](Desk&) -> cano::Result<int> {
    return cano::Error{Errc::Store, "as a value"};
  };
  std::vector<std::exception_ptr> errors;
  std::vector<std::string> messages;
  const auto join = [&](Desk&, std::span<BranchResult<int>> results) {
    for (const auto& result : results) {
      errors.push_back(result.error());
      messages.push_back(result.error_message());
      CHECK(result.is_failed());
    }
    return S::Done;
  };
  const auto once = engine::once();
  CHECK(run(time,
            cano::split(cano::branch("n", number, once), cano::branch("t", nested, once),
                        cano::branch("e", error, once))
                .join(Join::settled(), join),
            desk)
            .result.is_success());
  CHECK(inside<int>(errors.at(0)) == 42);
  CHECK(inside<std::runtime_error>(errors.at(1)).what() == std::string{"outer"});
  CHECK(messages.at(1) == "outer: inner");
  CHECK(inside(errors.at(2)).errc() == Errc::Store);
}

// ---- cancellation

TEST_CASE("what is cancelled from outside cancels and joins all branches") {
  for (const Case& c : cases) {
    INFO(c.join.text());
    cano::VirtualTime time;
    std::stop_source stop;
    engine::after(time, 15ms, [&] { stop.request_stop(); });
    auto desk = std::make_unique<Desk>();
    desk->scripts = {{1h}, {20ms}, {25ms}, {1h, true}};
    const Ended ended =
        run(time, four().join(c.join, keep), *desk, cano::RunOptions{}.with_stop(stop.get_token()));
    desk.reset();  // nothing of the run may touch it any more
    CHECK(ended.result.is_cancelled());
    CHECK(ended.after == 15ms);
    time.run_until_idle();
  }
}

// Nothing else runs while a plain branch works, no timer and no stop.
TEST_CASE("a branch that blocks its thread holds up the others, and each has its one result") {
  engine::BusyTime time;
  std::stop_source stop;
  std::vector<Outcome> outcomes;
  const auto blocks = [&](Desk&) {
    time.work(50ms);
    return 1;
  };
  const auto stops = [&](Desk& desk) {
    stop.request_stop();
    return blocks(desk);
  };
  const auto waits = [](Desk& desk, cano::TaskContext&) { return follow(desk, {10ms, false}, 2); };
  const auto join = [&](Desk&, std::span<BranchResult<int>> results) {
    for (const auto& result : results)
      outcomes.push_back(result.outcome());
    return S::Done;
  };
  const auto run_with = [&](auto first, const Join& how) {
    Desk desk;
    const auto flow =
        branches::flow_of(cano::split(waits, first, waits).join(how, std::cref(join)));
    auto result =
        time.run(flow.try_orchestrate(desk, cano::RunOptions{}.with_stop(stop.get_token())));
    CHECK(desk.under_way == 0);
    return result;
  };
  SECTION("what was due meanwhile has ended in time") {
    CHECK(run_with(std::cref(blocks), Join::all()).is_success());
    CHECK(outcomes == std::vector(3, Outcome::Success));
  }
  SECTION("a limit that passed meanwhile ends the rest") {
    CHECK(run_with(std::cref(blocks), Join::settled().within(20ms)).is_success());
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[1] == Outcome::Success);
    CHECK(outcomes[2] == Outcome::Cancelled);
  }
  SECTION("so does a stop") {
    CHECK(run_with(std::cref(stops), Join::settled()).is_cancelled());
    CHECK(outcomes.empty());
  }
}

TEST_CASE("what is cancelled before it starts starts no branch") {
  cano::VirtualTime time;
  std::stop_source stop;
  Desk desk;
  desk.scripts = {{1h}, {1h}, {1h}, {1h}};
  Flow flow{S::A};
  flow.add(S::A,
           [&](Desk&) -> Async<S> {
             stop.request_stop();
             co_return S::B;
           })
      .add(S::B, four().join(Join::settled(), keep))
      .add_exit_state(S::Done);
  const auto result =
      time.run(flow.try_orchestrate(desk, cano::RunOptions{}.with_stop(stop.get_token())));
  CHECK(result.is_cancelled());
  CHECK(desk.started == 0);
}

TEST_CASE("a branch that cancels its own run while it is being started ends too") {
  cano::VirtualTime time;
  std::stop_source stop;
  const auto stops = [&](Desk& desk) -> Async<int> {
    const branches::UnderWay counted{desk};
    stop.request_stop();
    co_await cano::sleep_for(1h);
    co_return 1;
  };
  const auto stops_foreign = [&](Desk& desk) -> asio::awaitable<int> {
    const branches::UnderWay counted{desk};
    stop.request_stop();
    co_await cano::sleep_for(1h);
    co_return 1;
  };
  for (int kind = 0; kind < 2; ++kind) {
    stop = {};
    Desk desk;
    desk.scripts = {{2h}};
    const auto options = cano::RunOptions{}.with_stop(stop.get_token());
    const Ended ended =
        kind == 0
            ? run(time, cano::split(Follow<0>{}, stops).join(Join::all(), keep), desk, options)
            : run(time, cano::split(Follow<0>{}, stops_foreign).join(Join::all(), keep), desk,
                  options);
    CHECK(ended.result.is_cancelled());
    CHECK(ended.after == 0ms);
  }
}

TEST_CASE("a branch that finishes while it is cancelled keeps its value") {
  cano::VirtualTime time;
  Desk desk;
  const auto cleans = [](Desk& d) -> asio::awaitable<int> {
    const branches::UnderWay counted{d};
    co_await asio::this_coro::throw_if_cancelled(false);
    bool was_cancelled = false;
    try {
      co_await cano::sleep_for(1h);
    } catch (const boost::system::system_error&) {
      was_cancelled = true;
    }
    if (was_cancelled) co_await engine::uncancellable_sleep(5ms);
    co_return 8;
  };
  desk.scripts = {{10ms}};
  const Ended ended = run(time, cano::split(Follow<0>{}, cleans).join(Join::any(), keep), desk);
  CHECK(ended.result.is_success());
  CHECK(ended.after == 15ms);
  CHECK(desk.values == std::vector{0, 8});
}

TEST_CASE("losers have ended before the next state begins, and the store may go then") {
  cano::VirtualTime time;
  auto desk = std::make_unique<Desk>();
  desk->scripts = {{10ms}, {1h}, {20ms, true}, {0ms, true}};
  int under_way = -1;
  Flow flow{S::A};
  flow.add(S::A, four().join(Join::any(), S::B))
      .add(S::B,
           [&](Desk& d) {
             under_way = d.under_way;
             return S::Done;
           })
      .add_exit_state(S::Done);
  CHECK(time.run(flow.orchestrate(*desk)) == S::Done);
  desk.reset();
  CHECK(under_way == 0);
  time.run_until_idle();
  CHECK(time.elapsed() == 10ms);
}

TEST_CASE("branches may split and work on items themselves") {
  struct Inner {
    std::vector<int> numbers{1, 2, 3};
    int sum = 0;
  };
  using InnerFlow = cano::Workflow<S, Inner>;
  const auto child = InnerFlow{S::A}
                         .add(S::A, cano::each([](const Inner& i) { return i.numbers; },
                                               [](int number) -> Async<int> {
                                                 co_await cano::sleep_for(number * 10ms);
                                                 co_return number;
                                               })
                                        .join(Join::all(),
                                              [](Inner& inner, std::vector<int> numbers) {
                                                for (const int n : numbers)
                                                  inner.sum += n;
                                                return S::B;
                                              }))
                         .add(S::B, cano::split(
                                        [](Inner& i) -> Async<int> {
                                          co_await cano::sleep_for(1h);
                                          co_return i.sum;
                                        },
                                        [](Inner& i) { return i.sum * 2; })
                                        .join(Join::any(),
                                              [](Inner& inner, std::vector<int> best) {
                                                inner.sum = best.at(0);
                                                return S::Done;
                                              }))
                         .add_exit_state(S::Done);
  const auto nested = [child](Desk& desk) -> Async<int> {
    return [](const InnerFlow& flow, Desk& outer) -> Async<int> {
      const branches::UnderWay counted{outer};
      Inner inner;
      co_await flow.orchestrate(inner);
      co_return inner.sum;
    }(child, desk);
  };
  cano::VirtualTime time;
  Desk desk;
  Ended ended = run(time, cano::split(nested, nested).join(Join::all(), keep), desk);
  CHECK(ended.result.is_success());
  CHECK(ended.after == 30ms);
  CHECK(desk.values == std::vector{12, 12});
  ended = run(time,
              cano::split(nested, nested,
                          [](Desk&) -> Async<int> {
                            co_await cano::sleep_for(20ms);
                            co_return 0;
                          })
                  .join(Join::any(), keep),
              desk);
  CHECK(ended.after == 20ms);
  CHECK(ended.result.is_success());
}

TEST_CASE("a context that goes takes waiting branches with it") {
  int alive = 0;
  const auto own = [&](Desk&) -> Async<int> {
    const engine::Alive counted{alive};
    co_await cano::sleep_for(1h);
    co_return 1;
  };
  const auto foreign = [&](Desk&) -> asio::awaitable<int> {
    const engine::Alive counted{alive};
    co_await cano::sleep_for(1h);
    co_return 1;
  };
  const auto retried = [&](Desk&) -> int { throw std::runtime_error{"again"}; };
  Desk desk;
  {
    const Flow flow = branches::flow_of(
        cano::split(own, foreign, cano::branch("retried", retried, engine::retries(9, 1h)), Fraud{},
                    cano::branch("limited", own, TaskConfig{}.with_attempt_timeout(2h)))
            .join(Join::all().within(3h), keep));
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    time.run_for(1ms);
    CHECK(alive == 3);
  }
  CHECK(alive == 0);
}

// ---- configs

TEST_CASE("a branch is retried by its own config, and says so in errors") {
  cano::VirtualTime time;
  Desk desk;
  struct Fails {
    int run(Desk& d) const {
      ++d.started;
      throw std::runtime_error{"no"};
    }
    static TaskConfig config() { return engine::retries(2, 10ms); }
  };
  Ended ended = run(time, cano::split(Fails{}).join(Join::all(), keep), desk);
  CHECK(desk.started == 3);
  CHECK(ended.after == 20ms);
  CHECK(inside(ended.result.error()).message() ==
        "Join all of 1 branch does not hold: 0 succeeded, 1 failed: branch 0: no (after 3 "
        "attempts)");
  desk = {};
  ended =
      run(time, cano::split(cano::branch("own", Fails{}, engine::once())).join(Join::all(), keep),
          desk);
  CHECK(desk.started == 1);
  CHECK(inside(ended.result.error()).message().find("own: no") != std::string::npos);
}

TEST_CASE("the split itself is not retried, unless add has a config for it") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{1ms, true}};
  const auto split = cano::split(Follow<0>{}).join(Join::all(), keep);
  run(time, split, desk);
  CHECK(desk.started == 1);
  desk.started = 0;
  static_cast<void>(
      time.run(branches::flow_of(split, engine::retries(2, 0ms)).try_orchestrate(desk)));
  CHECK(desk.started == 3);
}

TEST_CASE("an attempt timeout of a branch is the branch's") {
  cano::VirtualTime time;
  Desk desk;
  std::vector<std::string> messages;
  std::vector<std::size_t> attempts;
  const auto slow = [](Desk& d) -> Async<int> {
    const branches::UnderWay counted{d};
    if (d.started < 3) co_await cano::sleep_for(1h);
    co_return 5;
  };
  const auto join = [&](Desk&, std::span<BranchResult<int>> results) {
    for (const auto& result : results) {
      messages.push_back(result.error_message());
      attempts.push_back(result.attempts());
    }
    return S::Done;
  };
  const auto config = engine::once().with_attempt_timeout(10ms);
  const Ended ended = run(
      time,
      cano::split(cano::branch("slow", slow, config),
                  cano::branch("again", slow, engine::retries(1, 5ms).with_attempt_timeout(10ms)))
          .join(Join::settled(), join),
      desk);
  CHECK(ended.after == 15ms);
  CHECK(attempts == std::vector<std::size_t>{1, 2});
  CHECK(messages.at(0).find("The attempt timeout of 10 ms passed in branch slow, attempt 1 of 1") !=
        std::string::npos);
  CHECK(messages.at(1).empty());
}

TEST_CASE("a timeout of the state cancels the branches, and a retry starts them anew") {
  cano::VirtualTime time;
  Desk desk;
  const auto first_slow = [](Desk& d) -> Async<int> {
    const branches::UnderWay counted{d};
    if (d.started <= 2) co_await cano::sleep_for(1h);
    co_return d.started;
  };
  const auto split = cano::split(first_slow, first_slow).join(Join::all(), keep);
  const auto result =
      time.run(branches::flow_of(split, engine::retries(1, 0ms).with_attempt_timeout(10ms))
                   .try_orchestrate(desk));
  CHECK(result.is_success());
  CHECK(time.elapsed() == 10ms);
  CHECK(desk.values == std::vector{3, 4});
  CHECK(desk.under_way == 0);
}

TEST_CASE("at most so many branches are under way") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{10ms}, {10ms}, {10ms}, {10ms}};
  const Ended ended = run(time, four().with_max_in_flight(2).join(Join::all(), keep), desk);
  CHECK(ended.after == 20ms);
  CHECK(desk.most_under_way == 2);
  desk.outcomes.clear();
  run(time, four().with_max_in_flight(1).join(Join::any(), keep), desk);
  CHECK(desk.started == 4 + 1);  // the others never started
  CHECK(desk.outcomes ==
        std::vector{Outcome::Success, Outcome::Cancelled, Outcome::Cancelled, Outcome::Cancelled});
}

// ---- the context of a branch

TEST_CASE("a branch is part of its run: id, limits, observers") {
  cano::VirtualTime time;
  Desk desk;
  const auto recording = std::make_shared<cano::RecordingObserver>();
  std::optional<cano::Duration> left;
  const auto asks = [&](Desk& d, cano::TaskContext& context) {
    d.log.push_back(std::string{context.run_id()} + ' ' + std::string{context.state_name()} + ' ' +
                    context.branch());
    left = context.remaining();
    context.log(cano::Level::Info, "checked", cano::Field{"score", 3});
    return 1;
  };
  const auto join = [](Desk& d, std::vector<int>, cano::TaskContext& context) {
    d.log.push_back('[' + context.branch() + ']');
    return S::Done;
  };
  auto flow = branches::flow_of(cano::split(cano::branch("fraud", asks)).join(Join::all(), join));
  flow.with_observer(recording);
  const auto options = cano::RunOptions{}.with_run_id("r-1").with_timeout(5s);
  CHECK(time.run(flow.orchestrate(desk, options)) == S::Done);
  CHECK(desk.log == std::vector<std::string>{"r-1 fraud fraud", "[]"});
  CHECK(left == 5s);
  const auto logs = recording->all("log");
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].state == "A");
  CHECK(logs[0].fields == std::vector{cano::Field{"score", 3}, cano::Field{"branch", "fraud"}});
}

// ---- on the shards of a runtime

struct ReadsOnShards {
  std::thread::id prep(const Desk&) const { return std::this_thread::get_id(); }
  bool exec(std::thread::id caller) const { return std::this_thread::get_id() != caller; }
  int post(Desk& desk, bool is_elsewhere) const {
    desk.log.emplace_back("post");
    return is_elsewhere ? 1 : 0;
  }
};

TEST_CASE("on a runtime branches are on other threads, of a Node its exec alone") {
  cano::Runtime runtime{2};
  Desk desk;
  const std::thread::id here = std::this_thread::get_id();
  const auto plain = [here](const Desk&) { return std::this_thread::get_id() != here ? 1 : 0; };
  const auto own = [here](const Desk&, cano::TaskContext& context) -> Async<int> {
    co_await cano::yield_now();
    context.log(cano::Level::Info, "from a shard");
    if (context.stop_token().stop_requested() || context.remaining()) co_return 0;
    co_return std::this_thread::get_id() != here && !context.run_id().empty() ? 1 : 0;
  };
  const auto foreign = [here](const Desk&) -> asio::awaitable<cano::Result<int>> {
    co_await cano::yield_now();
    co_return std::this_thread::get_id() != here ? 1 : 0;
  };
  const auto fails = [](const Desk&) -> cano::Result<int> {
    return cano::Error{Errc::Store, "on a shard"};
  };
  const auto throws = [](const Desk&) -> int { throw 3; };
  const auto once = engine::once();
  const auto split =
      cano::split(plain, own, foreign, ReadsOnShards{}, cano::branch("fails", fails, once),
                  cano::branch("throws", throws, once))
          .on(runtime)
          .join(Join::settled(), keep);
  CHECK(cano::run(branches::flow_of(split), desk) == S::Done);
  CHECK(desk.values == std::vector{1, 1, 1, 1});
  CHECK(desk.log == std::vector<std::string>{"post"});
  CHECK(desk.outcomes == std::vector{Outcome::Success, Outcome::Success, Outcome::Success,
                                     Outcome::Success, Outcome::Failed, Outcome::Failed});
}

// Neither copyable nor with a default.
struct Given {
  explicit Given(int v) : value{std::make_unique<int>(v)} {}
  std::unique_ptr<int> value;
};

TEST_CASE("on a runtime branches may give nothing, or what has no default") {
  cano::Runtime runtime{1};
  Desk desk;
  const auto nothing = [](const Desk&) {};
  const auto later = [](const Desk&) -> Async<void> { co_await cano::yield_now(); };
  const auto given = [](const Desk&) -> Async<Given> { co_return Given{6}; };
  const auto join = [](Desk& d, BranchResult<std::monostate>& a, BranchResult<std::monostate>& b,
                       BranchResult<Given>& c) {
    d.values.push_back(*c.value().value);
    return a.is_success() && b.is_success() ? S::Done : S::Other;
  };
  const auto split = cano::split(nothing, later, given).on(runtime).join(Join::all(), join);
  CHECK(cano::run(branches::flow_of(split), desk) == S::Done);
  CHECK(desk.values == std::vector{6});
}

TEST_CASE("on a runtime losers are cancelled and joined") {
  cano::Runtime runtime{2};
  const auto quick = [](const Desk&) { return 1; };
  const auto slow = [](const Desk&) -> Async<int> {
    co_await cano::sleep_for(1h);
    co_return 2;
  };
  const auto slow_foreign = [](const Desk&) -> asio::awaitable<int> {
    co_await cano::sleep_for(1h);
    co_return 2;
  };
  for (int round = 0; round < 50; ++round) {
    auto desk = std::make_unique<Desk>();
    const auto flow = branches::flow_of(
        cano::split(slow, quick, slow_foreign).on(runtime).join(Join::any(), keep));
    CHECK(cano::run(flow, *desk) == S::Done);
    CHECK(desk->outcomes == std::vector{Outcome::Cancelled, Outcome::Success, Outcome::Cancelled});
  }
}

}  // namespace split_tests
