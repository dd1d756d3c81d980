// SPDX-License-Identifier: MIT
#pragma once

namespace cano {

/// When a job with an interval runs for the first time after the scheduler has started.
enum class FirstRun {
  Immediately,    ///< At once: the k-th run (from 0) is due at start + k * interval.
  AfterInterval,  ///< After one interval.
};

}  // namespace cano
