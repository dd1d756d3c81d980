// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace cano {

/// The value of a field: a flag, a number or a text.
using FieldValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;

namespace detail {

template <class T> FieldValue make_field_value(T&& value) {
  using Value = std::remove_cvref_t<T>;
  if constexpr (std::same_as<Value, bool>) {
    return value;
  } else if constexpr (std::floating_point<Value>) {
    return static_cast<double>(value);
  } else if constexpr (std::signed_integral<Value>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::unsigned_integral<Value>) {
    return static_cast<std::uint64_t>(value);
  } else {
    return std::string(std::forward<T>(value));
  }
}

template <class T>
concept FieldValueLike =
    std::is_arithmetic_v<std::remove_cvref_t<T>> || std::constructible_from<std::string, T>;

}  // namespace detail

/// A name and a value that go with a log line or a span: `{"user_id", 12345}`.
struct Field {
  /// From a number, a flag, or anything that makes a `std::string`.
  template <detail::FieldValueLike T>
  Field(std::string field_name, T&& field_value)
      : name{std::move(field_name)},
        value{detail::make_field_value(std::forward<T>(field_value))} {}

  std::string name;  ///< The part before the `=` of a log line.
  FieldValue value;  ///< The value, in the widest type of its kind.

  bool operator==(const Field&) const = default;
};

}  // namespace cano
