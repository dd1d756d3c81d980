// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/store/detail/json_builder.hpp>
#include <cano/store/detail/slot.hpp>

namespace cano::detail {

/// An object of the values that JSON can hold, and of the others `{"type": "..."}`. Keys that are
/// not UTF-8 are renamed, and give way to those that are.
template <class Json> Json json_of_slots(std::vector<std::pair<std::string, Slot>> slots) {
  std::sort(slots.begin(), slots.end(), [](const auto& a, const auto& b) {
    return std::pair{!is_utf8(a.first), std::string_view{a.first}} <
           std::pair{!is_utf8(b.first), std::string_view{b.first}};
  });
  Json values = Json::object();
  for (const auto& [key, slot] : slots) {
    Json& value = values[valid_key(values, key)];
    const SlotType& type = slot.type();
    if (type.json != nullptr) {
      JsonBuilder<Json> builder{value};
      type.json(slot, builder);
    } else {
      value["type"] = valid_utf8(type.name());
    }
  }
  return values;
}

}  // namespace cano::detail
