// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/window_task.hpp>
#include <cano/error.hpp>
#include <cano/run_options.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>

namespace cano::detail {

/// A stream as the task of a state.
template <class State, class Store, class Open, class Work, class Flush, class Skipped>
class StreamTask {
 public:
  using Window = WindowTask<Store, Open, Work, Flush, Skipped>;
  using Types = typename Window::Types;
  using Visit = typename Window::Visit;
  using Parts = typename Window::Parts;

  StreamTask(std::string name, Parts parts, std::optional<State> at_end, TaskConfig config)
      : definition_{define_branch<Visit>(name, Window{name, std::move(parts), !at_end},
                                         std::move(config))},
        at_end_{std::move(at_end)} {}

  Async<State> run(Store& store, TaskContext& context) const {
    Environment& environment = co_await ThisEnvironment{};
    Visit visit{store, environment};
    RunOptions no_options;
    while (!visit.answer && !visit.is_at_end) {
      AwaitedRun<BranchState, Visit> window{environment, *definition_, visit, no_options, nullptr};
      window.run().part_of(RunAccess::run(context), {});
      co_await window;
      environment.throw_if_aborted();
      window.run().take_state_or_throw();
    }
    auto closing = Window::close_read(visit);
    co_await std::move(closing);
    if constexpr (Types::answers) {
      if (visit.answer) co_return to_state<State>(*std::move(visit.answer), context);
    }
    if (!at_end_) no_answer(context);
    co_return *at_end_;
  }

  static constexpr bool declares_targets =
      !Types::answers || declares_next<typename Types::Outcome>;
  std::vector<State> targets() const {
    std::vector<State> targets = next_states<State, typename Types::Outcome>();
    if (at_end_) targets.push_back(*at_end_);
    return targets;
  }

 private:
  [[noreturn]] static void no_answer(const TaskContext& context) {
    throw Error{Errc::Configuration, "stream: state " + std::string{context.state_name()} +
                                         ": the source has ended, and neither the flush nor "
                                         "at_end says where the run goes on"};
  }

  std::shared_ptr<const Definition<BranchState, Visit>> definition_;
  std::optional<State> at_end_;
};

}  // namespace cano::detail
