// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <stop_token>

namespace cano::detail {

/// The identity of a scheduled run, for all work that is part of it, on whichever loop that is.
///
/// It never changes, so every thread may read it, also when the run is over.
struct WorkTag {
  std::stop_token run;                   // equal to that of this run, and to no other's
  std::shared_ptr<const WorkTag> outer;  // of the run that the scheduler is part of, or null
};

}  // namespace cano::detail
