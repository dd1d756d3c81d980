// SPDX-License-Identifier: MIT
// What observers see of a batch, under each strategy: by name, content and order.
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

#include "support/catch.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

enum class S { Work, Done };

struct Data {
  cano::Duration takes{};
  bool fails = false;
};

asio::awaitable<S> work(Data& data) {
  co_await cano::sleep_for(data.takes);
  if (data.fails) throw std::runtime_error{"broken"};
  co_return S::Done;
}

using Lines = std::vector<std::string>;
using Batch = cano::ConcurrentWorkflow<S, Data>;

Batch make_batch() {
  return Batch{S::Work}.add(S::Work, work, cano::TaskConfig::minimal()).add_exit_state(S::Done);
}

// The three of them: one succeeds first, then one fails, one takes an hour.
std::vector<Data> three() { return {{1ms, false}, {2ms, true}, {1h, false}}; }

std::string line_of(const cano::RecordedEvent& event) {
  if (event.name.starts_with("batch_")) return event.text();
  std::string line = std::to_string(event.instance_id) + ' ' + event.name;
  if (const auto* outcome = event.field<std::string>("outcome")) line += ' ' + *outcome;
  if (event.name == "attempt_failed") line += ' ' + *event.field<std::string>("error");
  return line;
}

// The events of a batch, and a check that every beginning has its end.
Lines events_of(Batch batch, std::vector<Data> stores, const cano::WaitStrategy& strategy,
                cano::Duration stop_after = {}) {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  batch.with_observer(seen);
  cano::VirtualTime time;
  std::stop_source source;
  auto options = cano::RunOptions{}.with_run_id("b");
  if (stop_after > cano::Duration{}) {
    options.stop = source.get_token();
    asio::co_spawn(
        time.get_executor(),
        [](std::stop_source stop, cano::Duration delay) -> asio::awaitable<void> {
          co_await cano::sleep_for(delay);
          stop.request_stop();
        }(source, stop_after),
        asio::detached);
  }
  time.run(batch.execute_concurrent(std::span{stores}, strategy, std::move(options)));
  CHECK(seen->count("batch_started") == 1);
  CHECK(seen->count("batch_finished") == 1);
  CHECK(seen->count("run_started") == seen->count("run_finished"));
  CHECK(seen->count("attempt_started") == seen->count("attempt_succeeded") +
                                              seen->count("attempt_failed") +
                                              seen->count("attempt_cancelled"));
  Lines lines;
  for (const cano::RecordedEvent& event : seen->events())
    lines.push_back(line_of(event));
  return lines;
}

Lines started(std::size_t count) {
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) {
    for (const char* name : {" run_started", " state_entered", " attempt_started"})
      lines.push_back(std::to_string(i) + name);
  }
  return lines;
}

Lines operator+(Lines first, const Lines& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const Lines first_succeeds{"0 attempt_succeeded", "0 run_finished success"};
const Lines second_fails{"1 attempt_failed broken", "1 run_finished failed"};

Lines cancelled(std::size_t instance) {
  const std::string number = std::to_string(instance);
  return {number + " attempt_cancelled cancelled", number + " run_finished cancelled"};
}

Lines begin(const std::string& strategy) {
  return {"batch_started instances=3 wait_strategy=\"" + strategy + '"'};
}
Lines end(const std::string& counts) { return {"batch_finished total=3 " + counts}; }

}  // namespace

TEST_CASE("the events of a batch that waits for all") {
  CHECK(events_of(make_batch(), three(), cano::WaitForever{}) ==
        begin("wait_forever") + started(3) + first_succeeds + second_fails +
            Lines{"2 attempt_succeeded", "2 run_finished success"} +
            end("completed=2 failed=1 cancelled=0 elapsed_ms=3600000"));
}

TEST_CASE("the events of a batch that waits for a quota") {
  CHECK(events_of(make_batch(), three(), cano::WaitForQuota{2}) ==
        begin("wait_for_quota") + started(3) + first_succeeds + second_fails + cancelled(2) +
            end("completed=1 failed=1 cancelled=1 elapsed_ms=2"));
}

TEST_CASE("the events of a batch that waits for a time") {
  CHECK(events_of(make_batch(), three(), cano::WaitDuration{1500us}) ==
        begin("wait_duration") + started(3) + first_succeeds + cancelled(2) + cancelled(1) +
            end("completed=1 failed=0 cancelled=2 elapsed_ms=1.5"));
}

