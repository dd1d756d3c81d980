// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/observe/progress.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/yield_now.hpp>
#include <cano/workflow/problem.hpp>
#include <cano/workflow/run.hpp>

#include "support/catch.hpp"

using namespace cano;
using namespace std::chrono_literals;

namespace {

enum class State { Start, Work, Done };

enum class Stage { Start, Nameless, Done };

std::string to_string(Stage stage) {
  if (stage == Stage::Nameless) throw std::runtime_error{"this stage has no name"};
  return "stage";
}

struct Job {
  Duration delay{};
  bool fails = false;
  bool worked = false;
};

asio::awaitable<State> wait_and_work(Job& job) {
  co_await sleep_for(job.delay);
  if (job.fails) throw std::runtime_error{"job failed"};
  job.worked = true;
  co_return State::Done;
}

ConcurrentWorkflow<State, Job> jobs() {
  ConcurrentWorkflow<State, Job> workflow{State::Start};
  workflow.add(State::Start, [](Job&) { return State::Work; });
  workflow.add(State::Work, wait_and_work, TaskConfig::minimal());
  workflow.add_exit_state(State::Done);
  return workflow;
}

std::vector<Job> delays(std::initializer_list<int> milliseconds) {
  std::vector<Job> stores;
  for (const int ms : milliseconds)
    stores.push_back(Job{.delay = std::chrono::milliseconds{ms}});
  return stores;
}

template <class Result> std::string outcomes(const Result& result) {
  std::string text;
  for (const auto& each : result.results) {
    text += each.is_success() ? 'S' : each.is_failed() ? 'F' : 'C';
  }
  return text;
}

template <class Result> void check_counters(const Result& result) {
  const auto text = outcomes(result);
  const auto count = [&](char c) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
  };
  CHECK(result.status.total_workflows == result.results.size());
  CHECK(result.status.completed == count('S'));
  CHECK(result.status.failed == count('F'));
  CHECK(result.status.cancelled == count('C'));
  CHECK(result.status.is_complete());
}

auto run_jobs(std::vector<Job>& stores, WaitStrategy strategy) {
  VirtualTime time;
  auto result = time.run(jobs().execute_concurrent(stores, strategy));
  check_counters(result);
  return result;
}

}  // namespace

TEST_CASE("no stores: empty results, zero status, complete") {
  std::vector<Job> none;
  for (const WaitStrategy& strategy :
       {WaitStrategy{WaitForever{}}, WaitStrategy{WaitForQuota{0}}, WaitStrategy{WaitForQuota{3}},
        WaitStrategy{WaitDuration{0ms}}, WaitStrategy{WaitQuotaOrDuration{1, 1ms}}}) {
    const auto result = run_jobs(none, strategy);
    CHECK(result.results.empty());
    CHECK(result.status.total_workflows == 0);
    CHECK(result.status.is_complete());
  }
}

TEST_CASE("WaitForever waits for all, failures included") {
  auto stores = delays({30, 10, 20});
  stores[1].fails = true;
  const auto result = run_jobs(stores, WaitForever{});
  CHECK(outcomes(result) == "SFS");
  CHECK(result.results[1].error_message() == "job failed");
  CHECK(result.results[1].state() == State::Work);
  CHECK(result.results[0].state() == State::Done);
  CHECK(result.results[0].transitions() == 2);
  CHECK(result.status.elapsed == Duration{30ms});
}

TEST_CASE("a quota counts finished instances, successes and failures") {
  auto stores = delays({50, 40, 30, 20, 10});
  stores[3].fails = true;
  CHECK(outcomes(run_jobs(stores, WaitForQuota{3})) == "CCSFS");
  CHECK_FALSE(stores[0].worked);
}

TEST_CASE("a quota of successes does not count failures") {
  auto stores = delays({50, 40, 30, 20, 10});
  stores[3].fails = true;
  CHECK(outcomes(run_jobs(stores, WaitForQuota{3, true})) == "CSSFS");
}

TEST_CASE("a quota of successes that cannot be reached waits for all") {
  auto stores = delays({10, 20});
  stores[0].fails = true;
  CHECK(outcomes(run_jobs(stores, WaitForQuota{2, true})) == "FS");
}

