// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/error.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/run.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace each_tests {

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

const auto keep = [](Desk& desk, std::span<BranchResult<int>> results) {
  return branches::keep_outcomes(desk, results);
};
const auto scripts = [](const Desk& desk) { return desk.scripts; };
const auto follow = [](Desk& desk, const Script& script) {
  return branches::follow(desk, script, 0);
};
const auto sum = [](Desk& desk, std::vector<int> values) {
  desk.values = {std::accumulate(values.begin(), values.end(), 0)};
  return S::Done;
};

auto all_scripts() { return cano::each(scripts, follow, engine::once()); }

TEST_CASE("every join over items ends at the earliest moment, with one result an item") {
  std::minstd_rand random{3};
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() >> 8U) % n; };
  for (int round = 0; round < 400; ++round) {
    const std::size_t count = below(7);
    std::vector<Script> items(count);
    for (Script& item : items)
      item = {below(5) * 10ms, below(3) == 0};
    Rule rule = Rule::All;
    std::size_t needed = 0;
    Join join = Join::all();
    switch (below(6)) {
      case 0:
        break;
      case 1:
        rule = Rule::Any;
        join = Join::any();
        break;
      case 2:
        rule = Rule::Quorum;
        needed = 1 + below(count == 0 ? 1 : static_cast<unsigned>(count));
        join = Join::quorum(needed);
        break;
      case 3:
        rule = Rule::First;
        needed = 1 + below(count == 0 ? 1 : static_cast<unsigned>(count));
        join = Join::first(needed);
        break;
      case 4:
        rule = Rule::Quorum;
        needed = std::max<std::size_t>(1, (count + 1) / 2);
        join = Join::fraction(0.5);
        break;
      default:
        rule = Rule::Settled;
        join = Join::settled();
    }
    std::optional<std::chrono::milliseconds> limit;
    if (below(2) == 0) limit = (1 + below(5)) * 10ms;
    const bool keeps_going = below(3) == 0;
    if (limit) join = join.within(*limit);
    if (keeps_going) join = join.keep_going();
    INFO("round " << round << ' ' << join.text() << " of " << count);
    const auto expected = branches::expect(rule, needed, items, limit, keeps_going);
    cano::VirtualTime time;
    Desk desk;
    desk.scripts = items;
    const Ended ended = run(time, all_scripts().join(join, keep), desk);
    CHECK(ended.after == expected.after);
    CHECK(ended.result.is_success() == expected.holds);
    if (expected.holds) CHECK(desk.outcomes == expected.outcomes);
    if (!expected.holds) CHECK(inside(ended.result.error()).errc() == Errc::JoinFailed);
  }
}

TEST_CASE("more successes than there are items is a mistake, but none is only a failure") {
  cano::VirtualTime time;
  Desk desk;
  CHECK(
      inside(run(time, all_scripts().join(Join::quorum(3), keep), desk).result.error()).message() ==
      "Join quorum(3) of 0 branches does not hold: 0 succeeded, 0 failed");
  desk.scripts = {{1ms}, {1ms}};
  const Ended ended = run(time, all_scripts().join(Join::quorum(3), keep), desk);
  CHECK(inside(ended.result.error()).errc() == Errc::Configuration);
  CHECK(desk.started == 0);
  CHECK(error_of([] { all_scripts().with_max_in_flight(0); }).errc() == Errc::Configuration);
}

TEST_CASE("at most so many items are under way, and each is started") {
  cano::VirtualTime time;
  for (const std::size_t limit : {1U, 3U, 7U, 10U, 99U}) {
    Desk desk;
    desk.scripts.assign(10, {10ms});
    const Ended ended =
        run(time, all_scripts().with_max_in_flight(limit).join(Join::all(), keep), desk);
    CHECK(ended.result.is_success());
    CHECK(desk.most_under_way == static_cast<int>(std::min<std::size_t>(limit, 10)));
    CHECK(ended.after == 10ms * ((10 + limit - 1) / limit));
  }
}

