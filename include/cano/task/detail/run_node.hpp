// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/phase_report.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// The state that an outcome names. A `Result` without one marks the attempt as failed; the state
/// returned then means nothing.
template <class State, class Outcome> State to_state(Outcome&& outcome, TaskContext& context) {
  using Value = std::remove_cvref_t<Outcome>;
  if constexpr (is_result<Value>) {
    if (outcome.has_error()) {
      RunAccess::run(context).fail(std::forward<Outcome>(outcome).error());
      return State{};
    }
    return to_state<State>(*std::forward<Outcome>(outcome), context);
  } else if constexpr (is_next<Value>) {
    return outcome.state();
  } else {
    return std::forward<Outcome>(outcome);
  }
}

/// Whether `value` is the `Result` of a phase that holds an error which no phase asks for.
template <bool Unwrap, class Value> bool is_error(const Value& value) {
  if constexpr (Unwrap) {
    return value.has_error();
  } else {
    return false;
  }
}

/// Whether the attempt may go on with `value`; marks it as failed otherwise.
template <bool Unwrap, class Value> bool check(const Value& value, TaskContext& context) {
  if constexpr (Unwrap) {
    if (value.has_error()) {
      RunAccess::run(context).fail(value.error());
      return false;
    }
  }
  return true;
}

template <bool Unwrap, class Value> decltype(auto) forward_value(Value& value) {
  if constexpr (!Unwrap) {
    return std::move(value);
  } else if constexpr (std::is_void_v<UnwrappedT<Value>>) {
    return Nothing{};
  } else {
    return std::move(*value);
  }
}

[[noreturn]] inline void throw_not_started(const TaskContext& context) {
  throw Error{Errc::TaskExecution,
              "The task of state " + std::string{context.state_name()} +
                  " returned an Async or awaitable that holds no coroutine: it "
                  "was moved from or has been awaited"};
}

// To await an awaitable that holds no coroutine would be undefined; the user gets a word instead.
template <class Coroutine> void require_started(const Coroutine& work, const TaskContext& context) {
  if (!work.valid()) [[unlikely]]
    throw_not_started(context);
}

template <bool Unwrap, class F, class Value, class... Before>
auto run_plain_phase(Phase phase, const F& function, TaskContext& context, Value&& value,
                     Before&... before)
    -> ValueOf<ReturnsWith<F, std::decay_t<Value>, Before&...>> {
  PhaseReport report{context, phase};
  if constexpr (std::is_void_v<ReturnsWith<F, std::decay_t<Value>, Before&...>>) {
    call_with(function, context, std::forward<Value>(value), before...);
    report.done(false);
    return Nothing{};
  } else {
    auto returned = call_with(function, context, std::forward<Value>(value), before...);
    report.done(is_error<Unwrap>(returned));
    return returned;
  }
}

template <class State, class N, class Store>
State run_plain_node(const N& node, Store& store, TaskContext& context) {
  using Types = NodeTypes<N, Store>;
  auto prepared = run_plain_phase<Types::exec_unwraps>(Phase::Prep, prep_member, context, Nothing{},
                                                       node, store);
  if (!check<Types::exec_unwraps>(prepared, context)) return State{};
  auto executed = run_plain_phase<Types::post_unwraps>(
      Phase::Exec, exec_member, context, forward_value<Types::exec_unwraps>(prepared), node);
  if (!check<Types::post_unwraps>(executed, context)) return State{};
  auto outcome = run_plain_phase<is_result<typename Types::PostReturns>>(
      Phase::Post, post_member, context, forward_value<Types::post_unwraps>(executed), node, store);
  return to_state<State>(std::move(outcome), context);
}

// The same with phases that may wait, as an Async or as a coroutine of Asio's. Each is awaited here
// and not in a helper, which would cost a coroutine frame a phase.
template <class Coroutine, class State, class N, class Store>
Coroutine run_node(const N& node, Store& store, TaskContext& context) {
  using Types = NodeTypes<N, Store>;
  std::optional<ValueOf<typename Types::PrepReturns>> prepared;
  if constexpr (!is_awaitable<typename Types::PrepReturns>) {
    prepared.emplace(run_plain_phase<Types::exec_unwraps>(Phase::Prep, prep_member, context,
                                                          Nothing{}, node, store));
  } else {
    PhaseReport report{context, Phase::Prep};
    auto work = call(prep_member, context, node, store);
    require_started(work, context);
    if constexpr (std::same_as<ValueOf<typename Types::PrepReturns>, Nothing>) {
      co_await std::move(work);
      prepared.emplace();
    } else {
      prepared.emplace(co_await std::move(work));
    }
    report.done(is_error<Types::exec_unwraps>(*prepared));
  }
  if (!check<Types::exec_unwraps>(*prepared, context)) co_return State{};

  std::optional<ValueOf<typename Types::ExecReturns>> executed;
  if constexpr (!is_awaitable<typename Types::ExecReturns>) {
    executed.emplace(run_plain_phase<Types::post_unwraps>(
        Phase::Exec, exec_member, context, forward_value<Types::exec_unwraps>(*prepared), node));
  } else {
    PhaseReport report{context, Phase::Exec};
    auto work =
        call_with(exec_member, context, forward_value<Types::exec_unwraps>(*prepared), node);
    require_started(work, context);
    if constexpr (std::same_as<ValueOf<typename Types::ExecReturns>, Nothing>) {
      co_await std::move(work);
      executed.emplace();
    } else {
      executed.emplace(co_await std::move(work));
    }
    report.done(is_error<Types::post_unwraps>(*executed));
  }
  if (!check<Types::post_unwraps>(*executed, context)) co_return State{};

  if constexpr (!is_awaitable<typename Types::PostReturns>) {
    auto outcome = run_plain_phase<is_result<typename Types::PostReturns>>(
        Phase::Post, post_member, context, forward_value<Types::post_unwraps>(*executed), node,
        store);
    co_return to_state<State>(std::move(outcome), context);
  } else {
    PhaseReport report{context, Phase::Post};
    auto work =
        call_with(post_member, context, forward_value<Types::post_unwraps>(*executed), node, store);
    require_started(work, context);
    auto outcome = co_await std::move(work);
    report.done(is_error<is_result<AwaitedT<typename Types::PostReturns>>>(outcome));
    co_return to_state<State>(std::move(outcome), context);
  }
}

}  // namespace cano::detail
