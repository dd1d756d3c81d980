// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>

namespace cano::detail {

// ---- what a function returns, with Async or asio::awaitable taken off

/// The type that an awaitable gives; any other type itself.
template <class T> struct Awaited {
  using type = T;
  static constexpr bool is_awaitable = false;
  static constexpr bool is_asio = false;
};
template <class T> struct Awaited<Async<T>> {
  using type = T;
  static constexpr bool is_awaitable = true;
  static constexpr bool is_asio = false;
};
template <class T> struct Awaited<asio::awaitable<T>> {
  using type = T;
  static constexpr bool is_awaitable = true;
  static constexpr bool is_asio = true;
};

template <class T> using AwaitedT = typename Awaited<std::remove_cvref_t<T>>::type;
/// Whether it is either coroutine type.
template <class T>
inline constexpr bool is_awaitable = Awaited<std::remove_cvref_t<T>>::is_awaitable;
/// Whether it is that of Asio.
template <class T>
inline constexpr bool is_asio_awaitable = Awaited<std::remove_cvref_t<T>>::is_asio;

// ---- Result<T>, with the Result taken off

/// The value type of a `Result`; any other type itself.
template <class T> struct Unwrapped {
  using type = T;
  static constexpr bool is_result = false;
};
template <class T> struct Unwrapped<Result<T>> {
  using type = T;
  static constexpr bool is_result = true;
};

template <class T> using UnwrappedT = typename Unwrapped<std::remove_cvref_t<T>>::type;
template <class T> inline constexpr bool is_result = Unwrapped<std::remove_cvref_t<T>>::is_result;

// ---- Next<...>

/// Whether a type is a `Next<...>`, and of which state type.
template <class T> struct NextTraits : std::false_type {};
template <auto... Targets> struct NextTraits<Next<Targets...>> : std::true_type {
  using state_type = typename Next<Targets...>::state_type;
};

template <class T> inline constexpr bool is_next = NextTraits<std::remove_cvref_t<T>>::value;

/// Whether what a task returns says in its type which states it may lead to.
template <class Returned>
inline constexpr bool declares_next = is_next<UnwrappedT<AwaitedT<Returned>>>;
/// Those states; none where it does not say.
template <class State, class Returned> std::vector<State> next_states() {
  using Value = UnwrappedT<AwaitedT<Returned>>;
  if constexpr (is_next<Value>) {
    return {Value::targets.begin(), Value::targets.end()};
  } else {
    return {};
  }
}

template <class T, class State> consteval bool names_a_state() {
  using Value = std::remove_cvref_t<T>;
  if constexpr (std::is_void_v<Value>) {
    return false;
  } else if constexpr (is_next<Value>) {
    return std::same_as<typename NextTraits<Value>::state_type, State>;
  } else {
    return std::convertible_to<Value, State>;
  }
}

// What the last function of a task may return: the next state, a Next<...> of it, or a Result of
// either; each plain or awaitable.
template <class T, class State>
concept OutcomeOf = names_a_state<UnwrappedT<AwaitedT<T>>, State>();

}  // namespace cano::detail
