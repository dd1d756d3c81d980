// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/orchestrate.hpp>
#include <cano/workflow/detail/registration.hpp>
#include <cano/workflow/workflow.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano {

namespace detail {

/// A workflow as the task of a state of another.
template <class ChildState, class ChildStore, class MakeStore, class ReadBack> class SubWorkflow {
  template <class Store>
  using ReadBackReturns = Returns<TheObjectItself, const ReadBack&, Store&, ChildStore&,
                                  const WorkflowResult<ChildState>&>;
  template <class Store>
  static constexpr bool makes_store =
      std::same_as<std::remove_cvref_t<Returns<TheObjectItself, const MakeStore&, Store&>>,
                   ChildStore>;
  template <class Store>
  static constexpr bool reads_back = callable<TheObjectItself, const ReadBack&, Store&, ChildStore&,
                                              const WorkflowResult<ChildState>&>;

 public:
  SubWorkflow(Workflow<ChildState, ChildStore> child, MakeStore make_store, ReadBack read_back)
      : child_{std::move(child)},
        make_store_{std::move(make_store)},
        read_back_{std::move(read_back)} {}

  /// The child has retries of its own.
  static TaskConfig config() { return TaskConfig::minimal(); }

  /// The task that it is in a workflow of that state and store.
  template <class State, class Store> auto bind() const {
    static_assert(makes_store<Store>,
                  "cano: the second argument of sub_workflow takes the workflow's Store& or const "
                  "Store& and returns the child's store");
    static_assert(reads_back<Store>,
                  "cano: the third argument of sub_workflow takes (Store&, ChildStore&, const "
                  "WorkflowResult<ChildState>&), and may take a TaskContext& last");
    if constexpr (makes_store<Store> && reads_back<Store>) {
      static_assert(OutcomeOf<ReadBackReturns<Store>, State>,
                    "cano: the third argument of sub_workflow returns the next State, a Next<...> "
                    "of it, a Result of either, or an Async or asio::awaitable of one of these");
      return Bound<State, Store>{*this};
    }
  }

  /// As a branch, whose value is what `read_back` returns. Not from another thread: what the child
  /// has done is kept with the run.
  template <class Store>
    requires(!std::is_const_v<Store> && makes_store<Store> && reads_back<Store>)
  Async<std::remove_cvref_t<AwaitedT<ReadBackReturns<Store>>>> run(Store& store,
                                                                   TaskContext& context) const {
    // Shared: what the child has done may be undone when this is over.
    const std::shared_ptr<ChildStore> kept{
        new ChildStore(call(the_object_itself, context, make_store_, store))};
    ChildStore& child_store = *kept;
    auto work =
        orchestrate<AsResultAndUndo>(WorkflowAccess::definition(child_), child_store, RunOptions{});
    auto ended = co_await std::move(work);
    const WorkflowResult<ChildState>& result = ended.result;
    RunAccess::run(context).adopt_undo(std::move(ended.undo), kept);
    Environment& environment = co_await ThisEnvironment{};
    environment.throw_if_aborted();
    const auto read_back = [&]() -> decltype(auto) {
      return call(the_object_itself, context, read_back_, store, child_store, result);
    };
    if constexpr (is_awaitable<ReadBackReturns<Store>>) {
      auto reading = read_back();
      co_return co_await std::move(reading);
    } else {
      co_return read_back();
    }
  }

 private:
  template <class State, class Store> class Bound {
   public:
    using Returned = ReadBackReturns<Store>;

    explicit Bound(const SubWorkflow& parts) : parts_{parts} {}

    Async<State> run(Store& store, TaskContext& context) const {
      auto work = parts_.run(store, context);
      auto outcome = co_await std::move(work);
      co_return to_state<State>(std::move(outcome), context);
    }

    static constexpr bool declares_targets = declares_next<Returned>;
    std::vector<State> targets() const { return next_states<State, Returned>(); }

   private:
    SubWorkflow parts_;
  };

  Workflow<ChildState, ChildStore> child_;
  MakeStore make_store_;
  ReadBack read_back_;
};

}  // namespace detail

/// A whole workflow as one task of another.
///
///     .add(State::Pay, sub_workflow(payment, [](const Order& order) { return Payment{order.total};
///     },
///                                   [](Order& order, Payment& payment,
///                                      const WorkflowResult<PayState>& result) {
///                                     order.receipt = payment.receipt;
///                                     return result.is_success() ? State::Ship : State::Refuse;
///                                   }))
///
/// `make_store(Store&)` makes the child's store; the child runs on it to its end, with its own
/// retries and limits; `read_back(Store&, ChildStore&, const WorkflowResult<ChildState>&)` takes
/// from it what is wanted and returns what a task returns. It is called for a success and for a
/// failure. When the run itself is cancelled it is not.
///
/// What the child has done is undone with its run when that fails, else with this one: then over
/// the child's store, as `read_back` has left it.
///
/// It may also be a branch of a `split`: what `read_back` returns is then the branch's value.
///
/// The state or branch is not retried unless it is given a `TaskConfig` that says so: the child has
/// retries of its own, and they would multiply.
template <StateLike ChildState, class ChildStore, class MakeStore, class ReadBack>
auto sub_workflow(Workflow<ChildState, ChildStore> child, MakeStore&& make_store,
                  ReadBack&& read_back) {
  return detail::SubWorkflow<ChildState, ChildStore, std::decay_t<MakeStore>,
                             std::decay_t<ReadBack>>{
      std::move(child), std::forward<MakeStore>(make_store), std::forward<ReadBack>(read_back)};
}

}  // namespace cano
