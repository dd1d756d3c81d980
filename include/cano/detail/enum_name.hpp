// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cano::detail {

// The compilers spell a template's arguments out in the name of a function; that is the only place
// where C++20 shows the name of an enumerator. One function whose arguments are *all* candidate
// values costs one instantiation an enum, where one function a value would cost hundreds:
//   g++:    "... [with auto ...Values = {ns::State::Start, ns::State::Done, (ns::State)2}; ..."
//   clang:  "... [Values = <ns::State::Start, ns::State::Done, (ns::State)2>]"
template <auto... Values> constexpr std::string_view spelled_values() noexcept {
  return __PRETTY_FUNCTION__;
}

// Enumerators outside this range have no name of their own; they appear as "State(1000)".
inline constexpr int lowest_named_value = -32;
inline constexpr int highest_named_value = 511;

template <class Enum, int... Offsets>
constexpr std::string_view spelled_enumerators(std::integer_sequence<int, Offsets...>) noexcept {
  using Underlying = std::underlying_type_t<Enum>;
  // A candidate that the underlying type cannot hold is read as its low value, which no caller asks
  // for.
  return spelled_values<static_cast<Enum>(
      static_cast<Underlying>(lowest_named_value + Offsets))...>();
}

constexpr bool is_identifier_char(char c) noexcept {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;  // UTF-8 identifiers
}

// The index-th value of the list in `spelled`; commas inside brackets belong to a type's name.
constexpr std::string_view spelled_value(std::string_view spelled, std::size_t index) noexcept {
  std::size_t begin = spelled.find("Values = ") + 10;
  int depth = 0;
  for (std::size_t at = begin; at < spelled.size(); ++at) {
    const char c = spelled[at];
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    const bool closes = c == ')' || c == '>' || c == '}' || c == ']';
    if (depth == 0 && (c == ',' || closes)) {
      if (index-- == 0) return spelled.substr(begin, at - begin);
      begin = at + 1;
    }
    if (closes) --depth;
  }
  return {};
}

/// The enumerator's own name, or an empty view when `value` has none or is out of range.
///
/// Reads a list of some kilobytes: for set-up and errors; the engine keeps the result.
template <class Enum> constexpr std::string_view enumerator_name(Enum value) noexcept {
  using Underlying = std::underlying_type_t<Enum>;
  const auto number = +static_cast<Underlying>(value);  // of a bool or a character, the int
  if (std::cmp_less(number, lowest_named_value) || std::cmp_greater(number, highest_named_value)) {
    return {};
  }
  constexpr int count = highest_named_value - lowest_named_value + 1;
  constexpr std::string_view spelled =
      spelled_enumerators<Enum>(std::make_integer_sequence<int, count>{});
  const auto index = static_cast<std::size_t>(static_cast<int>(number) - lowest_named_value);
  const std::string_view whole = spelled_value(spelled, index);
  std::size_t begin = whole.size();
  while (begin > 0 && is_identifier_char(whole[begin - 1]))
    --begin;
  const std::string_view name = whole.substr(begin);
  const bool is_a_number = name.empty() || (name.front() >= '0' && name.front() <= '9');
  return is_a_number ? std::string_view{} : name;
}

template <class Type> constexpr std::string_view spelled_type() noexcept {
  return __PRETTY_FUNCTION__;
}

// The spelled type of "... [with Type = std::vector<int>; std::string_view = ..." or "[Type =
// int]".
constexpr std::string_view type_in_signature(std::string_view signature) noexcept {
  const std::size_t begin = signature.find("Type = ") + 7;
  int depth = 0;
  for (std::size_t at = begin; at < signature.size(); ++at) {
    const char c = signature[at];
    if (depth == 0 && (c == ';' || c == ']')) return signature.substr(begin, at - begin);
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '>' || c == '}' || c == ']') --depth;
  }
  return signature.substr(begin);
}

// The type's own name without its namespaces, for values that have no enumerator.
template <class Type> constexpr std::string_view short_type_name() noexcept {
  constexpr std::string_view spelled = type_in_signature(spelled_type<Type>());
  std::size_t begin = spelled.size();
  while (begin > 0 && is_identifier_char(spelled[begin - 1]))
    --begin;
  return spelled.substr(begin);
}

}  // namespace cano::detail
