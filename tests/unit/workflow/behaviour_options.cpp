// SPDX-License-Identifier: MIT
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/run_options.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::VirtualTime;

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
