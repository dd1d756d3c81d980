// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace cano {

/// The name of a value in a store together with its type, so that neither is spelled twice.
///
/// A misspelt key or a wrong type then fails to compile instead of throwing.
///
/// **Lifetime.** `name` is a view: make keys from string literals.
///
///     inline constexpr Key<int> user_id{"user_id"};
///     store.put(user_id, 42);
///     const int id = store.get(user_id);
template <class T> struct Key {
  /// The type of the value.
  using value_type = T;

  std::string_view name;  ///< The name of the value.
};

}  // namespace cano
