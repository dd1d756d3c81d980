// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/poll_options.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/run_options.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>

namespace cano::detail {

inline void check(const PollOptions& options) {
  const auto refuse = [](const char* what) {
    throw Error{Errc::Configuration, std::string{"poll: "} + what};
  };
  if (options.every < Duration::zero()) refuse("every must not be negative");
  if (options.within && *options.within <= Duration::zero()) refuse("within must be positive");
  if (options.max_polls && *options.max_polls == 0) refuse("max_polls must be at least 1");
}

/// Counts the polls of one visit, and says when the next is due. Pure.
class PollPlan {
 public:
  PollPlan(const PollOptions& options, steady_time begin) noexcept
      : options_{options},
        deadline_{options.within ? saturating_add(begin, *options.within) : steady_time::max()} {}

  /// **Errors.** `Error(Timeout)` when the pause before took longer than it should.
  void poll_begins(steady_time now) {
    if (now >= deadline_) timed_out();
    ++polls_;
  }
  steady_time deadline() const noexcept { return deadline_; }

  /// The pause before the next poll.
  ///
  /// **Errors.** `Error(Timeout)` or `Error(RetryExhausted)` when there is none.
  Duration next_pause(steady_time now) {
    if (options_.max_polls && polls_ >= *options_.max_polls) exhausted();
    Duration pause = options_.every;
    if (options_.backoff) {
      const auto delay = options_.backoff->delay_for_attempt(polls_ - 1, previous_);
      if (!delay) exhausted();
      previous_ = delay;
      pause = *delay;
    }
    if (deadline_ != steady_time::max() && saturating_add(now, pause) >= deadline_) timed_out();
    return pause;
  }

  [[noreturn]] void timed_out() const {
    throw Error{Errc::Timeout, "poll: no answer within its limit, after " + polls()};
  }

 private:
  [[noreturn]] void exhausted() const {
    throw Error{Errc::RetryExhausted, "poll: no answer after " + polls()};
  }
  std::string polls() const { return std::to_string(polls_) + (polls_ == 1 ? " poll" : " polls"); }

  const PollOptions& options_;
  steady_time deadline_;
  std::size_t polls_ = 0;
  std::optional<Duration> previous_;  // pause, for jitter that depends on it
};

/// A poll as the task of a state.
template <class State, class Store, class Ask> class PollTask {
 public:
  using Answer = BranchValue<Returns<TheObjectItself, const Ask&, Store&>>;
  using Slot = SplitSlot<Answer, Store>;
  using Outcome = typename OptionalTraits<Answer>::value_type;

  PollTask(std::string name, const Ask& ask, PollOptions options, TaskConfig config)
      : definition_{define_branch<Slot>(std::move(name), BranchTask<Ask, Slot>{ask},
                                        std::move(config))},
        options_{std::move(options)} {}

  Async<State> run(Store& store, TaskContext& context) const {
    Environment& environment = co_await ThisEnvironment{};
    Loop& loop = environment.loop();
    PollPlan plan{options_, loop.now()};
    for (;;) {
      plan.poll_begins(loop.now());
      std::optional<Answer> answer;
      Slot slot{store, answer};
      RunOptions limit;
      if (options_.within) limit = limit.with_timeout(plan.deadline() - loop.now());
      AwaitedRun<BranchState, Slot> asked{environment, *definition_, slot, limit, nullptr};
      asked.run().part_of(RunAccess::run(context), {});
      co_await asked;
      environment.throw_if_aborted();
      if (asked.run().has_failed() && loop.now() >= plan.deadline()) plan.timed_out();
      asked.run().take_state_or_throw();
      if (*answer) co_return to_state<State>(std::move(**answer), context);
      auto pause = sleep_for(plan.next_pause(loop.now()));
      co_await std::move(pause);
    }
  }

  static constexpr bool declares_targets = declares_next<Outcome>;
  std::vector<State> targets() const { return next_states<State, Outcome>(); }

 private:
  std::shared_ptr<const Definition<BranchState, Slot>> definition_;
  PollOptions options_;
};

/// A poll for a workflow of any store.
template <class Ask> class Poll {
 public:
  Poll(Ask ask, PollOptions options) : ask_{std::move(ask)}, options_{std::move(options)} {}

  /// The task that it is in a workflow of that state and store; `config` is for each ask.
  template <class State, class Store>
  auto bind_with(const State& state, const TaskConfig& config) const {
    using Returned = Returns<TheObjectItself, const Ask&, Store&>;
    static_assert(!std::same_as<Returned, NotCallable>,
                  "cano: the function of poll takes the workflow's Store& or const Store&, and may "
                  "take a TaskContext& last");
    if constexpr (!std::same_as<Returned, NotCallable>) {
      using Answer = BranchValue<Returned>;
      static_assert(OptionalTraits<Answer>::value,
                    "cano: the function of poll returns a std::optional of the next state, plain "
                    "or in an Async or asio::awaitable: nothing means not yet");
      if constexpr (OptionalTraits<Answer>::value) {
        static_assert(OutcomeOf<typename OptionalTraits<Answer>::value_type, State>,
                      "cano: the function of poll returns a std::optional of the next state, of a "
                      "Next<...> of it, or of a Result of either");
        return PollTask<State, Store, Ask>{state_name(state), ask_, options_, config};
      }
    }
  }

 private:
  Ask ask_;
  PollOptions options_;
};

}  // namespace cano::detail
