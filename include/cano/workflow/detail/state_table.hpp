// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include <cano/state.hpp>

namespace cano::detail {

template <class State>
concept DenseState = std::is_enum_v<State> || std::is_integral_v<State>;

/// State -> slot. `find` is on the path of every hop: for small enumerators and integers it is one
/// bounds check and an index, for other states a flat hash map.
///
/// A state that was never put is found as a default `Slot`.
template <StateLike State, class Slot> class StateTable {
 public:
  [[gnu::always_inline]] const Slot& find(const State& state) const noexcept {
    if constexpr (DenseState<State>) {
      // Unsigned arithmetic: what lies below the base wraps around to far above the end.
      const std::size_t index = number(state) - base_;
      if (index < dense_.size()) [[likely]]
        return dense_[index];
    }
    return find_sparse(state);
  }

  void put(const State& state, Slot slot) {
    if constexpr (DenseState<State>) {
      if (put_dense(number(state), slot)) return;
    }
    sparse_.insert_or_assign(state, std::move(slot));
  }

 private:
  const Slot& find_sparse(const State& state) const noexcept {
    const auto found = sparse_.find(state);
    return found == sparse_.end() ? none_ : found->second;
  }

  static constexpr std::size_t max_dense = 1024;

  static std::size_t number(const State& state) noexcept
    requires DenseState<State>
  {
    return static_cast<std::size_t>(state);
  }

  // The table covers the states around the first one, in both directions, up to `max_dense` slots;
  // states further away live in the map.
  bool put_dense(std::size_t at, Slot& slot) {
    if (dense_.empty()) base_ = at;
    const auto below = static_cast<std::ptrdiff_t>(base_ - at);
    if (below > 0) {
      const auto more = static_cast<std::size_t>(below);
      if (more > max_dense - dense_.size()) return false;
      dense_.insert(dense_.begin(), more, Slot{});
      base_ = at;
    } else if (at - base_ >= max_dense) {
      return false;
    }
    if (at - base_ >= dense_.size()) dense_.resize(at - base_ + 1);
    dense_[at - base_] = std::move(slot);
    return true;
  }

  std::size_t base_ = 0;
  std::vector<Slot> dense_;
  boost::unordered_flat_map<State, Slot, std::hash<State>> sparse_;
  Slot none_{};
};

}  // namespace cano::detail
