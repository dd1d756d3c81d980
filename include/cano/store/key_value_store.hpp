// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <cano/detail/input_range.hpp>

namespace cano {

namespace detail {

template <class S, class T>
concept StoreOf = requires(S& store, const S& view, std::string_view key, T value,
                           void (&read)(const T&), void (&change)(T&)) {
  store.put(key, value);
  { view.template get<T>(key) } -> std::same_as<T>;
  { view.template find<T>(key) } -> std::same_as<std::optional<T>>;
  { view.template get_or<T>(key, value) } -> std::same_as<T>;
  store.append(key, value);
  view.template with<T>(key, read);
  store.template update<T>(key, change);
  { store.template take<T>(key) } -> std::same_as<std::optional<T>>;
};

}  // namespace detail

/// What a task that works with any key-value store may ask of it: the calls of `MemoryStore` that
/// take a key, with the same meaning and the same errors, and those that list, count and clear.
///
/// Each call is atomic and safe from several threads. Write tasks for it as
/// `auto run(KeyValueStore auto& store) const`. A workflow does not need it: any type can be its
/// store.
template <class S>
concept KeyValueStore = detail::StoreOf<S, int> && detail::StoreOf<S, std::string> &&
                        requires(S& store, const S& view, std::string_view key) {
                          { store.remove(key) } -> std::same_as<bool>;
                          { view.contains(key) } -> std::same_as<bool>;
                          { view.keys() } -> detail::InputRange;
                          { view.size() } -> std::convertible_to<std::size_t>;
                          { view.empty() } -> std::same_as<bool>;
                          store.clear();
                        };

}  // namespace cano
