// SPDX-License-Identifier: MIT
#pragma once

#include <stop_token>

#include <cano/async/detail/environment.hpp>

namespace cano::detail {

/// Reaches a run of a job that is under way, from any thread.
struct RunHandle {
  EnvironmentLink::Pointer link;
  const Environment* environment = nullptr;  // to be compared only: it may be gone
  std::stop_source stop{std::nostopstate};

  /// Requests the run's end.
  void cancel() {
    stop.request_stop();
    link->request_stop();
  }
};

}  // namespace cano::detail
