// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cano::detail {

/// The type as which a value is stored: text as `std::string`.
template <class T> struct StoredType {
  using type = T;
};
template <> struct StoredType<char*> {
  using type = std::string;
};
template <> struct StoredType<const char*> {
  using type = std::string;
};
template <> struct StoredType<std::string_view> {
  using type = std::string;
};

/// What a store keeps of a `T`: text as `std::string`, anything else as it is passed by value.
template <class T> using Stored = typename StoredType<std::decay_t<T>>::type;

/// Really copyable: the copy constructor of a container of move-only elements exists and does
/// not compile.
template <class T> struct IsCopyable : std::is_copy_constructible<T> {};

template <class T>
  requires requires { typename T::value_type; } && (!std::same_as<T, typename T::value_type>)
struct IsCopyable<T>
    : std::bool_constant<std::is_copy_constructible_v<T> &&
                         (std::is_void_v<typename T::value_type> ||
                          IsCopyable<std::remove_cv_t<typename T::value_type>>::value)> {};

template <class T>
concept StoreCopyable = IsCopyable<T>::value;

/// Small enough and plain enough to be stored in the table itself: copying it runs no code of the
/// user.
template <class T>
concept StoredInline = std::is_trivially_copyable_v<T> && std::is_copy_constructible_v<T> &&
                       sizeof(T) <= 16 && alignof(T) <= alignof(void*);

/// A type that a store can hold, look up and name.
template <class T>
concept Storable = std::is_object_v<T> && std::same_as<T, std::decay_t<T>> &&
                   std::is_move_constructible_v<T> && std::is_destructible_v<T>;

// Functions, and asserted: so these errors come before those of the code that follows them.
template <class T> consteval bool can_be_stored() {
  static_assert(Storable<T>, "cano: name the type by value, as in get<std::string>(key)");
  return true;
}
template <class T> consteval bool can_be_copied() {
  static_assert(StoreCopyable<T>,
                "cano: this call copies the value, which is move-only: use with, update or take");
  return can_be_stored<T>();
}
template <class T> consteval bool can_be_shared() {
  static_assert(StoreCopyable<T>,
                "cano: a move-only value is changed in place, so it cannot be shared: use with");
  return can_be_stored<T>();
}

/// The value, moved where it has no other owner.
template <class T> T moved_out(T& value, bool is_unique) {
  if constexpr (StoreCopyable<T>) {
    if (!is_unique) return std::as_const(value);
  }
  return std::move(value);
}

}  // namespace cano::detail
