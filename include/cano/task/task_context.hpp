// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>

namespace cano {

namespace detail {
class RunAccess;
}

/// What a task may ask about the run it is part of, and where it logs.
///
/// A task that wants it takes it last: `run(Store&, TaskContext&)`, `exec(P, TaskContext&)`.
///
/// **Threads.** Use it from the run's own executor, but for `log`, which may be called from any
/// thread (under `VirtualTime` only from its own). The token from `stop_token()` may go anywhere.
/// Work that `on` moves to the shards of a `Runtime` may use all of it there, one thread at a
/// time.
/// **Lifetime.** Until the attempt ends; do not keep a reference.
class TaskContext {
 public:
  /// For the engine, which makes the one that a task gets.
  explicit TaskContext(detail::RunBase& run) noexcept : run_{&run} {}
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  /// Which attempt of this visit to the state this is, from 1.
  std::size_t attempt() const noexcept { return run_->visit().attempt; }

  /// How many attempts the retry policy allows, at least 1, or `RetryPolicy::unlimited`.
  std::size_t max_attempts() const noexcept { return run_->visit().state->max_attempts; }

  /// The state whose task this is, as `cano::state_name` gives it; in a branch its name.
  std::string_view state_name() const noexcept { return run_->visit().state->name; }

  /// `RunOptions::run_id`, or one made by the library; the same for all instances of a batch.
  std::string_view run_id() const { return run_->run_id(); }

  /// The index of this run in its batch; 0 for a run of its own.
  std::size_t instance_id() const noexcept { return run_->instance_id(); }

  /// The branch of a `split` or the item of an `each` that this is, as `BranchResult::name` has it;
  /// empty in a task that is none.
  std::string branch() const { return run_->branch(); }

  /// In a state that the run has come to over a failure edge (see `Workflow::on_failure`) the
  /// exception with which the state before has given up; in an undo the one for which the run is
  /// undone. Null in every other.
  std::exception_ptr failure() const { return run_->led_here().as_exception(); }

  /// The time left until the nearest limit on the attempt, the state or the run, in a branch also
  /// that of the join; negative when it has passed, empty without a limit.
  std::optional<Duration> remaining() const { return run_->remaining(); }

  /// Requested as soon as this attempt should stop: the run is cancelled, or a limit has passed.
  ///
  /// For work that Asio cannot cancel: a long loop, or another library that takes a token.
  std::stop_token stop_token() const { return run_->attempt_stop_token(); }

  /// Hands a line to the observers, under the span of this run, state and attempt.
  ///
  ///     context.log(Level::Info, "Order accepted", Field{"order_id", id}, Field{"items", 3});
  template <std::same_as<Field>... Fields>
  void log(Level level, std::string_view message, Fields... fields) const {
    if (!run_->is_heard()) return;
    const std::array<Field, sizeof...(Fields)> all{std::move(fields)...};
    run_->log(level, message, std::span<const Field>{all});
  }

 private:
  friend class detail::RunAccess;
  detail::RunBase* run_;
};

namespace detail {

/// The engine's own way from a context to its run.
class RunAccess {
 public:
  static RunBase& run(const TaskContext& context) noexcept { return *context.run_; }
};

}  // namespace detail
}  // namespace cano