TEST_CASE("quota 0 cancels all, 1 takes the first, n and more wait for all") {
  auto stores = delays({20, 10, 30});
  const auto none = run_jobs(stores, WaitForQuota{0});
  CHECK(outcomes(none) == "CCC");
  CHECK(none.results[0].state() == State::Start);
  CHECK_THAT(none.results[0].error_message(), Catch::Matchers::Contains("before it started") ||
                                                  Catch::Matchers::Contains("cancelled"));
  CHECK(outcomes(run_jobs(stores, WaitForQuota{1})) == "CSC");
  CHECK(outcomes(run_jobs(stores, WaitForQuota{3})) == "SSS");
  CHECK(outcomes(run_jobs(stores, WaitForQuota{9})) == "SSS");
}

TEST_CASE("a quota of many instances that never wait is kept to the instance") {
  ConcurrentWorkflow<State, int> workflow{State::Start};
  workflow.add(State::Start, [](int& visits) {
    ++visits;
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  VirtualTime time;
  std::vector<int> stores(500);
  const auto result = time.run(workflow.execute_concurrent(stores, WaitForQuota{3}));
  check_counters(result);
  CHECK(result.status.completed == 3);
  CHECK(result.status.cancelled == 497);
  CHECK(std::count(stores.begin(), stores.end(), 1) == 3);
}

TEST_CASE("a quota reached when the next instance is about to start cancels that one") {
  auto stores = delays({10, 10, 10});
  VirtualTime time;
  auto workflow = jobs();
  workflow.with_max_in_flight(2);
  const auto result = time.run(workflow.execute_concurrent(stores, WaitForQuota{2}));
  check_counters(result);
  CHECK(outcomes(result) == "SSC");
  CHECK_FALSE(stores[2].worked);
}

TEST_CASE("finished results survive a timeout, each in its own place") {
  auto stores = delays({400, 10, 20});
  const auto result = run_jobs(stores, WaitDuration{100ms});
  CHECK(outcomes(result) == "CSS");
  CHECK(result.results[0].state() == State::Work);
  CHECK(result.status.elapsed == Duration{100ms});
}

TEST_CASE("a limit of 0 cancels all, a long one waits for all and no longer") {
  auto stores = delays({10, 20});
  CHECK(outcomes(run_jobs(stores, WaitDuration{0ms})) == "CC");
  const auto all = run_jobs(stores, WaitDuration{1h});
  CHECK(outcomes(all) == "SS");
  CHECK(all.status.elapsed == Duration{20ms});
}

TEST_CASE("quota or duration: whichever comes first") {
  auto stores = delays({10, 20, 30, 40});
  CHECK(outcomes(run_jobs(stores, WaitQuotaOrDuration{2, 100ms})) == "SSCC");
  CHECK(outcomes(run_jobs(stores, WaitQuotaOrDuration{4, 35ms})) == "SSSC");
}

TEST_CASE("an instance that throws anything has failed, and the others go on") {
  ConcurrentWorkflow<State, int> workflow{State::Start};
  workflow.add(
      State::Start,
      [](int& number) -> State {
        if (number == 0) throw 42;
        if (number == 1) throw "text";
        return State::Done;
      },
      TaskConfig::minimal());
  workflow.add_exit_state(State::Done);
  std::vector<int> stores{0, 1, 2};
  const auto result = run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(outcomes(result) == "FFS");
  CHECK(result.results[0].error_message() == "exception of type int: 42");
  CHECK(result.results[1].error_message() == "text");
  check_counters(result);
}

TEST_CASE("an instance in a state that has no task, and no name, is a failure like others") {
  ConcurrentWorkflow<Stage, Job> workflow{Stage::Start};
  workflow.add(Stage::Start, [](Job& job) -> asio::awaitable<Stage> {
    if (job.delay > 0ms) co_await sleep_for(job.delay);
    co_return job.fails ? Stage::Nameless : Stage::Done;
  });
  workflow.add_exit_state(Stage::Done);
  auto stores = delays({0, 10, 20});
  stores[1].fails = true;
  VirtualTime time;
  const auto result = time.run(workflow.execute_concurrent(stores, WaitForever{}));
  check_counters(result);
  CHECK(outcomes(result) == "SFS");
  CHECK(result.results[1].error_message() ==
        "Workflow error: No task registered for state: (its name cannot be read: this stage has no "
        "name)");
}

TEST_CASE("all instances may fail") {
  auto stores = delays({1, 2, 3});
  for (Job& store : stores)
    store.fails = true;
  CHECK(outcomes(run_jobs(stores, WaitForever{})) == "FFF");
}

TEST_CASE("a missing task fails each instance with a word") {
  ConcurrentWorkflow<State, int> workflow{State::Start};
  std::vector<int> stores(2);
  const auto result = run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(outcomes(result) == "FF");
  CHECK(result.results[1].error_message() == "Workflow error: No task registered for state: Start");
}

TEST_CASE("results belong to their stores for every strategy and finishing order") {
  // Distinct delays make the finishing order known, so every outcome can be predicted.
  std::uint32_t seed = 12345;
  const auto random = [&](std::uint32_t below) {
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8U) % below;
  };
  for (int round = 0; round < 3000; ++round) {
    const std::size_t n = random(12);
    std::vector<Job> stores(n);
    std::vector<int> order(n);
    for (std::size_t i = 0; i < n; ++i)
      order[i] = static_cast<int>(i);
    for (std::size_t i = n; i > 1; --i)
      std::swap(order[i - 1], order[random(static_cast<std::uint32_t>(i))]);
    for (std::size_t i = 0; i < n; ++i) {
      stores[i].delay = std::chrono::milliseconds{10 * (order[i] + 1)};
      stores[i].fails = random(4) == 0;
    }
    const std::size_t quota = random(static_cast<std::uint32_t>(n) + 2);
    const Duration limit = std::chrono::milliseconds{10 * random(14) + 5};
    const bool successes_only = random(2) == 0;
    const std::uint32_t kind = random(4);
    const bool has_quota = kind == 1 || kind == 3;
    const bool has_limit = kind == 2 || kind == 3;
    const WaitStrategy strategies[] = {WaitForever{}, WaitForQuota{quota, successes_only},
                                       WaitDuration{limit},
                                       WaitQuotaOrDuration{quota, limit, successes_only}};

    std::string expected(n, 'C');
    std::size_t counted = 0;
    for (int place = 0; place < static_cast<int>(n); ++place) {
      const auto i =
          static_cast<std::size_t>(std::find(order.begin(), order.end(), place) - order.begin());
      if (has_quota && counted >= quota) break;
      if (has_limit && stores[i].delay > limit) break;
      expected[i] = stores[i].fails ? 'F' : 'S';
      if (!stores[i].fails || !successes_only) ++counted;
    }

    const auto result = run_jobs(stores, strategies[kind]);
    INFO("round " << round << ", kind " << kind << ", quota " << quota);
    REQUIRE(outcomes(result) == expected);
    for (std::size_t i = 0; i < n; ++i)
      REQUIRE(stores[i].worked == (expected[i] == 'S'));
  }
}

TEST_CASE("a stop request cancels what is under way and joins it") {
  VirtualTime time;
  auto stores = std::make_unique<std::vector<Job>>(delays({10, 1000, 2000}));
  std::stop_source stop;
  asio::co_spawn(
      time.get_executor(),
      [](std::stop_source source) -> asio::awaitable<void> {
        co_await sleep_for(50ms);
        source.request_stop();
      }(stop),
      asio::detached);
  const auto result = time.run(
      jobs().execute_concurrent(*stores, WaitForever{}, RunOptions{}.with_stop(stop.get_token())));
  stores.reset();  // nothing may touch them any more
  time.run_until_idle();
  CHECK(outcomes(result) == "SCC");
  CHECK(result.status.elapsed == Duration{50ms});
  check_counters(result);
}

TEST_CASE("a batch that was stopped before it started runs nothing") {
  auto stores = delays({0, 0});
  std::stop_source stop;
  stop.request_stop();
  const auto result = run(
      jobs().execute_concurrent(stores, WaitForever{}, RunOptions{}.with_stop(stop.get_token())));
  CHECK(outcomes(result) == "CC");
  CHECK_FALSE(stores[0].worked);
}

TEST_CASE("Asio's cancellation slot cancels the batch, which keeps what has finished") {
  VirtualTime time;
  auto stores = delays({10, 1000});
  const auto workflow = jobs();
  asio::cancellation_signal signal;
  std::optional<ConcurrentResult<State>> result;
  asio::co_spawn(time.get_executor(), workflow.execute_concurrent(stores, WaitForever{}),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, ConcurrentResult<State> done) {
                       result = std::move(done);
                     }));
  time.run_for(50ms);
  CHECK_FALSE(result);
  signal.emit(asio::cancellation_type::terminal);
  time.run_until_idle();
  REQUIRE(result);
  CHECK(outcomes(*result) == "SC");
}

