// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/task/detail/awaitable_host.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_handle.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// A task or Node of any type, kept. With `std::make_shared` each type would be 40 functions to
/// compile.
struct TaskHolder {
  TaskHolder() = default;
  TaskHolder(const TaskHolder&) = delete;
  TaskHolder& operator=(const TaskHolder&) = delete;
  virtual ~TaskHolder() = default;
};
/// A holder of a task of type `T`.
template <class T> struct TaskHolderOf final : TaskHolder {
  template <class... Args>
  explicit TaskHolderOf(Args&&... args) : task(std::forward<Args>(args)...) {}
  const T task;
};

/// A piece of work that a task is composed of.
struct TaskPart {
  std::string name;
  std::size_t max_attempts;
  bool is_many;  // one for each item
};
/// The parts that a task is composed of, and how they are joined; none for most.
struct TaskParts {
  std::vector<TaskPart> work{};
  std::string join{};
};

/// A task or Node of any type as the engine calls it: one of the two functions is set. `start`
/// gives the coroutine of the attempt, or none where it is one of Asio's: that is then with the
/// run's `AwaitableHost`.
///
/// Function pointers beside the object rather than virtual functions in it: a hop then loads both
/// from the state's slot, and a task that is a plain function never meets a coroutine frame.
template <class State, class Store> struct BoundTask {
  using Call = State (*)(const TaskHandle& task, Store&, TaskContext&);
  using Start = Async<State> (*)(const void* task, Store&, TaskContext&);

  std::shared_ptr<const TaskHolder> kept;
  const void* object = nullptr;  // the task in it, for `start`
  TaskHandle handle;             // of it, for `call`
  Call call = nullptr;
  Start start = nullptr;
  bool declares_targets = false;
  std::vector<State> targets;  // those of its Next<...>
  TaskParts parts{};
  // The same task with that config for those of its parts that have none; null where none may.
  BoundTask (*with_default_config)(const BoundTask&, const TaskConfig&) = nullptr;
};

// An outcome of another type than State needs one more coroutine to turn it into the state.
template <class Coroutine, class State, class T, class Store>
Coroutine run_to_state(const T& task, Store& store, TaskContext& context) {
  auto work = call(TaskFunction<T, Store>{}, context, task, store);
  require_started(work, context);
  auto outcome = co_await std::move(work);
  co_return to_state<State>(std::move(outcome), context);
}

template <class State, class T, class Store> void bind_run(BoundTask<State, Store>& bound) {
  using Returned = std::remove_cvref_t<TaskReturns<T, Store>>;
  if constexpr (!is_awaitable<Returned>) {
    bound.call = [](const TaskHandle& handle, Store& store, TaskContext& context) -> State {
      const T& self = handle.task<T>();
      return to_state<State>(call(TaskFunction<T, Store>{}, context, self, store), context);
    };
  } else {
    bound.start = [](const void* task, Store& store, TaskContext& context) -> Async<State> {
      using Coroutine =
          std::conditional_t<is_asio_awaitable<Returned>, asio::awaitable<State>, Async<State>>;
      const T& self = *static_cast<const T*>(task);
      if constexpr (std::same_as<Returned, Coroutine>) {
        return start_task<State>(call(TaskFunction<T, Store>{}, context, self, store), context);
      } else {
        return start_task<State>(run_to_state<Coroutine, State>(self, store, context), context);
      }
    };
  }
}

template <class State, class N, class Store> void bind_node(BoundTask<State, Store>& bound) {
  if constexpr (NodeTypes<N, Store>::is_plain) {
    bound.call = [](const TaskHandle& handle, Store& store, TaskContext& context) -> State {
      return run_plain_node<State>(handle.task<N>(), store, context);
    };
  } else {
    using Coroutine =
        std::conditional_t<NodeTypes<N, Store>::is_asio, asio::awaitable<State>, Async<State>>;
    bound.start = [](const void* node, Store& store, TaskContext& context) -> Async<State> {
      return start_task<State>(
          run_node<Coroutine, State>(*static_cast<const N*>(node), store, context), context);
    };
  }
}

template <class Outcome, class State, class Store>
void declare_targets(BoundTask<State, Store>& bound) {
  bound.declares_targets = declares_next<Outcome>;
  bound.targets = next_states<State, Outcome>();
}

/// A task that is made for a state and a store when it is added, such as a split.
template <class T, class State, class Store>
concept Composite = requires(const T& task) { task.template bind<State, Store>(); };

/// The same for one that applies the retries it is given to its parts, such as a poll to each ask.
template <class T, class State, class Store>
concept ConfiguredComposite =
    requires(const T& task, const State& state, const TaskConfig& config) {
      task.template bind_with<State, Store>(state, config);
    };

/// A task that knows as values where it leads.
template <class T>
concept NamesItsTargets = requires(const T& task) {
  task.targets();
  T::declares_targets;
};

/// One that says what it is composed of, and whose parts may have the default config.
template <class T>
concept HasParts = requires(T& task, const TaskConfig& config) {
  { std::as_const(task).parts() } -> std::same_as<TaskParts>;
  task.set_default_config(config);
};

/// Binds a Task, Node or callable; one that has both `run` and the three phases is a Task.
template <class State, class Store, class T> BoundTask<State, Store> bind_task(T&& task) {
  using Decayed = std::decay_t<T>;
  BoundTask<State, Store> bound;
  if constexpr (Task<Decayed, State, Store>) {
    bind_run<State, Decayed>(bound);
    declare_targets<TaskReturns<Decayed, Store>>(bound);
    if constexpr (NamesItsTargets<Decayed>) {
      bound.declares_targets = Decayed::declares_targets;
      bound.targets = task.targets();
    }
    if constexpr (HasParts<Decayed>) {
      bound.parts = task.parts();
      bound.with_default_config = [](const BoundTask<State, Store>& of, const TaskConfig& config) {
        Decayed changed{*static_cast<const Decayed*>(of.object)};
        changed.set_default_config(config);
        return bind_task<State, Store>(std::move(changed));
      };
    }
  } else {
    bind_node<State, Decayed>(bound);
    declare_targets<typename NodeTypes<Decayed, Store>::PostReturns>(bound);
  }
  const auto* const kept = new TaskHolderOf<Decayed>(std::forward<T>(task));
  bound.kept.reset(static_cast<const TaskHolder*>(kept));  // one type of pointer for all tasks
  bound.object = &kept->task;
  bound.handle = TaskHandle::of(kept->task);
  return bound;
}

}  // namespace cano::detail
