// SPDX-License-Identifier: MIT
#include <chrono>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/run_options.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::VirtualTime;

static_assert(!std::is_aggregate_v<RunOptions>);
static_assert(std::is_nothrow_move_constructible_v<RunOptions>);

TEST_CASE("by default a run has no limit, no name and nothing that stops it") {
  const RunOptions options;
  CHECK_FALSE(options.stop.stop_possible());
  CHECK_FALSE(options.timeout);
  CHECK(options.run_id.empty());
}

TEST_CASE("options are added one by one, and each time a copy has them") {
  const std::stop_source source;
  const RunOptions none;
  const auto stoppable = none.with_stop(source.get_token());
  const auto limited = stoppable.with_timeout(cano::Duration{2s});
  const auto named = limited.with_run_id("r");
  CHECK_FALSE(none.stop.stop_possible());
  CHECK(stoppable.stop == source.get_token());
  CHECK_FALSE(stoppable.timeout);
  CHECK(limited.stop == source.get_token());
  CHECK(limited.timeout == cano::Duration{2s});
  CHECK(limited.run_id.empty());
  CHECK(named.stop == source.get_token());
  CHECK(named.timeout == cano::Duration{2s});
  CHECK(named.run_id == "r");
  CHECK(named.with_timeout(3s).with_run_id("s").timeout == cano::Duration{3s});
  CHECK(named.run_id == "r");
}

TEST_CASE("a timeout has any unit of time, and one that overflows never expires") {
  CHECK(RunOptions{}.with_timeout(1min).timeout == cano::Duration{60s});
  CHECK(RunOptions{}.with_timeout(std::chrono::duration<double>{0.5}).timeout ==
        cano::Duration{500ms});
  CHECK(RunOptions{}.with_timeout(std::chrono::hours::max()).timeout == cano::Duration::max());
  CHECK(RunOptions{}.with_timeout(-1ms).timeout == cano::Duration{-1ms});
}

TEST_CASE("options may be set member by member") {
  const std::stop_source source;
  RunOptions options;
  options.stop = source.get_token();
  options.timeout = 5s;
  options.run_id = "r";
  CHECK(options.stop == source.get_token());
  CHECK(options.timeout == cano::Duration{5s});
  CHECK(options.run_id == "r");
}

// Coroutines that make options inside the operand of co_await, where g++ 12 destroys some
// temporaries twice (GCC bug 98401).
namespace {

Flow notes_run_id() {
  return Flow{S::A}
      .add(S::A,
           [](Data& data, cano::TaskContext& context) {
             data.log.emplace_back(context.run_id());
             return S::Done;
           })
      .add_exit_state(S::Done);
}

asio::awaitable<Result> named_run(const Flow& flow, Data& data) {
  co_return co_await flow.try_orchestrate(
      data, RunOptions{}.with_run_id("a name that is longer than any small string buffer"));
}
asio::awaitable<Result> stopped_run(const Flow& flow, Data& data, const std::stop_source& source) {
  co_return co_await flow.try_orchestrate(data, RunOptions{}.with_stop(source.get_token()));
}
asio::awaitable<Result> limited_run(const Flow& flow, Data& data, const std::stop_source& source) {
  const auto result = co_await flow.try_orchestrate(
      data, RunOptions{}
                .with_stop(source.get_token())
                .with_timeout(0s)
                .with_run_id("another name that takes an allocation"));
  co_return result;
}
asio::awaitable<S> default_runs(const Flow& flow, Data& data) {
  co_await flow.orchestrate(data, RunOptions{});
  co_return co_await flow.orchestrate(data, {});
}

}  // namespace

TEST_CASE("options are made inside the operand of co_await") {
  Data data;
  VirtualTime time;
  const Flow flow = notes_run_id();
  std::stop_source source;

  CHECK(time.run(named_run(flow, data)).is_success());
  CHECK(data.log == std::vector<std::string>{"a name that is longer than any small string buffer"});

  CHECK(time.run(stopped_run(flow, data, source)).is_success());
  CHECK(inside(time.run(limited_run(flow, data, source)).error()).errc() == Errc::Timeout);
  source.request_stop();
  CHECK(time.run(stopped_run(flow, data, source)).is_cancelled());
  CHECK(time.run(default_runs(flow, data)) == S::Done);
  CHECK(data.log.size() == 4);
}