TEST_CASE("a timeout in the options limits each instance") {
  VirtualTime time;
  auto stores = delays({10, 1000});
  const auto result =
      time.run(jobs().execute_concurrent(stores, WaitForever{}, RunOptions{}.with_timeout(100ms)));
  CHECK(outcomes(result) == "SF");
  CHECK_THAT(result.results[1].error_message(),
             Catch::Matchers::Contains("total timeout of 100 ms"));
}

TEST_CASE("an attempt timeout works in a batch") {
  VirtualTime time;
  ConcurrentWorkflow<State, Job> workflow{State::Start};
  workflow.add(State::Start, wait_and_work,
               TaskConfig{}.with_fixed_retry(1, 5ms).with_attempt_timeout(20ms));
  workflow.add_exit_state(State::Done);
  auto stores = delays({10, 1000});
  const auto result = time.run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(outcomes(result) == "SF");
  CHECK(result.results[1].attempts() == 2);
  CHECK(result.status.elapsed == Duration{45ms});
}

// The coroutine of one instance goes on with the next.
TEST_CASE("what ended one instance does not reach the next in its coroutine") {
  auto workflow = jobs().with_max_in_flight(1);
  auto stores = delays({50, 1, 50, 1, 1});
  VirtualTime time;
  std::string ends;
  SECTION("a timeout of the run") {
    auto batch =
        workflow.execute_concurrent(stores, WaitForever{}, RunOptions{}.with_timeout(20ms));
    ends = outcomes(time.run(std::move(batch)));
  }
  SECTION("a timeout of the state") {
    ConcurrentWorkflow<State, Job> limited{State::Work};
    limited.add(State::Work, wait_and_work, TaskConfig::minimal().with_timeout(20ms))
        .add_exit_state(State::Done)
        .with_max_in_flight(1);
    ends = outcomes(time.run(limited.execute_concurrent(stores, WaitForever{})));
  }
  SECTION("a timeout of the attempt") {
    ConcurrentWorkflow<State, Job> limited{State::Work};
    limited.add(State::Work, wait_and_work, TaskConfig::minimal().with_attempt_timeout(20ms))
        .add_exit_state(State::Done)
        .with_max_in_flight(1);
    ends = outcomes(time.run(limited.execute_concurrent(stores, WaitForever{})));
  }
  CHECK(ends == "FSFSS");
  CHECK(time.elapsed() == 43ms);
  for (std::size_t i = 0; i < stores.size(); ++i)
    CHECK(stores[i].worked == (ends[i] == 'S'));
}

