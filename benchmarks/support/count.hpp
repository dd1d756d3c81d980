// SPDX-License-Identifier: MIT
// What the benchmarks of the engine have in common: the store counts down, and the task of each
// state goes on to the next one until nothing is left. The work of a hop is one decrement and one
// comparison, so what is measured is the way from state to state.
#pragma once

namespace countdown {

enum class Step { A, B, Done };

struct Count {
  int left;
};

inline Step next(Count& count, Step other) { return --count.left > 0 ? other : Step::Done; }

/// So many hops that what a run costs besides them does not count.
inline constexpr int hops = 100'000;

}  // namespace countdown
