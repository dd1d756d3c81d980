// SPDX-License-Identifier: MIT
#pragma once

// What the tests of undoing share: a run of four steps that can be undone, of every kind of task,
// and the ways in which it may end.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/state.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace saga {

using engine::S;
using namespace std::chrono_literals;
namespace asio = boost::asio;

inline constexpr std::size_t steps = 4;
inline constexpr std::size_t none = 99;

enum class Ending { Throws, Stopped, OutOfTime, FailureState };

struct Trip {
  Ending ending = Ending::Throws;
  std::size_t ends_at = none;   // the step in which it ends so
  int failures_of_an_undo = 0;  // that another attempt mends
  std::size_t bad_undo = none;  // the step that cannot be undone
  std::stop_source stop;
  std::vector<std::string> log;   // "do 0", "undo 0"
  std::vector<std::string> whys;  // what an undo finds in failure()
  std::vector<int> undo_attempts = std::vector<int>(steps);
};

inline S state_of(std::size_t step) { return static_cast<S>(step); }
inline S after(std::size_t step) { return step + 1 == steps ? S::Done : state_of(step + 1); }

inline bool waits_here(const Trip& trip, std::size_t step) {
  return step == trip.ends_at &&
         (trip.ending == Ending::Stopped || trip.ending == Ending::OutOfTime);
}
inline S done(Trip& trip, std::size_t step) {
  trip.log.push_back("do " + std::to_string(step));
  if (step != trip.ends_at) return after(step);
  if (trip.ending == Ending::Throws) throw std::runtime_error{"no seat"};
  return S::Other;
}

/// Fails a given number of times, then writes down that it has undone the step.
inline void undo(Trip& trip, std::size_t step, cano::TaskContext& context) {
  ++trip.undo_attempts[step];
  if (step == trip.bad_undo) throw std::runtime_error{"cannot undo " + std::to_string(step)};
  if (static_cast<int>(context.attempt()) <= trip.failures_of_an_undo) {
    throw std::runtime_error{"try again"};
  }
  CHECK(context.state_name() == cano::state_name(state_of(step)));
  CHECK_FALSE(context.remaining());
  CHECK_FALSE(context.stop_token().stop_requested());
  trip.log.push_back("undo " + std::to_string(step));
  trip.whys.push_back(cano::detail::exception_text(context.failure()));
}
inline cano::TaskConfig undo_config() { return engine::retries(2, 10ms); }

struct PlainStep {
  std::size_t step;
  S run(Trip& trip) const { return done(trip, step); }
  void undo(Trip& trip, cano::TaskContext& context) const { saga::undo(trip, step, context); }
  static cano::TaskConfig undo_config() { return saga::undo_config(); }
};
template <template <class...> class Coroutine> struct WaitingStep {
  std::size_t step;
  Coroutine<S> run(Trip& trip) const {
    co_await cano::sleep_for(waits_here(trip, step) ? cano::Duration{1h} : cano::Duration{1ms});
    co_return done(trip, step);
  }
  Coroutine<void> undo(Trip& trip, cano::TaskContext& context) const {
    co_await cano::sleep_for(5ms);
    saga::undo(trip, step, context);
  }
  static cano::TaskConfig undo_config() { return saga::undo_config(); }
};
using AsyncStep = WaitingStep<cano::Async>;
using AsioStep = WaitingStep<asio::awaitable>;
struct NodeStep {
  std::size_t step;
  bool prep(Trip& trip) const { return waits_here(trip, step); }
  cano::Async<int> exec(bool waits) const {
    co_await cano::sleep_for(waits ? cano::Duration{1h} : cano::Duration{1ms});
    co_return 1;
  }
  S post(Trip& trip, int) const { return done(trip, step); }
  cano::Async<cano::Result<void>> undo(Trip& trip, cano::TaskContext& context) const {
    co_await cano::sleep_for(5ms);
    try {
      saga::undo(trip, step, context);
    } catch (const std::runtime_error& error) {
      co_return cano::Error{cano::Errc::Generic, error.what()};
    }
    co_return cano::Result<void>{};
  }
  static cano::TaskConfig undo_config() { return saga::undo_config(); }
};

using Flow = cano::Workflow<S, Trip>;
using Result = cano::WorkflowResult<S>;

/// The steps alternate between the four kinds, `first` is that of the first one.
inline Flow flow_of(const Trip& trip, std::size_t first) {
  Flow flow{S::A};
  for (std::size_t step = 0; step < steps; ++step) {
    const bool waits = waits_here(trip, step);
    const std::size_t kind = (first + step) % 4;
    const auto config = engine::once();
    if (kind == 0 && !waits) flow.add(state_of(step), PlainStep{step}, config);
    if (kind == 1 || (kind == 0 && waits)) flow.add(state_of(step), AsyncStep{step}, config);
    if (kind == 2) flow.add(state_of(step), AsioStep{step}, config);
    if (kind == 3) flow.add(state_of(step), NodeStep{step}, config);
  }
  return flow.add_exit_state(S::Done).add_failure_state(S::Other);
}

inline Result run(cano::VirtualTime& time, const Flow& flow, Trip& trip) {
  cano::RunOptions options;
  if (trip.ending == Ending::Stopped) {
    options = options.with_stop(trip.stop.get_token());
    engine::after(time, 100ms, [&] { trip.stop.request_stop(); });
  }
  if (trip.ending == Ending::OutOfTime) options = options.with_timeout(100ms);
  return time.run(flow.try_orchestrate(trip, std::move(options)));
}

/// The steps that have succeeded.
inline std::size_t done_count(const Trip& trip) {
  if (trip.ends_at == none) return steps;
  return trip.ending == Ending::FailureState ? trip.ends_at + 1 : trip.ends_at;
}
inline std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t step = 0; step < count; ++step)
    all.push_back(cano::state_name(state_of(step)));
  return all;
}
inline std::vector<std::string> reversed(std::vector<std::string> all) {
  std::reverse(all.begin(), all.end());
  return all;
}
inline std::vector<std::string> undos_in(const Trip& trip) {
  std::vector<std::string> all;
  for (const std::string& line : trip.log)
    if (line.starts_with("undo "))
      all.push_back(cano::state_name(state_of(std::stoul(line.substr(5)))));
  return all;
}

}  // namespace saga
