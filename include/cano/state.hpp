// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include <cano/detail/enum_name.hpp>

namespace cano {

/// What can name the states of a workflow: an `enum class` as a rule, also an integer, a
/// `std::string`, or a type of your own that is regular and has a `std::hash`. One whose hash,
/// comparison or name throws cannot be added; a run that comes to it ends as in any such state.
template <class S>
concept StateLike = std::regular<S> && requires(const S& state) {
  { std::hash<S>{}(state) } -> std::convertible_to<std::size_t>;
};

namespace detail {

template <class S>
concept HasToString = requires(const S& state) {
  { to_string(state) } -> std::convertible_to<std::string>;
};

template <class S>
concept Streamable = requires(std::ostream& out, const S& state) { out << state; };

// Without a fixed underlying type a cast from a number outside the enumerators is not a constant.
template <class S>
concept NamedEnum = std::is_enum_v<S> && requires { S{0}; };

}  // namespace detail

/// A state as people read it in errors, logs and diagrams.
///
/// The first that exists: the type's own `to_string` (found by argument-dependent lookup),
/// `operator<<`, the enumerator's own name (values -32 to 511; others as `State(1000)`), the number
/// of an integer or the text of a string. Any other type gives its name and the hash of the value.
std::string state_name(const StateLike auto& state) {
  using State = std::remove_cvref_t<decltype(state)>;
  if constexpr (std::convertible_to<const State&, std::string_view>) {
    return std::string{std::string_view{state}};
  } else if constexpr (detail::HasToString<State>) {
    return to_string(state);
  } else if constexpr (std::is_same_v<State, bool>) {
    return state ? "true" : "false";
  } else if constexpr (std::integral<State>) {
    return std::to_string(state);
  } else if constexpr (detail::Streamable<State>) {
    std::ostringstream out;
    out << state;
    return out.str();
  } else if constexpr (std::is_enum_v<State>) {
    if constexpr (detail::NamedEnum<State>) {
      if (const auto name = detail::enumerator_name(state); !name.empty()) return std::string{name};
    }
    const auto number = static_cast<std::underlying_type_t<State>>(state);
    return std::string{detail::short_type_name<State>()} + '(' + std::to_string(number) + ')';
  } else {
    return std::string{detail::short_type_name<State>()} + '#' +
           std::to_string(std::hash<State>{}(state));
  }
}

}  // namespace cano
