// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/run_id.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/drive.hpp>
#include <cano/workflow/detail/run_machine.hpp>
#include <cano/workflow/detail/step.hpp>
#include <cano/workflow/run_options.hpp>

// g++ counts the frames of these coroutines to this header, and warns of every type of an unnamed
// namespace in one that a scheduler runs.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace cano::detail {

/// The shorter of the limits that the workflow and the call set on a run; `Duration::max()` where
/// neither does. Not optional: the copy of one that was just made stalls the processor for 7 ns.
template <class Definition>
Duration total_timeout(const Definition& definition, const RunOptions& options) {
  return std::min(options.timeout.value_or(Duration::max()),
                  definition.total_timeout.value_or(Duration::max()));
}

/// What events say of the run; where there will be any, the run must have its id by then.
template <class Definition> RunInfo run_info(const Definition& definition, RunOptions& options) {
  if (options.run_id.empty() && !definition.observers.empty()) options.run_id = make_run_id();
  return RunInfo{.run_id = options.run_id, .span = definition.span.get()};
}

/// Runs the machine until it has something to await. `Step::Begin`: something can interrupt it, so
/// it has to run in a coroutine of its own from the first hop.
template <class Machine, class Definition>
Step begin(Machine& run, const Definition& definition, const RunOptions& options) {
  const Duration timeout = total_timeout(definition, options);
  const bool is_limited = timeout != Duration::max();
  if (is_limited) run.limit(timeout);
  if (is_limited || definition.has_limits || options.stop.stop_possible()) return Step::Begin;
  return run.advance();
}

/// Runs the machine to its end, from where `begin` left it.
template <class Machine>
asio::awaitable<void> finish(Machine& run, Step step, const RunOptions& options) {
  return step == Step::Begin ? drive_in_scope(run, options.stop) : drive(run, step);
}

/// How a run tells of its end: by its state or its exception, or by a result.
struct StateOrThrow {
  template <class Machine> static auto of(Machine& run) { return run.take_state_or_throw(); }
};
struct AsResult {
  template <class Machine> static auto of(Machine& run) { return run.take_result(); }
};

template <class End, StateLike State, class Store>
asio::awaitable<decltype(End::of(std::declval<RunMachine<State, Store>&>()))> orchestrate(
    std::shared_ptr<const Definition<State, Store>> definition, Store& store, RunOptions options) {
  const Clock clock = Clock::of(co_await asio::this_coro::executor);
  RunMachine<State, Store> run{*definition,    store, run_info(*definition, options),
                               options.run_id, clock, clock.now()};
  if (const Step step = begin(run, *definition, options); step != Step::Finished) {
    auto finished = finish(run, step, options);
    co_await std::move(finished);
  }
  co_return End::of(run);
}

}  // namespace cano::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
