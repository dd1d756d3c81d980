// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <cano/detail/nearest_name.hpp>
#include <cano/error.hpp>
#include <cano/store/detail/slot.hpp>
#include <cano/store/detail/stored_type.hpp>

namespace cano::detail {

inline std::string quoted_key(std::string_view key) {
  std::string text{"Key '"};
  return text.append(key).append("'");
}

/// `keys`: those that there are.
inline Error key_not_found(std::string_view key, const std::vector<std::string>& keys) {
  return {Errc::KeyNotFound, quoted_key(key) + " not found in store" + did_you_mean(key, keys)};
}

inline Error type_mismatch(std::string_view key, const SlotType& wanted, const SlotType& held) {
  return {Errc::TypeMismatch, quoted_key(key) + " holds " + held.name() + ", not " + wanted.name()};
}

inline Error append_type_mismatch(std::string_view key, const SlotType& wanted,
                                  const SlotType& held) {
  return {Errc::AppendTypeMismatch, quoted_key(key) + " holds " + held.name() + ", not " +
                                        wanted.name() + ": cannot append to it"};
}

inline Error not_copyable(std::string_view key, const SlotType& held) {
  return {Errc::Store, quoted_key(key) + " holds " + held.name() +
                           ", which cannot be copied: the store cannot be copied either"};
}

/// A pointer that is to become a `std::string` must point to one.
template <class T> void check_text(std::string_view key, const T& value) {
  if constexpr (std::is_pointer_v<T> && std::is_same_v<Stored<T>, std::string>) {
    if (value != nullptr) return;
    throw Error{Errc::Store, quoted_key(key) + " was given a null pointer for text"};
  }
}

inline Error used_by_itself(std::string_view key) {
  return {Errc::Store,
          quoted_key(key) +
              " is being changed further up in this thread: a callback, or the value's "
              "own code, came back to it"};
}

inline Error changed_in_a_circle(std::string_view key) {
  return {Errc::Store, quoted_key(key) +
                           " is being changed by a thread that waits for this one: nested changes "
                           "took their keys in different orders"};
}

}  // namespace cano::detail
