// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/detail/exception_text.hpp>
#include <cano/detail/nearest_name.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/attempt_rules.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/span.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/task_handle.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/detail/state_table.hpp>

namespace cano::detail {

/// The states, tasks and settings of a workflow, shared by its copies and by the runs that are
/// under way. A run holds it alive, so a workflow may be changed or destroyed while one goes on.
template <StateLike State, class Store> struct Definition {
  /// A state with its task, or an exit.
  struct Entry : StateInfo {
    Entry(State key, const TaskConfig& task_config, BoundTask<State, Store> bound,
          std::shared_ptr<const UndoTask> undo_of_it = nullptr)
        : StateInfo{state_name(key), task_config.rules()},
          state{std::move(key)},
          task{std::move(bound)},
          undo{std::move(undo_of_it)} {
      if (undo) takes_long_way = true;
    }
    /// A state with a name of its own, at that place among the states of a workflow.
    Entry(State key, StateInfo info, BoundTask<State, Store> bound)
        : StateInfo{std::move(info)}, state{std::move(key)}, task{std::move(bound)} {}
    /// The same task with other rules.
    Entry(const Entry& other, AttemptRules attempt_rules)
        : StateInfo{other.name, std::move(attempt_rules)},
          state{other.state},
          task{other.task},
          undo{other.undo},
          brings_config{other.brings_config} {
      index = other.index;
      if (undo) takes_long_way = true;
    }
    explicit Entry(State exit)
        : StateInfo{state_name(exit), TaskConfig::minimal().rules()},
          state{std::move(exit)},
          is_exit{true} {}

    State state;
    BoundTask<State, Store> task{};
    std::shared_ptr<const UndoTask> undo{};  // null where it cannot be undone
    bool is_exit = false;
    bool undoes = false;        // an exit in which what the run has done is undone
    bool brings_config = true;  // or has the default one of the workflow
  };

  /// What a hop loads: 32 bytes side by side. One of `call` and `start` is set for a task
  /// that takes no long way, which needs nothing but that; neither for every other state. The
  /// handle is the one that plain tasks are called by, always, so that a task is one object in a
  /// definition.
  struct Transition {
    typename BoundTask<State, Store>::Call call = nullptr;
    typename BoundTask<State, Store>::Start start = nullptr;
    TaskHandle task{};
    const Entry* entry = nullptr;
  };

  State start{};
  std::vector<std::shared_ptr<const Entry>> entries;  // in the order they were added
  StateTable<State, Transition> table;
  TaskConfig default_config;
  std::optional<Duration> total_timeout;
  std::optional<std::size_t> max_transitions;
  std::optional<State> limit_target;  // where a run goes on after so many, once
  // From, to, from, to: in the order they were added; few.
  std::vector<State> failure_edges;
  ObserverList observers;
  std::shared_ptr<const Span> span;  // shared: a definition is copied whole

  /// Kept at registration; only a state that was never added is named anew, by code that may throw.
  std::string name_of(const State& state) const {
    if (const Entry* const known = table.find(state).entry) return known->name;
    try {
      return state_name(state);
    } catch (...) {
      return "(its name cannot be read: " + exception_text(std::current_exception()) + ')';
    }
  }

  [[gnu::noinline]] std::string no_task_text(const State& state) const {
    const std::string name = name_of(state);
    NearestName nearest{name};
    for (const auto& entry : entries)
      nearest.consider(entry->name);
    std::string text = "No task registered for state: " + name;
    if (nearest.is_found()) text += "; did you mean '" + nearest.name() + "'?";
    return text;
  }

  /// Where a run goes on when the state has given up; none when that ends it.
  std::optional<State> failure_target(const State& from) const {
    for (std::size_t i = 0; i < failure_edges.size(); i += 2)
      if (failure_edges[i] == from) return failure_edges[i + 1];
    return std::nullopt;
  }

  void add_failure_edge(State from, State to) {
    const auto refuse = [&](const char* why) {
      throw Error{Errc::Configuration, "on_failure: state " + name_of(from) + why};
    };
    if (from == to) refuse(" leads to itself: retries are given by its TaskConfig");
    if (failure_target(from)) refuse(" has a failure edge already");
    const Entry* const known = table.find(from).entry;
    if (known != nullptr && known->is_exit) refuse(" is an exit state, which cannot fail");
    failure_edges.reserve(failure_edges.size() + 2);  // both or none
    failure_edges.push_back(std::move(from));
    failure_edges.push_back(std::move(to));
  }

  void add(std::shared_ptr<Entry> entry) {
    if (entry->is_exit && failure_target(entry->state)) {
      throw Error{Errc::Configuration, "State " + entry->name +
                                           " is added as an exit state and has a failure edge: an "
                                           "exit state cannot fail"};
    }
    if (const Entry* const known = table.find(entry->state).entry) {
      if (known->is_exit && entry->is_exit) {
        if (known->undoes == entry->undoes) return;
        throw Error{Errc::Configuration, "State " + entry->name +
                                             " is added as an exit state and as a failure state: "
                                             "it can be only one of them"};
      }
      const bool both = known->is_exit != entry->is_exit;
      throw Error{
          Errc::Configuration,
          "State " + entry->name +
              (both ? " is added with a task and as an exit state: it can be only one of them"
                    : " is added twice")};
    }
    entries.reserve(entries.size() + 1);  // nothing throws once the table knows the state
    entry->index = entries.size();
    table.put(entry->state, transition_to(*entry));
    entries.push_back(std::move(entry));
  }

  /// `config`: its own, or none where it has the default one.
  void add_task(State state, std::optional<TaskConfig> config, BoundTask<State, Store> task,
                std::shared_ptr<const UndoTask> undo) {
    if (task.with_default_config != nullptr) {
      task = task.with_default_config(task, default_config);
    }
    const bool brings_config = config.has_value();
    auto entry = std::make_shared<Entry>(std::move(state), brings_config ? *config : default_config,
                                         std::move(task), std::move(undo));
    entry->brings_config = brings_config;
    add(std::move(entry));
  }

  void set_default_config(TaskConfig config) {
    auto changed_entries = entries;
    StateTable<State, Transition> changed_table;
    for (auto& entry : changed_entries) {
      if (!entry->brings_config) {
        entry = std::make_shared<Entry>(*entry, config.rules());
      } else if (entry->task.with_default_config != nullptr) {
        auto changed = std::make_shared<Entry>(*entry, entry->rules);
        changed->task = entry->task.with_default_config(entry->task, config);
        entry = std::move(changed);
      }
      changed_table.put(entry->state, transition_to(*entry));
    }
    entries = std::move(changed_entries);
    table = std::move(changed_table);
    default_config = std::move(config);
  }

 private:
  static Transition transition_to(const Entry& entry) {
    Transition transition{.task = entry.task.handle, .entry = &entry};
    if (!entry.takes_long_way) {
      transition.call = entry.task.call;
      transition.start = entry.task.start;
    }
    return transition;
  }
};

}  // namespace cano::detail