TEST_CASE("many items that never wait yield to others") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts.assign(10'000, {0ms});
  int turns = 0;
  bool is_over = false;
  asio::co_spawn(
      time.get_executor(),
      [](int& count, bool& over) -> asio::awaitable<void> {
        while (!over) {
          ++count;
          co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        }
      }(turns, is_over),
      asio::detached);
  const auto plain = [](const Script&) { return 1; };
  CHECK(run(time, cano::each(scripts, plain).join(Join::all(), sum), desk).result.is_success());
  is_over = true;
  CHECK(desk.values == std::vector{10'000});
  CHECK(turns > 100);
}

TEST_CASE("items that wait and items that do not, in any mixture") {
  cano::VirtualTime time;
  std::minstd_rand random{11};
  for (int round = 0; round < 50; ++round) {
    Desk desk;
    const auto count = static_cast<std::size_t>(random() % 300);
    for (std::size_t i = 0; i < count; ++i)
      desk.scripts.push_back({std::chrono::milliseconds{random() % 4 == 0 ? random() % 3 : 0}});
    const Ended ended = run(
        time, all_scripts().with_max_in_flight(1 + random() % 100).join(Join::all(), keep), desk);
    CHECK(ended.result.is_success());
    CHECK(desk.values.size() == count);
  }
}

TEST_CASE("a stop finds items whose turn has not come") {
  cano::VirtualTime time;
  std::stop_source stop;
  Desk desk;
  desk.scripts.assign(1000, {0ms});
  int count = 0;
  const auto stops = [&](const Script&) {
    if (++count == 70) stop.request_stop();
    return 1;
  };
  const Ended ended = run(time, cano::each(scripts, stops).join(Join::all(), sum), desk,
                          cano::RunOptions{}.with_stop(stop.get_token()));
  CHECK(ended.result.is_cancelled());
  CHECK(count < 1000);
}

TEST_CASE("a join that is decided starts no more items") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts.assign(1000, {0ms});
  const Ended ended = run(time, all_scripts().join(Join::any(), keep), desk);
  CHECK(desk.started == 1);
  CHECK(ended.result.is_success());
  REQUIRE(desk.outcomes.size() == 1000);
  CHECK(std::count(desk.outcomes.begin(), desk.outcomes.end(), Outcome::Cancelled) == 999);
}

// ---- ranges

template <class Items, class Work> int sum_over(const Items& items, const Work& work) {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{1ms}, {2ms}, {3ms}};
  const auto flow = branches::flow_of(cano::each(items, work).join(Join::all(), sum));
  CHECK(time.run(flow.orchestrate(desk)) == S::Done);
  return desk.values.at(0);
}

TEST_CASE("items come from any range") {
  const auto number = [](int n) { return n; };
  CHECK(sum_over([](Desk&) { return std::vector{1, 2, 3}; }, number) == 6);
  CHECK(sum_over([](Desk&) { return std::list{1, 2, 3}; }, number) == 6);
  CHECK(sum_over([](const Desk&) { return std::array{1, 2, 3}; }, number) == 6);
  CHECK(sum_over([](const Desk&) { return std::set{3, 2, 3}; }, number) == 5);
  CHECK(sum_over([](const Desk&) { return std::initializer_list<int>{}; }, number) == 0);
  CHECK(sum_over([](const Desk&) { return std::string_view{"ab"}; },
                 [](const char& c) { return c - 'a'; }) == 1);
  CHECK(sum_over([](const Desk&) { return std::map<int, int>{{1, 10}, {2, 20}}; },
                 [](const std::pair<const int, int>& pair) { return pair.second; }) == 30);
  CHECK(sum_over([](Desk& d) -> auto& { return d.scripts; },
                 [](const Script& script) { return static_cast<int>(script.delay.count()); }) == 6);
}