TEST_CASE("the events of a batch that waits for a quota or a time") {
  CHECK(events_of(make_batch(), three(), cano::WaitQuotaOrDuration{3, 5ms}) ==
        begin("wait_quota_or_duration") + started(3) + first_succeeds + second_fails +
            cancelled(2) + end("completed=1 failed=1 cancelled=1 elapsed_ms=5"));
  CHECK(events_of(make_batch(), three(), cano::WaitQuotaOrDuration{1, 5ms}) ==
        begin("wait_quota_or_duration") + started(3) + first_succeeds + cancelled(2) +
            cancelled(1) + end("completed=1 failed=0 cancelled=2 elapsed_ms=1"));
}

TEST_CASE("the events of a batch that is stopped") {
  CHECK(events_of(make_batch(), three(), cano::WaitForever{}, 1500us) ==
        begin("wait_forever") + started(3) + first_succeeds + cancelled(2) + cancelled(1) +
            end("completed=1 failed=0 cancelled=2 elapsed_ms=1.5"));
}

TEST_CASE("an instance that was cancelled before it started is counted and has no events") {
  CHECK(events_of(make_batch().with_max_in_flight(2), three(), cano::WaitForQuota{1}) ==
        begin("wait_for_quota") + started(2) + first_succeeds + cancelled(1) +
            end("completed=1 failed=0 cancelled=2 elapsed_ms=1"));
  CHECK(events_of(make_batch(), three(), cano::WaitForQuota{0}) ==
        begin("wait_for_quota") + end("completed=0 failed=0 cancelled=3 elapsed_ms=0"));
}

TEST_CASE("an empty batch begins and ends") {
  CHECK(events_of(make_batch(), {}, cano::WaitForever{}) ==
        Lines{"batch_started instances=0 wait_strategy=\"wait_forever\"",
              "batch_finished total=0 completed=0 failed=0 cancelled=0 elapsed_ms=0"});
}

namespace {

// Says when the coroutine that it is part of is destroyed.
struct Farewell {
  bool& said;
  explicit Farewell(bool& flag) : said{flag} {}
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;
  ~Farewell() { said = true; }
};

asio::awaitable<void> run_forever(const Batch& batch, bool& is_destroyed) {
  std::vector<Data> stores{{1ms, false}, {1h, false}, {1h, false}};
  const Farewell farewell{is_destroyed};
  auto executed = batch.execute_concurrent(std::span{stores}, cano::WaitForever{});
  co_await std::move(executed);
}

}  // namespace

TEST_CASE("a batch is destroyed with its execution context, and every beginning has its end") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const Batch batch = make_batch().with_observer(seen);
  bool is_destroyed = false;
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), run_forever(batch, is_destroyed), asio::detached);
    time.run_for(1s);
    CHECK_FALSE(is_destroyed);
  }
  CHECK(is_destroyed);
  CHECK(seen->count("run_started") == 3);
  CHECK(seen->count("run_finished") == 3);
  const cano::RecordedEvent lost = seen->all("run_finished").at(1);
  CHECK(*lost.field<std::string>("outcome") == "cancelled");
  CHECK(*lost.field<std::string>("error") == "The run was destroyed with its execution context");
  REQUIRE(seen->count("batch_finished") == 1);
  const std::string end = seen->all("batch_finished")[0].text();
  CHECK(end.find("total=3 completed=1 failed=0 cancelled=2") != std::string::npos);
}

TEST_CASE("a coroutine that awaits a batch on a destroyed Runtime gets its results") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const Batch batch = make_batch().with_observer(seen);
  std::vector<Data> stores{{1h, false}, {1h, false}, {1h, false}};
  asio::io_context home;
  std::optional<cano::Runtime> runtime{std::in_place, 2U};
  std::optional<cano::ConcurrentResult<S>> result;
  asio::co_spawn(
      home,
      batch.execute_concurrent(*runtime, std::span{stores}, cano::WaitForever{},
                               cano::RunOptions{}.with_run_id("b")),
      [&](std::exception_ptr, cano::ConcurrentResult<S> end) { result = std::move(end); });
  home.poll();
  while (seen->count("attempt_started") < 3)
    std::this_thread::yield();
  runtime.reset();
  home.run();
  REQUIRE(result);
  CHECK(result->status.cancelled == 3);
  REQUIRE(result->results.size() == 3);
  CHECK(result->results[2].error_message() ==
        "Cancelled: The instance was destroyed with its execution context, in batch b");
}
