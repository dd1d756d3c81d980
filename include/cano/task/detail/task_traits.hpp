// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <cano/task/detail/outcome.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

// ---- the functions of tasks and Nodes, as function objects that take the object first

inline constexpr auto run_member =
    []<class T, class... Args>(T& task,
                               Args&&... args) -> decltype(task.run(std::forward<Args>(args)...)) {
  return task.run(std::forward<Args>(args)...);
};
inline constexpr auto prep_member =
    []<class T, class... Args>(T& node,
                               Args&&... args) -> decltype(node.prep(std::forward<Args>(args)...)) {
  return node.prep(std::forward<Args>(args)...);
};
inline constexpr auto exec_member =
    []<class T, class... Args>(T& node,
                               Args&&... args) -> decltype(node.exec(std::forward<Args>(args)...)) {
  return node.exec(std::forward<Args>(args)...);
};
inline constexpr auto post_member =
    []<class T, class... Args>(T& node,
                               Args&&... args) -> decltype(node.post(std::forward<Args>(args)...)) {
  return node.post(std::forward<Args>(args)...);
};
inline constexpr auto undo_member =
    []<class T, class... Args>(T& task,
                               Args&&... args) -> decltype(task.undo(std::forward<Args>(args)...)) {
  return task.undo(std::forward<Args>(args)...);
};
inline constexpr auto the_object_itself = []<class T, class... Args>(T& callable, Args&&... args)
    -> decltype(std::invoke(callable, std::forward<Args>(args)...)) {
  return std::invoke(callable, std::forward<Args>(args)...);
};

using RunMember = decltype(run_member);
using PrepMember = decltype(prep_member);
using ExecMember = decltype(exec_member);
using PostMember = decltype(post_member);
using UndoMember = decltype(undo_member);
using TheObjectItself = decltype(the_object_itself);

// ---- calling one of them, with or without the context it may take last

/// A placeholder for the return type of what cannot be called.
struct NotCallable {};

template <class F, class... Args> consteval auto returned() {
  if constexpr (std::is_invocable_v<F, Args..., TaskContext&>) {
    return std::type_identity<std::invoke_result_t<F, Args..., TaskContext&>>{};
  } else if constexpr (std::is_invocable_v<F, Args...>) {
    return std::type_identity<std::invoke_result_t<F, Args...>>{};
  } else {
    return std::type_identity<NotCallable>{};
  }
}

/// What `F` returns for `Args`, or `NotCallable`.
template <class F, class... Args> using Returns = typename decltype(returned<F, Args...>())::type;

template <class F, class... Args>
inline constexpr bool callable = !std::same_as<Returns<F, Args...>, NotCallable>;

template <class F, class... Args>
decltype(auto) call(const F& function, TaskContext& context, Args&&... args) {
  if constexpr (std::is_invocable_v<F, Args..., TaskContext&>) {
    return function(std::forward<Args>(args)..., context);
  } else {
    return function(std::forward<Args>(args)...);
  }
}

/// A task's one function: its member `run`, or the object itself when it is a callable.
template <class T, class Store>
using TaskFunction =
    std::conditional_t<callable<RunMember, const T&, Store&>, RunMember, TheObjectItself>;

template <class T, class Store>
using TaskReturns = Returns<TaskFunction<T, Store>, const T&, Store&>;

// ---- what goes from phase to phase

/// In the place of the value of a phase that returns nothing.
struct Nothing {};

template <class F, class Value, class... Before> consteval auto returned_with() {
  if constexpr (std::same_as<Value, Nothing>) {
    return std::type_identity<Returns<F, Before...>>{};
  } else {
    return std::type_identity<Returns<F, Before..., Value>>{};
  }
}

/// What `F` returns for `Before...` and then `Value`, which counts for no argument when `Nothing`.
template <class F, class Value, class... Before>
using ReturnsWith = typename decltype(returned_with<F, Value, Before...>())::type;

template <class F, class Value, class... Before>
decltype(auto) call_with(const F& function, TaskContext& context, Value&& value,
                         Before&... before) {
  if constexpr (std::same_as<std::remove_cvref_t<Value>, Nothing>) {
    return call(function, context, before...);
  } else {
    return call(function, context, before..., std::forward<Value>(value));
  }
}

template <class T>
using ValueOf = std::conditional_t<std::is_void_v<AwaitedT<T>>, Nothing, AwaitedT<T>>;

/// Whether the phase `F` gets what is inside the `Result` that came before it, not the whole.
template <class F, class Value, class... Before>
inline constexpr bool unwraps = is_result<Value> && !callable<F, Before..., Value>;

template <class F, class Value, class... Before>
using HandedTo =
    std::conditional_t<unwraps<F, Value, Before...>, ValueOf<UnwrappedT<Value>>, Value>;

/// The types that flow through a Node: prep -> `Prepared` -> exec -> `Executed` -> post.
template <class N, class Store> struct NodeTypes {
  using PrepReturns = Returns<PrepMember, const N&, Store&>;
  using Prepared = HandedTo<ExecMember, ValueOf<PrepReturns>, const N&>;
  using ExecReturns = ReturnsWith<ExecMember, Prepared, const N&>;
  using Executed = HandedTo<PostMember, ValueOf<ExecReturns>, const N&, Store&>;
  using PostReturns = ReturnsWith<PostMember, Executed, const N&, Store&>;

  static constexpr bool has_prep = !std::same_as<PrepReturns, NotCallable>;
  static constexpr bool has_exec = has_prep && !std::same_as<ExecReturns, NotCallable>;
  static constexpr bool has_post = has_exec && !std::same_as<PostReturns, NotCallable>;
  static constexpr bool exec_unwraps = unwraps<ExecMember, ValueOf<PrepReturns>, const N&>;
  static constexpr bool post_unwraps = unwraps<PostMember, ValueOf<ExecReturns>, const N&, Store&>;
  static constexpr bool is_plain =
      !is_awaitable<PrepReturns> && !is_awaitable<ExecReturns> && !is_awaitable<PostReturns>;
  /// Whether a phase is a coroutine of Asio's.
  static constexpr bool is_asio = is_asio_awaitable<PrepReturns> ||
                                  is_asio_awaitable<ExecReturns> || is_asio_awaitable<PostReturns>;
};

template <class T>
concept Configured = requires(const T& task) {
  { task.config() } -> std::convertible_to<TaskConfig>;
};

/// The config of the task itself, if it has one.
template <class T> std::optional<TaskConfig> own_config(const T& task) {
  if constexpr (Configured<T>) {
    return task.config();
  } else {
    return std::nullopt;
  }
}

}  // namespace cano::detail