TEST_CASE("flags are items like others, although a vector packs them") {
  const auto flags = [](const Desk&) { return std::vector{true, false, true, true}; };
  const auto late = [](const bool& flag) -> Async<int> {
    co_await cano::sleep_for(1ms);
    co_return flag ? 1 : 0;
  };
  CHECK(sum_over(flags, late) == 3);
  cano::VirtualTime time;
  Desk desk;
  std::vector<bool> given;
  const auto join = [&](Desk&, std::vector<bool> values) {
    given = std::move(values);
    return S::Done;
  };
  const auto negate = [](bool flag) { return !flag; };
  run(time, cano::each(flags, negate).join(Join::all(), join), desk);
  CHECK(given == std::vector{false, true, false, false});
}

TEST_CASE("what is given up is moved into the run, what the store keeps is copied") {
  using Owner = std::unique_ptr<int>;
  const auto value = [](const Owner& owner) { return *owner; };
  CHECK(sum_over(
            [](const Desk&) {
              std::vector<Owner> owners;
              owners.push_back(std::make_unique<int>(4));
              return owners;
            },
            value) == 4);
  CHECK(sum_over(
            [](const Desk&) {
              std::list<Owner> owners;
              owners.push_back(std::make_unique<int>(5));
              return owners;
            },
            value) == 5);
  cano::VirtualTime time;
  Desk desk;
  desk.log = {"a", "b"};
  const auto view = [](Desk& d) { return std::span{d.log}; };
  const auto size = [](const std::string& text) { return static_cast<int>(text.size()); };
  run(time, cano::each(view, size).join(Join::all(), sum), desk);
  CHECK(desk.log == std::vector<std::string>{"a", "b"});
}

TEST_CASE("items live as long as the work on them, whatever becomes of the store's") {
  const auto late = [](Desk& desk, const std::string& item) -> Async<int> {
    desk.log.clear();
    co_await cano::sleep_for(1ms);
    co_return static_cast<int>(item.size());
  };
  cano::VirtualTime time;
  Desk desk;
  desk.log = {"a text that is too long for a small string", ""};
  const auto refer = [](Desk& d) -> std::vector<std::string>& { return d.log; };
  CHECK(run(time, cano::each(refer, late).join(Join::all(), sum), desk).result.is_success());
  CHECK(desk.values.at(0) == 42);
}

// ---- the work

TEST_CASE("work may take the store or not, and the context") {
  const auto one = [](const Desk&) { return std::array{1}; };
  CHECK(sum_over(one, [](int n, cano::TaskContext& c) { return n + (c.attempt() == 1); }) == 2);
  CHECK(sum_over(one, [](Desk& d, int n) { return n + static_cast<int>(d.scripts.size()); }) == 4);
  CHECK(sum_over(one, [](const Desk&, const int& n, cano::TaskContext&) -> Async<int> {
          co_return n;
        }) == 1);
  CHECK(sum_over(one, [](int n) -> asio::awaitable<cano::Result<int>> { co_return n; }) == 1);
  const auto names = [](int, cano::TaskContext& context) {
    CHECK(context.branch() == "item 0");
    return 0;
  };
  CHECK(sum_over(one, names) == 0);
}

TEST_CASE("each item has retries and limits of its own") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts.assign(3, {0ms});
  std::vector<std::size_t> attempts;
  const auto second_time = [](const Script&, cano::TaskContext& context) -> Async<int> {
    if (context.attempt() == 1) co_await cano::sleep_for(1h);
    if (context.attempt() == 2) throw std::runtime_error{"no"};
    co_return 1;
  };
  const auto join = [&](Desk&, std::span<BranchResult<int>> results) {
    for (const auto& result : results) {
      attempts.push_back(result.attempts());
      CHECK(result.elapsed() == 40ms);
    }
    return S::Done;
  };
  const auto config = engine::retries(2, 10ms).with_attempt_timeout(20ms);
  const Ended ended =
      run(time, cano::each(scripts, second_time, config).join(Join::all(), join), desk);
  CHECK(ended.after == 40ms);
  CHECK(attempts == std::vector<std::size_t>{3, 3, 3});
}