TEST_CASE("a failure of one instance does not reach the next in its coroutine") {
  auto workflow = jobs().with_max_in_flight(1);
  auto stores = delays({1, 1, 1});
  stores[1].fails = true;
  VirtualTime time;
  CHECK(outcomes(time.run(workflow.execute_concurrent(stores, WaitForever{}))) == "SFS");
}

TEST_CASE("no more instances are in flight than allowed") {
  struct Gauge {
    int now = 0;
    int most = 0;
  };
  struct Store {
    Gauge* gauge;
  };
  ConcurrentWorkflow<State, Store> workflow{State::Start};
  workflow.add(State::Start, [](Store& store) -> asio::awaitable<State> {
    store.gauge->most = std::max(store.gauge->most, ++store.gauge->now);
    co_await sleep_for(10ms);
    --store.gauge->now;
    co_return State::Done;
  });
  workflow.add_exit_state(State::Done).with_max_in_flight(3);
  Gauge gauge;
  std::vector<Store> stores(10, Store{&gauge});
  VirtualTime time;
  const auto result = time.run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(result.status.completed == 10);
  CHECK(gauge.most == 3);
  CHECK(result.status.elapsed == Duration{40ms});
  stores.assign(300, Store{&gauge});  // so many that several are taken at a time
  CHECK(time.run(workflow.execute_concurrent(stores, WaitForever{})).status.completed == 300);
  CHECK(gauge.most == 3);
  CHECK(gauge.now == 0);
  CHECK_THROWS_WITH(
      workflow.with_max_in_flight(0),
      "Configuration error: with_max_in_flight: the number of instances must be at least 1, not 0");
}

