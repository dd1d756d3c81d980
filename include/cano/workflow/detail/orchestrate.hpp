// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/state.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/drive.hpp>
#include <cano/workflow/detail/run_machine.hpp>
#include <cano/workflow/detail/step.hpp>
#include <cano/workflow/run_options.hpp>
#include <cano/workflow/workflow_result.hpp>

// g++ counts the frames of these coroutines to this header, and warns of every type of an unnamed
// namespace in one that a scheduler runs.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace cano::detail {

/// "5f3c01-12": a random part for the process, so that the logs of two processes can be put
/// together, and a number. Short enough for a string to hold without an allocation.
inline std::string make_run_id() {
  static const std::string process = [] {
    constexpr char digits[] = "0123456789abcdef";
    std::random_device random;
    std::string id;
    for (int i = 0; i < 6; ++i)
      id += digits[random() % 16];
    return id + '-';
  }();
  static std::atomic<std::uint64_t> count{0};
  return process + std::to_string(count.fetch_add(1, std::memory_order_relaxed) + 1);
}

/// The shorter of the limits that the workflow and the call set on a run.
template <class Definition>
std::optional<Duration> total_timeout(const Definition& definition, const RunOptions& options) {
  if (!options.timeout) return definition.total_timeout;
  if (!definition.total_timeout) return options.timeout;
  return std::min(*options.timeout, *definition.total_timeout);
}

template <class Definition>
RunInfo run_info(const Definition& definition, const RunOptions& options) noexcept {
  return RunInfo{.run_id = options.run_id, .span = definition.span ? &*definition.span : nullptr};
}

/// Runs the machine to its end. A run that nothing can interrupt needs no coroutine of its own.
template <class Machine, class Definition>
asio::awaitable<void> execute(Machine& run, const Definition& definition,
                              const RunOptions& options) {
  const auto timeout = total_timeout(definition, options);
  if (timeout) run.limit(*timeout);
  if (timeout || definition.has_limits || options.stop.stop_possible()) {
    return drive_in_scope(run, options.stop);
  }
  return drive(run, Step::Begin);
}

template <StateLike State, class Store>
asio::awaitable<State> orchestrate(std::shared_ptr<const Definition<State, Store>> definition,
                                   Store& store, RunOptions options) {
  if (options.run_id.empty()) options.run_id = make_run_id();
  const Clock clock = Clock::of(co_await asio::this_coro::executor);
  RunMachine<State, Store> run{*definition, store, run_info(*definition, options), clock};
  auto finished = execute(run, *definition, options);
  co_await std::move(finished);
  co_return run.take_state_or_throw();
}

template <StateLike State, class Store>
asio::awaitable<WorkflowResult<State>> try_orchestrate(
    std::shared_ptr<const Definition<State, Store>> definition, Store& store, RunOptions options) {
  if (options.run_id.empty()) options.run_id = make_run_id();
  const Clock clock = Clock::of(co_await asio::this_coro::executor);
  RunMachine<State, Store> run{*definition, store, run_info(*definition, options), clock};
  auto finished = execute(run, *definition, options);
  co_await std::move(finished);
  co_return run.take_result();
}

}  // namespace cano::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