TEST_CASE("an item that fails is named by its place") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts = {{1ms}, {2ms}, {1ms, true}};
  const Ended ended = run(time, all_scripts().join(Join::all(), keep), desk);
  CHECK(inside(ended.result.error()).message() ==
        "Join all of 3 branches does not hold: 1 succeeded, 1 failed: item 2: script 0");
}

TEST_CASE("a function for the items that throws ends the attempt") {
  cano::VirtualTime time;
  Desk desk;
  const auto throws = [](Desk&) -> std::vector<int> { throw std::out_of_range{"items"}; };
  const auto number = [](int n) { return n; };
  const Ended ended = run(time, cano::each(throws, number).join(Join::all(), sum), desk);
  CHECK(inside<std::out_of_range>(ended.result.error()).what() == std::string{"items"});
}

TEST_CASE("a run of one item after the other starts each afresh") {
  cano::VirtualTime time;
  Desk desk;
  desk.scripts.assign(6, {0ms});
  int count = 0;
  // A timeout, a failure, Asio's coroutine that was cancelled: nothing of it may reach the next.
  const auto work = [&](const Script&) -> asio::awaitable<int> {
    const int number = count++;
    if (number == 1) throw std::runtime_error{"no"};
    if (number % 2 == 0) co_await cano::sleep_for(number == 0 ? cano::Duration{1h} : 5ms);
    co_return number;
  };
  const auto config = engine::once().with_attempt_timeout(10ms);
  run(time, cano::each(scripts, work, config).with_max_in_flight(1).join(Join::settled(), keep),
      desk);
  CHECK(desk.values == std::vector{2, 3, 4, 5});
  CHECK(desk.outcomes == std::vector{Outcome::Failed, Outcome::Failed, Outcome::Success,
                                     Outcome::Success, Outcome::Success, Outcome::Success});
}

TEST_CASE("a context that goes takes waiting items with it") {
  int alive = 0;
  const auto waits = [&](const Script& script) -> Async<int> {
    const engine::Alive counted{alive};
    if (script.fails) co_await cano::yield_now();
    co_await cano::sleep_for(1h);
    co_return 1;
  };
  Desk desk;
  desk.scripts.assign(200, {0ms});
  const Flow flow = branches::flow_of(
      cano::each(scripts, waits).with_max_in_flight(150).join(Join::all().within(2h), sum));
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), flow.orchestrate(desk), asio::detached);
    time.run_for(1ms);
    CHECK(alive == 150);
  }
  CHECK(alive == 0);
}

TEST_CASE("on a runtime items are worked on elsewhere, in the order of the items") {
  cano::Runtime runtime{3};
  Desk desk;
  desk.scripts.assign(500, {0ms});
  const auto here = std::this_thread::get_id();
  const auto indexed = [](const Desk& d) {
    std::vector<int> numbers(d.scripts.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  };
  const auto plain = [here](const Desk& d, int n) {
    return std::this_thread::get_id() == here || d.scripts.empty() ? -1 : n;
  };
  const auto own = [](int n, cano::TaskContext& context) -> Async<int> {
    if (n % 7 == 0) co_await cano::sleep_for(50us);
    if (context.stop_token().stop_requested()) co_return -1;
    co_return context.branch() == "item " + std::to_string(n) ? n : -2;
  };
  const auto expected = indexed(desk);
  CHECK(cano::run(branches::flow_of(cano::each(indexed, plain).on(runtime).join(Join::all(), keep)),
                  desk) == S::Done);
  CHECK(desk.values == expected);
  desk.values.clear();
  CHECK(cano::run(
            branches::flow_of(
                cano::each(indexed, own).with_max_in_flight(8).on(runtime).join(Join::all(), keep)),
            desk) == S::Done);
  CHECK(desk.values == expected);
}

}  // namespace each_tests
