// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/store/detail/slot.hpp>
#include <cano/store/detail/stored_type.hpp>

namespace cano::detail {

/// Adds the item if no other slot shares the vector and it need not grow. The latter destroys the
/// old elements, which is for later, when their key is free again.
template <class T> bool append_in_place(Slot& slot, T&& item) {
  auto& items = slot.value<std::vector<Stored<T>>>();
  if (!slot.unique() || items.size() == items.capacity()) return false;
  items.emplace_back(std::forward<T>(item));
  return true;
}

/// The vector of `slot`, which may be empty, and the item at its end, with room for as many again.
template <class Item, class T> Slot appended(Slot& slot, T&& item) {
  using Items = std::vector<Item>;
  Slot fresh = Slot::make<Items>();
  auto& grown = fresh.value<Items>();
  if (slot.empty()) {
    grown.emplace_back(std::forward<T>(item));
    return fresh;
  }
  auto& items = slot.value<Items>();
  grown.reserve(std::max<std::size_t>(4, items.size() * 2));
  Item last(std::forward<T>(item));  // the last step that may throw, for elements that are moved
  // Those that might throw when moved are copied, so that the old vector stays whole.
  constexpr bool moves = std::is_nothrow_move_constructible_v<Item> || !StoreCopyable<Item>;
  const bool may_move = moves && (slot.unique() || !StoreCopyable<Item>);
  for (Item& element : items) {
    if constexpr (StoreCopyable<Item>) {
      if (!may_move) {
        grown.push_back(std::as_const(element));
        continue;
      }
    }
    grown.push_back(std::move(element));
  }
  grown.push_back(std::move(last));
  return fresh;
}

}  // namespace cano::detail