TEST_CASE("an instance that waits keeps no other from a thread that has room for it") {
  constexpr std::size_t instances = 500;
  struct Store {
    std::atomic<std::size_t>* ended;
    bool is_last = false;
  };
  ConcurrentWorkflow<State, Store> workflow{State::Start};
  workflow.add(State::Start, [](Store& store) -> asio::awaitable<State> {
    while (store.is_last && *store.ended < instances - 1)
      co_await yield_now();
    ++*store.ended;
    co_return State::Done;
  });
  workflow.add_exit_state(State::Done).with_max_in_flight(2);
  std::atomic<std::size_t> ended{0};
  std::vector<Store> stores(instances, Store{&ended});
  stores.front().is_last = true;
  Runtime runtime{2};
  CHECK(run(workflow.execute_concurrent(runtime, stores, WaitForever{})).status.completed ==
        instances);
}

TEST_CASE("progress is reported once for each instance, in order") {
  VirtualTime time;
  auto stores = delays({30, 10, 20});
  std::vector<std::size_t> seen;
  auto workflow = jobs();
  workflow.with_progress([&](const ConcurrentStatus& status) {
    seen.push_back(status.completed);
    CHECK(status.total_workflows == 3);
  });
  time.run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(seen == std::vector<std::size_t>{1, 2, 3});
}

TEST_CASE("the last progress has the final status, however the batch ended") {
  struct Case {
    WaitStrategy strategy;
    std::size_t instances;
    std::size_t in_flight;
  };
  const Case cases[] = {{WaitForever{}, 5, 5},          {WaitForever{}, 0, 5},
                        {WaitForQuota{2}, 5, 5},        {WaitForQuota{2}, 5, 1},
                        {WaitForQuota{0}, 5, 1},        {WaitDuration{25ms}, 5, 1},
                        {WaitDuration{0ms}, 3, 3},      {WaitQuotaOrDuration{4, 25ms}, 5, 2},
                        {WaitForQuota{2, true}, 300, 3}};
  for (const Case& each : cases) {
    VirtualTime time;
    std::vector<Job> stores(each.instances, Job{.delay = 10ms});
    std::vector<ConcurrentStatus> seen;
    auto workflow = jobs().with_max_in_flight(each.in_flight);
    workflow.with_progress([&](const ConcurrentStatus& status) { seen.push_back(status); });
    const auto result = time.run(workflow.execute_concurrent(stores, each.strategy));
    REQUIRE_FALSE(seen.empty());
    CHECK(seen.back() == result.status);
    CHECK(seen.back().is_complete());
    CHECK(std::count_if(seen.begin(), seen.end(),
                        [](const auto& status) { return status.is_complete(); }) == 1);
  }
}

TEST_CASE("a Progress ends its line for each batch that a quota has ended") {
  std::ostringstream out;
  Progress progress{out, {.label = "orders", .terminal = true}};
  auto workflow = jobs().with_max_in_flight(1);
  workflow.with_progress(std::ref(progress));
  for (int batch = 0; batch < 2; ++batch) {
    VirtualTime time;
    auto stores = delays({10, 10, 10, 10});
    time.run(workflow.execute_concurrent(stores, WaitForQuota{1}));
    const std::string text = out.str();
    CHECK(
        text.ends_with("orders  100 % of 4: 1 done, 0 failed, 3 cancelled, 0 running, 400.0/s, "
                       "took 1 s\x1b[K\x1b[?7h\n"));
    CHECK(std::count(text.begin(), text.end(), '\n') == batch + 1);
  }
}

