// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/compose/branch_result.hpp>
#include <cano/compose/detail/join_rule.hpp>
#include <cano/compose/join.hpp>
#include <cano/error.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

// ---- the function that a join calls with the results

/// Goes on in one state whatever the results are.
template <class State> struct JoinTo {
  State state;
  template <class... Anything> State operator()(Anything&&...) const { return state; }
};

/// A join function that takes the results as a span, or the values of those that succeeded.
template <class F, class Store, class Value>
inline constexpr bool takes_span =
    callable<TheObjectItself, const F&, Store&, std::span<BranchResult<Value>>>;
template <class F, class Store, class Value>
inline constexpr bool takes_values =
    callable<TheObjectItself, const F&, Store&, std::vector<Value>>;
/// One that takes each result by itself.
template <class F, class Store, class... Values>
inline constexpr bool takes_each =
    callable<TheObjectItself, const F&, Store&, BranchResult<Values>&...>;

/// The values of those that succeeded, in the order of the branches.
template <class Value> std::vector<Value> values_of(std::span<BranchResult<Value>> results) {
  std::vector<Value> values;
  values.reserve(results.size());
  for (BranchResult<Value>& result : results)
    if (result.is_success()) values.push_back(std::move(result.value()));
  return values;
}

template <class F, class Store, class Value>
decltype(auto) call_join(const F& function, TaskContext& context, Store& store,
                         std::span<BranchResult<Value>> results) {
  if constexpr (takes_span<F, Store, Value>) {
    return call(the_object_itself, context, function, store, std::move(results));
  } else {
    return call(the_object_itself, context, function, store, values_of(results));
  }
}

/// The join function as it is kept: a state that was given instead of one becomes `JoinTo`.
template <class State, class F>
using JoinFunction = std::conditional_t<std::convertible_to<F, State>, JoinTo<State>, F>;

/// Whether the type says which states a join may lead to.
template <class State, class F, class Returned>
inline constexpr bool knows_targets = std::same_as<F, JoinTo<State>> || declares_next<Returned>;

/// Those states.
template <class State, class Returned, class F> std::vector<State> targets_of(const F& function) {
  if constexpr (std::same_as<F, JoinTo<State>>) {
    return {function.state};
  } else {
    return next_states<State, Returned>();
  }
}

// ---- a join that does not hold

/// The failures of a join, a few of them, for the text of its error.
class JoinFailures {
 public:
  template <class Value> void add(const BranchResult<Value>& result) {
    if (!result.is_failed()) return;
    if (++count_ == 1) first_ = result.error();
    if (count_ > told) return;
    text_ += (count_ == 1 ? ": " : "; ") + result.name() + ": " + result.error_message();
    if (result.attempts() > 1)
      text_ += " (after " + std::to_string(result.attempts()) + " attempts)";
  }

  /// Throws `Error(JoinFailed)`, around the first failure where there is one.
  [[noreturn]] void raise(const Join& join, const JoinRule& rule, bool timed_out) const {
    std::string text = "Join " + join.text() + " of " + std::to_string(rule.total()) +
                       (rule.total() == 1 ? " branch" : " branches") + " does not hold";
    text += timed_out ? " at its limit: " : ": ";
    text += std::to_string(rule.successes()) + " succeeded, " + std::to_string(count_) + " failed";
    text += text_;
    if (count_ > told) text += "; and " + std::to_string(count_ - told) + " more";
    if (!first_) throw Error{Errc::JoinFailed, std::move(text)};
    try {
      std::rethrow_exception(first_);
    } catch (...) {
      std::throw_with_nested(Error{Errc::JoinFailed, std::move(text)});
    }
  }

 private:
  static constexpr std::size_t told = 3;
  std::size_t count_ = 0;
  std::string text_;
  std::exception_ptr first_;
};

}  // namespace cano::detail
