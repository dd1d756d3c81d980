// SPDX-License-Identifier: MIT
#pragma once

namespace cano {

/// When to run what is due at a local time that does not exist, because clocks were put forward.
///
/// In Berlin, on the last Sunday of March, 03:00 follows 01:59:59: there is no 02:30. It applies to
/// fixed times only; `CronExpression` says which those are.
enum class DstGap {
  ShiftForward,  ///< As much later as clocks were put forward: 03:30.
  Skip,          ///< Not at all on that day.
  RunAtGapEnd,   ///< With the first moment after the gap: 03:00. Once, however many times it held.
};

}  // namespace cano
