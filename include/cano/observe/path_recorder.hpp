// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/run_path.hpp>

namespace cano {

/// Records which states its runs went through, how often and how long.
///
/// The path can be drawn over the graph of the workflow:
///
///     auto recorder = std::make_shared<PathRecorder>();
///     workflow.with_observer(recorder);
///     run(workflow, store);
///     std::cout << to_mermaid(workflow.graph(), recorder->path());
///
/// One recorder may watch one run or many; it adds them up.
///
/// Runs of other workflows that are started inside them are not recorded.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe.
class PathRecorder final : public Observer {
 public:
  /// What was recorded so far.
  RunPath path() const {
    const std::lock_guard lock{mutex_};
    return path_;
  }

  /// Forgets what was recorded so far.
  void clear() {
    const std::lock_guard lock{mutex_};
    path_ = RunPath{};
    states_.clear();
    steps_.clear();
  }

  void on_run_started(const RunStarted& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    ++path_.runs;
    state(e.state);
  }
  void on_run_finished(const RunFinished& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    RunPath::State& last = state(e.state);
    if (e.outcome == Outcome::Success) {
      ++last.visits;  // an exit is not entered, there is nothing to do in it
      ++last.succeeded;
    } else if (e.outcome == Outcome::Failed) {
      ++last.failed;
    } else {
      ++last.cancelled;
    }
  }
  void on_state_entered(const StateEntered& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    ++state(e.state).visits;
  }
  void on_attempt_succeeded(const AttemptSucceeded& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    add_attempt(e.state, e.elapsed);
    add_step(e.state, e.next_state);
  }
  void on_edge_taken(const EdgeTaken& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    add_step(e.state, e.next_state);
  }
  void on_attempt_cancelled(const AttemptCancelled& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    add_attempt(e.state, e.elapsed);
  }
  void on_attempt_failed(const AttemptFailed& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    ++add_attempt(e.state, e.elapsed).failed_attempts;
  }
  void on_retry_pause(const RetryPause& e) override {
    if (is_of_another_workflow(e)) return;
    const std::lock_guard lock{mutex_};
    Duration& pausing = state(e.state).pausing;
    pausing = detail::saturating_add(pausing, e.delay);
  }

 private:
  // A run that was started inside one of those that are recorded: its states are of another graph.
  // And an undo is no visit.
  template <class Event> static bool is_of_another_workflow(const Event& e) noexcept {
    return e.run.inherits_observers || e.run.undo;
  }

  std::size_t index_of(std::string_view name) {
    const auto known = states_.find(name);
    if (known != states_.end()) return known->second;
    path_.states.push_back(RunPath::State{.name = std::string{name}});
    return states_.emplace(name, path_.states.size() - 1).first->second;
  }
  RunPath::State& state(std::string_view name) { return path_.states[index_of(name)]; }

  void add_step(std::string_view from_state, std::string_view to_state) {
    const std::size_t from = index_of(from_state);
    const std::size_t to = index_of(to_state);
    const auto [place, is_new] = steps_.try_emplace({from, to}, path_.steps.size());
    if (is_new) path_.steps.push_back(RunPath::Step{from, to, 0});
    ++path_.steps[place->second].count;
  }

  RunPath::State& add_attempt(std::string_view name, Duration elapsed) {
    RunPath::State& at = state(name);
    ++at.attempts;
    at.working = detail::saturating_add(at.working, elapsed);
    return at;
  }

  mutable std::mutex mutex_;
  RunPath path_;
  std::map<std::string, std::size_t, std::less<>> states_;  // name -> index
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> steps_;
};

}  // namespace cano
