// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cano/state.hpp>

namespace cano::detail {

template <class State>
concept DenseState = std::is_enum_v<State> || std::is_integral_v<State>;

/// State -> slot. `find` is on the path of every hop: for enumerators and integers below a thousand
/// it is one bounds check and an index, for larger ones a binary search, for other states a hash
/// map.
///
/// A state that was never put is found as a default `Slot`.
template <StateLike State, class Slot> class StateTable {
 public:
  const Slot& find(const State& state) const noexcept {
    if constexpr (DenseState<State>) {
      if (number(state) < dense_.size()) [[likely]]
        return dense_[number(state)];
    }
    return look_up(state);
  }

  /// What `find` needs of the table, for a loop to keep in registers; until the next `put`.
  class Reader {
   public:
    explicit Reader(const StateTable& table) noexcept
        : table_{table}, dense_{table.dense_.data()}, size_{table.dense_.size()} {}

    [[gnu::always_inline]] const Slot& find(const State& state) const noexcept {
      if constexpr (DenseState<State>) {
        return number(state) < size_ ? dense_[number(state)] : table_.look_up(state);
      } else {
        return table_.find_sparse(state);
      }
    }

   private:
    const StateTable& table_;
    const Slot* dense_;
    std::size_t size_;
  };
  Reader reader() const noexcept { return Reader{*this}; }

  /// A state is put once.
  void put(const State& state, Slot slot) {
    if constexpr (DenseState<State>) {
      const std::size_t index = number(state);
      if (index < max_dense) {
        if (index >= dense_.size()) dense_.resize(index + 1);
        dense_[index] = std::move(slot);
        return;
      }
      sparse_.insert(place_of(index), Numbered{index, std::move(slot)});
    } else {
      sparse_.emplace(state, std::move(slot));
    }
  }

 private:
  static constexpr std::size_t max_dense = 1024;

  // Zero-extended, which costs nothing; a negative one becomes a number far above all others.
  static constexpr std::size_t number(const State& state) noexcept
    requires DenseState<State>
  {
    if constexpr (std::is_enum_v<State>) {
      return number_of(static_cast<std::underlying_type_t<State>>(state));
    } else {
      return number_of(state);
    }
  }
  template <class Integer> static constexpr std::size_t number_of(Integer value) noexcept {
    if constexpr (std::same_as<Integer, bool>) {
      return value ? 1 : 0;
    } else {
      return std::make_unsigned_t<Integer>(value);
    }
  }

  struct Numbered {
    std::size_t number;
    Slot slot;
  };
  auto place_of(std::size_t number) const noexcept
    requires DenseState<State>
  {
    return std::lower_bound(sparse_.begin(), sparse_.end(), number,
                            [](const Numbered& each, std::size_t n) { return each.number < n; });
  }

  // A state whose hash throws was never put: that has thrown too.
  const Slot& find_sparse(const State& state) const noexcept {
    if constexpr (DenseState<State>) {
      const auto place = place_of(number(state));
      return place != sparse_.end() && place->number == number(state) ? place->slot : none_;
    } else {
      try {
        const auto found = sparse_.find(state);
        return found == sparse_.end() ? none_ : found->second;
      } catch (...) {
        return none_;
      }
    }
  }

  // The search's code within a hop of dense states would cost that hop 8 instructions.
  [[gnu::noinline]] const Slot& look_up(const State& state) const noexcept {
    return find_sparse(state);
  }

  std::vector<Slot> dense_;  // up to the largest of the small states
  // A hash map of numbers, too, would be 200 functions to compile. And Boost's flat map takes a
  // compiler a second to include.
  std::conditional_t<DenseState<State>, std::vector<Numbered>, std::unordered_map<State, Slot>>
      sparse_;
  Slot none_{};
};

}  // namespace cano::detail
