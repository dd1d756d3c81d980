// SPDX-License-Identifier: MIT
// What the questions on composites, limits and undoing are asked of, with cano and without it, and
// what an undo is by hand.
#pragma once

#include <functional>
#include <stdexcept>
#include <vector>

namespace composition {

inline constexpr int branches = 10;
inline constexpr int splits = 1000;   // visits of a split, each of ten branches
inline constexpr int items = 10'000;  // of an each
inline constexpr int steps = 100;     // that a run does and undoes
inline constexpr int sagas = 100;     // such runs
inline constexpr int calls = 100'000;

struct Data {
  std::vector<int> items = std::vector<int>(composition::items, 1);
  long sum = 0;
  int left = splits;
};

/// What is done leaves a function behind, and a failure calls them, the last first.
inline void saga_by_hand(Data& data) {
  std::vector<std::function<void(Data&)>> undos;
  try {
    for (data.left = steps; data.left > 0; --data.left)
      undos.emplace_back([](Data& undone) { ++undone.sum; });
    throw std::runtime_error{"no seat"};
  } catch (const std::runtime_error&) {
    for (; !undos.empty(); undos.pop_back()) {
      try {
        undos.back()(data);
      } catch (const std::runtime_error&) {
      }
    }
  }
}

}  // namespace composition
