// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/span.hpp>

namespace cano::detail {

/// The run, or the run of a job, that work is part of, for the runs that it starts. Views, to be
/// copied at once.
struct OuterRun {
  bool wants_id = false;                    // also of a run without observers
  std::string_view run_id{};                // empty where it is not wanted
  const ObserverList* observers = nullptr;  // null where there are none
  const Span* span = nullptr;
};

}  // namespace cano::detail
