// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/error.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>

namespace cano {

/// What a step returns when there are more: where the next one goes on.
template <class Cursor> struct More {
  Cursor cursor;  ///< What the next step gets.
};
/// `More{cursor}` knows its type.
template <class Cursor> More(Cursor) -> More<Cursor>;

/// What the last step returns: where the run goes on.
template <class State> struct Done {
  State state;  ///< What a task returns: a state, or a `Next<...>` of it.
};
/// `Done{state}` knows its type.
template <class State> Done(State) -> Done<State>;

/// What a step of `stepped` returns: made from `More{cursor}` or `Done{state}`.
template <class Cursor, class State> class Stepped {
 public:
  /// There are more steps.
  template <std::convertible_to<Cursor> C>
  Stepped(More<C> more)  // NOLINT(google-explicit-constructor)
      : value_{std::in_place_index<0>, std::move(more.cursor)} {}
  /// This was the last.
  template <std::convertible_to<State> S>
  Stepped(Done<S> done)  // NOLINT(google-explicit-constructor)
      : value_{std::in_place_index<1>, std::move(done.state)} {}

  /// Whether this was the last step.
  bool is_done() const noexcept { return value_.index() == 1; }
  /// Where the next step goes on; only before the last.
  const Cursor& cursor() const& { return std::get<0>(value_); }
  /// @overload
  Cursor&& cursor() && { return std::get<0>(std::move(value_)); }
  /// Where the run goes on; only of the last.
  const State& state() const& { return std::get<1>(value_); }
  /// @overload
  State&& state() && { return std::get<1>(std::move(value_)); }

 private:
  std::variant<Cursor, State> value_;
};

/// How long `stepped` goes on.
struct SteppedOptions {
  std::optional<std::size_t> max_steps{};  ///< At most so many steps a visit; at least 1.
};

namespace detail {

template <class T, class Cursor> struct SteppedTraits : std::false_type {};
template <class Cursor, class State>
struct SteppedTraits<Stepped<Cursor, State>, Cursor> : std::true_type {
  using state_type = State;
};

/// What a step works on, as the store of its run.
template <class V, class Store, class Cursor> class StepSlot {
 public:
  using Value = V;
  using StoreType = Store;

  StepSlot(Store& store, const std::optional<Cursor>& cursor, std::optional<V>& value) noexcept
      : store_{&store}, cursor_{&cursor}, value_{&value} {}

  std::optional<V>& value() const noexcept { return *value_; }
  template <class Work> decltype(auto) call(const Work& work, TaskContext& context) const {
    return detail::call(the_object_itself, context, work, *store_, *cursor_);
  }

 private:
  Store* store_;
  const std::optional<Cursor>* cursor_;
  std::optional<V>* value_;
};

/// Work in steps as the task of a state.
template <class State, class Store, class Cursor, class Step> class SteppedTask {
 public:
  using Given =
      BranchValue<Returns<TheObjectItself, const Step&, Store&, const std::optional<Cursor>&>>;
  using Slot = StepSlot<Given, Store, Cursor>;
  using Next = typename SteppedTraits<Given, Cursor>::state_type;

  SteppedTask(std::string name, const Step& step, SteppedOptions options, TaskConfig config)
      : definition_{define_branch<Slot>(std::move(name), BranchTask<Step, Slot>{step},
                                        std::move(config))},
        options_{options} {}

  Async<State> run(Store& store, TaskContext& context) const {
    Environment& environment = co_await ThisEnvironment{};
    std::optional<Cursor> cursor;
    RunOptions no_options;
    for (std::size_t steps = 1;; ++steps) {
      std::optional<Given> given;
      Slot slot{store, cursor, given};
      AwaitedRun<BranchState, Slot> step{environment, *definition_, slot, no_options, nullptr};
      step.run().part_of(RunAccess::run(context), {});
      co_await step;
      environment.throw_if_aborted();
      step.run().take_state_or_throw();
      if (given->is_done()) co_return to_state<State>(std::move(*given).state(), context);
      if (options_.max_steps && steps >= *options_.max_steps) exhausted(steps);
      cursor.emplace(std::move(*given).cursor());
      if (steps % steps_per_turn == 0) {
        auto turn = yield_now();
        co_await std::move(turn);
      }
    }
  }

  static constexpr bool declares_targets = declares_next<Next>;
  std::vector<State> targets() const { return next_states<State, Next>(); }

 private:
  // That do not wait, before a yield to others on the executor.
  static constexpr std::size_t steps_per_turn = 64;

  [[noreturn]] static void exhausted(std::size_t steps) {
    throw Error{Errc::RetryExhausted, "stepped: not done after " + std::to_string(steps) +
                                          (steps == 1 ? " step" : " steps")};
  }

  std::shared_ptr<const Definition<BranchState, Slot>> definition_;
  SteppedOptions options_;
};

/// Work in steps for a workflow of any store.
template <class Cursor, class Step> class SteppedWork {
 public:
  SteppedWork(Step step, SteppedOptions options) : step_{std::move(step)}, options_{options} {}

  /// The task that it is in a workflow of that state and store; `config` is for each step.
  template <class State, class Store>
  auto bind_with(const State& state, const TaskConfig& config) const {
    using Returned = Returns<TheObjectItself, const Step&, Store&, const std::optional<Cursor>&>;
    constexpr bool is_called = !std::same_as<Returned, NotCallable>;
    static_assert(is_called,
                  "cano: the function of stepped takes the workflow's Store& or const Store& and a "
                  "std::optional<Cursor>, and may take a TaskContext& last");
    if constexpr (is_called) {
      using Traits = SteppedTraits<BranchValue<Returned>, Cursor>;
      static_assert(Traits::value,
                    "cano: the function of stepped returns a Stepped<Cursor, State>, plain or in a "
                    "Result, an Async or an asio::awaitable, for the Cursor of stepped<Cursor>");
      if constexpr (Traits::value) {
        static_assert(OutcomeOf<typename Traits::state_type, State>,
                      "cano: the Stepped<Cursor, State> of stepped is of another workflow's state");
        return SteppedTask<State, Store, Cursor, Step>{state_name(state), step_, options_, config};
      }
    }
  }

 private:
  Step step_;
  SteppedOptions options_;
};

}  // namespace detail

/// Work in steps, each of which says where the next one goes on. A task:
///
///     .add(State::Import, stepped<std::size_t>([](Shop& shop, std::optional<std::size_t> page)
///                                                  -> Async<Stepped<std::size_t, State>> {
///       const std::size_t at = page.value_or(0);
///       ...
///       if (at == last) co_return Done{State::Report};
///       co_return More{at + 1};
///     }), TaskConfig{}.with_fixed_retry(3, 1s))
///
/// `step(Store&, std::optional<Cursor>)`, which may take a `TaskContext&` last, gets nothing at
/// first, then what the step before has put into `More`. A step that fails is retried as the
/// `TaskConfig` given to `add` says, from its own cursor; without one it is not retried. The
/// attempt timeout of that config is for each step, its timeout for all of them.
///
/// **Errors.** What a step throws. `Error(RetryExhausted)` after `max_steps`;
/// `Error(Configuration)` for 0 of them.
/// **Cancellation.** In a step, and between two.
template <class Cursor, class Step>
detail::SteppedWork<Cursor, std::decay_t<Step>> stepped(Step&& step, SteppedOptions options = {}) {
  if (options.max_steps && *options.max_steps == 0) {
    throw Error{Errc::Configuration, "stepped: max_steps must be at least 1"};
  }
  return {std::forward<Step>(step), options};
}

}  // namespace cano
