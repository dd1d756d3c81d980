// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include <cano/duration.hpp>

namespace cano {

/// What one call of a workflow may be given besides its store.
///
///     RunOptions options{.stop = source.get_token(), .timeout = 5s};
///     co_await workflow.orchestrate(store, options);
///
/// Name it first, as here: g++ 12 destroys an aggregate that is made inside the operand of
/// `co_await` twice (GCC bug 98401). Outside of coroutines, as in `run(workflow, store, {.timeout =
/// 5s})`, it may be made in place.
struct RunOptions {
  /// Cancels the run when requested, from any thread.
  std::stop_token stop{};

  /// Limits the whole run; together with `Workflow::with_total_timeout` the shorter one counts. A
  /// limit of zero or less has passed at once.
  std::optional<Duration> timeout{};

  /// Names the run in logs and traces; made by the library when empty.
  std::string run_id{};
};

}  // namespace cano
