// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <cano/duration.hpp>

namespace cano {

/// The options of one run, besides its store.
///
///     co_await workflow.orchestrate(
///         store, RunOptions{}.with_stop(source.get_token()).with_timeout(5s));
///
/// The members may be set directly too: `options.run_id = "nightly";`.
class RunOptions {
 public:
  // Constructors are declared so that this is no aggregate. g++ 12 destroys an aggregate that is
  // made inside the operand of `co_await` twice (GCC bug 98401).

  /// No stop token, no limit, no name.
  RunOptions() = default;
  /// Copies all options.
  RunOptions(const RunOptions&) = default;
  /// @overload
  RunOptions& operator=(const RunOptions&) = default;
  /// Moves all options.
  RunOptions(RunOptions&&) = default;
  /// @overload
  RunOptions& operator=(RunOptions&&) = default;
  ~RunOptions() = default;

  /// Cancels the run when the token's source requests it, from any thread.
  [[nodiscard]] RunOptions with_stop(std::stop_token token) const {
    RunOptions changed = *this;
    changed.stop = std::move(token);
    return changed;
  }

  /// Limits the whole run; of this and `Workflow::with_total_timeout` the shorter one counts. A
  /// limit of zero or less has passed at once: no task runs.
  [[nodiscard]] RunOptions with_timeout(Duration limit) const {
    RunOptions changed = *this;
    changed.timeout = limit;
    return changed;
  }
  /// @overload
  template <class Rep, class Period>
  [[nodiscard]] RunOptions with_timeout(std::chrono::duration<Rep, Period> limit) const {
    return with_timeout(detail::to_duration(limit));
  }

  /// Names the run in logs and traces. The library makes a name when this one is empty.
  [[nodiscard]] RunOptions with_run_id(std::string id) const {
    RunOptions changed = *this;
    changed.run_id = std::move(id);
    return changed;
  }

  /// See `with_stop`.
  std::stop_token stop{};
  /// See `with_timeout`.
  std::optional<Duration> timeout{};
  /// See `with_run_id`.
  std::string run_id{};
};

}  // namespace cano
