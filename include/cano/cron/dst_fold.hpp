// SPDX-License-Identifier: MIT
#pragma once

namespace cano {

/// When to run what is due at a local time that comes twice, because clocks were put back.
///
/// In Berlin, on the last Sunday of October, 02:00 follows 02:59:59: there are two 02:30. It
/// applies to fixed times only; `CronExpression` says which those are.
enum class DstFold {
  First,   ///< The earlier time, before clocks are put back.
  Second,  ///< The later time, after clocks were put back.
  Both,    ///< Both times.
};

}  // namespace cano