TEST_CASE("progress that throws is not called again and fails nothing") {
  VirtualTime time;
  auto stores = delays({10, 20});
  int calls = 0;
  auto workflow = jobs();
  workflow.with_progress([&](const ConcurrentStatus&) {
    ++calls;
    throw std::runtime_error{"broken pipe"};
  });
  CHECK(outcomes(time.run(workflow.execute_concurrent(stores, WaitForever{}))) == "SS");
  CHECK(calls == 1);
}

TEST_CASE("stores need neither a default constructor nor a copy") {
  struct Fixed {
    explicit Fixed(int start) : value{start} {}
    Fixed(const Fixed&) = delete;
    Fixed& operator=(const Fixed&) = delete;
    int value;
  };
  Fixed stores[] = {Fixed{1}, Fixed{2}};
  ConcurrentWorkflow<State, Fixed> workflow{State::Start};
  workflow.add(State::Start, [](Fixed& store) {
    store.value *= 10;
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  const auto result = run(workflow.execute_concurrent(std::span<Fixed>{stores}, WaitForever{}));
  CHECK(result.status.completed == 2);
  CHECK(stores[0].value == 10);
  CHECK(stores[1].value == 20);
}

TEST_CASE("a million stores") {
  ConcurrentWorkflow<State, char> workflow{State::Start};
  workflow.add(State::Start, [](char& visited) {
    ++visited;
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  std::vector<char> stores(1'000'000);
  const auto result = run(workflow.execute_concurrent(stores, WaitForever{}));
  CHECK(result.status.completed == stores.size());
  CHECK(std::all_of(stores.begin(), stores.end(), [](char visited) { return visited == 1; }));
}

TEST_CASE("made from a Workflow it has the same states, and neither changes the other") {
  Workflow<State, Job> single{State::Start};
  single.add(State::Start, [](Job&) { return State::Done; }).add_exit_state(State::Done);
  ConcurrentWorkflow concurrent{single};
  concurrent.add(State::Work, [](Job&) { return State::Done; });
  CHECK(single.graph().nodes.size() == 2);
  std::vector<Job> stores(3);
  CHECK(run(concurrent.execute_concurrent(stores, WaitForever{})).status.completed == 3);
}

TEST_CASE("a task knows its instance and the run they share") {
  struct Store {
    std::size_t instance = 99;
    std::string run_id;
  };
  ConcurrentWorkflow<State, Store> workflow{State::Start};
  workflow.add(State::Start, [](Store& store, TaskContext& context) {
    store.instance = context.instance_id();
    store.run_id = context.run_id();
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  std::vector<Store> stores(3);
  run(workflow.execute_concurrent(stores, WaitForever{}, RunOptions{}.with_run_id("nightly")));
  CHECK(stores[0].instance == 0);
  CHECK(stores[2].instance == 2);
  CHECK(stores[2].run_id == "nightly");
}

TEST_CASE("a batch is a job with fresh stores each time") {
  const auto batch = jobs().batch(3, WaitForQuota{2});
  CHECK(batch.instances() == 3);
  CHECK(batch.strategy() == WaitStrategy{WaitForQuota{2}});
  for (int round = 0; round < 2; ++round) {
    const auto result = run(batch.execute());
    CHECK(result.results.size() == 3);
    CHECK(result.status.completed >= 2);
  }
  CHECK_THROWS_WITH(
      jobs().batch(0, WaitForever{}),
      "Configuration error: batch: the number of instances must be at least 1, not 0");
}

TEST_CASE("a batch runs on a Runtime, on all its threads, from inside and outside") {
  Runtime runtime{2};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::latch both_threads{2};
  ConcurrentWorkflow<State, int> workflow{State::Start};
  workflow.add(State::Start, [&](int&) {
    bool is_first_of_thread = false;
    {
      const std::lock_guard lock{mutex};
      is_first_of_thread = threads.insert(std::this_thread::get_id()).second;
    }
    if (is_first_of_thread) both_threads.arrive_and_wait();
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  std::vector<int> stores(64);
  SECTION("from a coroutine on a shard") {
    CHECK(runtime.run(workflow.execute_concurrent(stores, WaitForever{})).status.completed == 64);
  }
  SECTION("from elsewhere") {
    CHECK(run(workflow.execute_concurrent(runtime, stores, WaitForever{})).status.completed == 64);
  }
  CHECK(threads.size() == 2);
}

TEST_CASE("a thread that is kept busy keeps few instances from the others") {
  Runtime runtime{2};
  constexpr std::size_t instances = 1600;
  constexpr std::size_t kept = 100;  // by the first, with itself: a sixteenth of what was left
  std::atomic<std::size_t> others{0};
  std::latch enough{1};
  ConcurrentWorkflow<State, std::size_t> workflow{State::Start};
  workflow.add(State::Start, [&](std::size_t& index) {
    if (index == 0) {
      enough.wait();
    } else if (++others == instances - kept) {
      enough.count_down();
    }
    return State::Done;
  });
  workflow.add_exit_state(State::Done);
  std::vector<std::size_t> stores(instances);
  std::iota(stores.begin(), stores.end(), std::size_t{0});
  CHECK(run(workflow.execute_concurrent(runtime, stores, WaitForever{})).status.completed ==
        instances);
}

TEST_CASE("a batch runs on a thread pool, an io_context and a strand") {
  std::vector<int> stores(50);
  ConcurrentWorkflow<State, int> workflow{State::Start};
  workflow.add(State::Start, [](int& count) -> asio::awaitable<State> {
    ++count;
    co_await sleep_for(1ms);
    co_return State::Done;
  });
  workflow.add_exit_state(State::Done);
  SECTION("thread pool") {
    asio::thread_pool pool{4};
    auto done =
        asio::co_spawn(pool, workflow.execute_concurrent(stores, WaitForever{}), asio::use_future);
    CHECK(done.get().status.completed == 50);
  }
  SECTION("strand") {
    asio::thread_pool pool{2};
    auto done =
        asio::co_spawn(asio::make_strand(pool.get_executor()),
                       workflow.execute_concurrent(stores, WaitForever{}), asio::use_future);
    CHECK(done.get().status.completed == 50);
  }
  SECTION("io_context") {
    asio::io_context context;
    auto done = asio::co_spawn(context, workflow.execute_concurrent(stores, WaitForever{}),
                               asio::use_future);
    context.run();
    CHECK(done.get().status.completed == 50);
  }
  CHECK(std::all_of(stores.begin(), stores.end(), [](int count) { return count == 1; }));
}

TEST_CASE("a concurrent workflow has its graph and is validated as the workflow is") {
  const auto to_work = [](Job&) { return State::Work; };
  ConcurrentWorkflow<State, Job> batch{State::Start};
  batch.add(State::Start, to_work).with_default_config(TaskConfig::minimal());
  CHECK(batch.graph().nodes.size() == 1);
  CHECK(batch.graph().nodes.front().max_attempts == 1);
  REQUIRE(batch.validate().size() == 1);
  CHECK(batch.validate().front().kind == Problem::Kind::NoExitReachable);
  batch.add_exit_state(State::Done);
  CHECK(batch.validate().empty());
  const Workflow<State, Job> workflow =
      Workflow<State, Job>{State::Start}.add_exit_state(State::Done);
  CHECK(ConcurrentWorkflow{workflow}.graph() == workflow.graph());
  CHECK(ConcurrentWorkflow{workflow}.validate() == workflow.validate());
}

TEST_CASE("instances that fail after the batch was stopped are cancelled, and say why") {
  for (const std::size_t retries : {std::size_t{0}, std::size_t{3}}) {
    VirtualTime time;
    const auto gives_up = [](Job& job) -> Async<State> {
      bool cancelled = false;
      try {
        co_await sleep_for(1h);
      } catch (...) {
        cancelled = true;
      }
      job.worked = cancelled;
      throw std::logic_error{"half done"};
    };
    const auto batch = ConcurrentWorkflow<State, Job>{State::Start}.add(
        State::Start, gives_up, TaskConfig{}.with_fixed_retry(retries, 1ms));
    std::vector<Job> jobs(3);
    const auto [results, status] = time.run(batch.execute_concurrent(jobs, WaitDuration{10ms}));
    CHECK(status.cancelled == 3);
    CHECK(status.failed == 0);
    for (const auto& result : results) {
      CHECK(result.attempts() == 1);
      CHECK(result.error_message().find(" was cancelled in state Start: half done") !=
            std::string::npos);
    }
  }
}
