// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <cano/store/key_value_store.hpp>
#include <cano/task/detail/task_traits.hpp>

namespace cano::detail {

template <class...> inline constexpr bool always_false = false;

template <class T>
concept HasAPhase = requires { &T::prep; } || requires { &T::exec; } || requires { &T::post; };

template <class T>
concept HasRun = requires { &T::run; };

/// Called for a type that is neither Task nor Node: the first error a person reads says why.
template <class T, class State, class Store> consteval void explain_why_no_task() {
  using Node = NodeTypes<T, Store>;
  if constexpr (callable<TaskFunction<T, Store>, const T&, Store&>) {
    static_assert(always_false<T>,
                  "cano: a task must return its State, a Next<...> of it, a Result of either, or "
                  "an Async or asio::awaitable of one of these");
  } else if constexpr (callable<RunMember, T&, Store&> || callable<TheObjectItself, T&, Store&>) {
    static_assert(always_false<T>,
                  "cano: run() or operator() of a task must be const (a lambda not mutable): one "
                  "task serves many runs at a time; keep what changes in the store");
  } else if constexpr (HasRun<T>) {
    static_assert(always_false<T>,
                  "cano: run() must take the workflow's Store& and may take a TaskContext& after "
                  "it; is the task written for another store type?");
  } else if constexpr (!HasAPhase<T>) {
    static_assert(always_false<T>,
                  "cano: not a task: it needs `run(Store&) const`, or `prep`, `exec` and `post` of "
                  "a Node, or must be callable with the workflow's Store&");
  } else if constexpr (!Node::has_prep) {
    static_assert(always_false<T>,
                  "cano: a Node needs `prep(Store&) const`, which may take a TaskContext& last");
  } else if constexpr (!Node::has_exec) {
    static_assert(always_false<T>,
                  "cano: a Node needs `exec(P) const` that takes what prep returns (nothing after "
                  "a void prep), and may take a TaskContext& last");
  } else if constexpr (!Node::has_post) {
    static_assert(always_false<T>,
                  "cano: a Node needs `post(Store&, E) const` that takes what exec returns (only "
                  "the store after a void exec), and may take a TaskContext& last");
  } else {
    static_assert(always_false<T>,
                  "cano: post() of a Node must return the State, a Next<...> of it, a Result of "
                  "either, or an Async or asio::awaitable of one of these");
  }
}

// ---- a task that works on a copy of the store

/// The type of a function's first parameter; void for what is overloaded or a template.
template <class F> struct FirstParameter {
  using type = void;
};
template <class Returned, class First, class... Others, bool IsNoexcept>
struct FirstParameter<Returned (*)(First, Others...) noexcept(IsNoexcept)> {
  using type = First;
};
template <class Returned, class T, class First, class... Others, bool IsNoexcept>
struct FirstParameter<Returned (T::*)(First, Others...) const noexcept(IsNoexcept)> {
  using type = First;
};

// A store that is a handle, such as a pointer or a shared_ptr, may well be copied: no aggregate.
template <class F, class Store>
concept TakesACopy = std::same_as<typename FirstParameter<F>::type, Store> &&
                     (std::is_aggregate_v<Store> || KeyValueStore<Store>);

/// Whether the task takes the store by value: it would run, but what it writes would be lost.
template <class T, class Store> consteval bool copies_store() {
  if constexpr (requires { &T::run; }) {
    return TakesACopy<decltype(&T::run), Store>;
  } else if constexpr (requires { &T::operator(); }) {
    return TakesACopy<decltype(&T::operator()), Store>;
  } else if constexpr (requires { &T::prep, &T::post; }) {
    return TakesACopy<decltype(&T::prep), Store> || TakesACopy<decltype(&T::post), Store>;
  } else {
    return TakesACopy<T, Store>;
  }
}

}  // namespace cano::detail
