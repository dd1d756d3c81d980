// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

/// Reports the time that each of the `count` things done in an iteration takes.
inline void report_each(benchmark::State& state, const char* what, double count) {
  state.counters[what] = benchmark::Counter(
      count, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
