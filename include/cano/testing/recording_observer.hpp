// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>

namespace cano {

/// An event that a `RecordingObserver` kept, with a copy of all that it said.
struct RecordedEvent {
  std::string name;       ///< "run_started", "attempt_failed", "log", ...: the hook without "on_".
  std::string run_id;     ///< Empty for an event of a schedule that belongs to no run.
  std::string parent_id;  ///< That of the run in which the run was started; empty without one.
  std::size_t instance_id = 0;  ///< Index in its batch.
  bool in_batch = false;        ///< Whether the run is one instance of a batch.
  std::optional<Span> span;     ///< That of the workflow, if it has one.
  std::string state;            ///< Empty for an event outside of states.
  std::size_t attempt = 0;      ///< From 1; 0 for an event outside of attempts.
  steady_time at{};             ///< When, by the steady clock.
  system_time wall_at{};        ///< When, by the wall clock.
  Level level = Level::Info;    ///< As a log line has it.
  std::string message;          ///< What a log line says first.
  std::vector<Field> fields;    ///< The rest, e.g. "error", "next_state", "elapsed_ms".

  /// The value of the field, or null when there is none of that name or it is of another type.
  /// Whole numbers are `std::int64_t` or, where they cannot be negative, `std::uint64_t`.
  template <class T> const T* field(std::string_view field_name) const noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& each) { return each.name == field_name; });
    return found == fields.end() ? nullptr : std::get_if<T>(&found->value);
  }

  /// "attempt_failed state="A" attempt=1 error="no answer" will_retry=true ...".
  std::string text() const {
    std::string out = name;
    if (name == "log") out.append(" ").append(to_string(level)).append(" ").append(message);
    if (!state.empty()) {
      out += " state=";
      detail::append_quoted(out, state);
    }
    if (attempt != 0) out.append(" attempt=").append(std::to_string(attempt));
    for (const Field& each : fields) {
      out.append(" ").append(each.name).append("=");
      detail::append_value(out, each.value);
    }
    return out;
  }
};

/// Keeps every event, for tests of your own workflows.
///
///     auto seen = std::make_shared<RecordingObserver>();
///     workflow.with_observer(seen);
///     time.run(workflow.orchestrate(store));
///     CHECK(seen->count("retry_pause") == 2);
///     CHECK(*seen->all("attempt_failed")[0].field<std::string>("error") == "no answer");
///
/// **Threads.** Distinct objects: safe. Shared objects: safe.
class RecordingObserver final : public Observer {
 public:
  /// All events, in the order in which they came.
  std::vector<RecordedEvent> events() const {
    const std::lock_guard lock{mutex_};
    return events_;
  }

  /// Their names, in that order.
  std::vector<std::string> names() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> names;
    for (const RecordedEvent& event : events_)
      names.push_back(event.name);
    return names;
  }

  /// The events of one name.
  std::vector<RecordedEvent> all(std::string_view name) const {
    return matching([&](const RecordedEvent& event) { return event.name == name; });
  }

  /// The events of one instance of a batch.
  std::vector<RecordedEvent> of_instance(std::size_t instance_id) const {
    return matching([&](const RecordedEvent& event) {
      return event.in_batch && event.instance_id == instance_id &&
             !event.name.starts_with("batch_");
    });
  }

  /// How many events of one name there are.
  std::size_t count(std::string_view name) const { return all(name).size(); }

  /// Forgets the events so far.
  void clear() {
    const std::lock_guard lock{mutex_};
    events_.clear();
  }

  void on_run_started(const RunStarted& e) override { record(e); }
  void on_run_finished(const RunFinished& e) override { record(e); }
  void on_state_entered(const StateEntered& e) override { record(e); }
  void on_attempt_started(const AttemptStarted& e) override { record(e); }
  void on_attempt_succeeded(const AttemptSucceeded& e) override { record(e); }
  void on_attempt_failed(const AttemptFailed& e) override { record(e); }
  void on_attempt_cancelled(const AttemptCancelled& e) override { record(e); }
  void on_retry_pause(const RetryPause& e) override { record(e); }
  void on_edge_taken(const EdgeTaken& e) override { record(e); }
  void on_phase_started(const PhaseStarted& e) override { record(e); }
  void on_phase_finished(const PhaseFinished& e) override { record(e); }
  void on_branch_started(const BranchStarted& e) override { record(e); }
  void on_branch_finished(const BranchFinished& e) override { record(e); }
  void on_log(const LogRecord& e) override { record(e); }
  void on_batch_started(const BatchStarted& e) override { record(e); }
  void on_batch_finished(const BatchFinished& e) override { record(e); }
  void on_circuit_changed(const CircuitChanged& e) override { record(e); }
  void on_occurrence_due(const OccurrenceDue& e) override { record(e); }
  void on_occurrence_queued(const OccurrenceQueued& e) override { record(e); }
  void on_occurrence_started(const OccurrenceStarted& e) override { record(e); }
  void on_occurrence_finished(const OccurrenceFinished& e) override { record(e); }
  void on_occurrence_skipped(const OccurrenceSkipped& e) override { record(e); }

 private:
  template <class Event> void record(const Event& event) {
    const detail::EventHead head = detail::head_of(event);
    RecordedEvent copy;
    copy.name = head.name;
    copy.state = head.state;
    copy.attempt = head.attempt;
    copy.level = head.level;
    copy.message = head.message;
    copy.fields = detail::fields_of(event);
    copy.at = detail::steady_time_of(event);
    copy.wall_at = detail::wall_time_of(event);
    copy.run_id = head.run_id;
    if (head.run != nullptr) {
      copy.run_id = head.run->run_id;
      copy.parent_id = head.run->parent_id;
      copy.instance_id = head.run->instance_id;
      copy.in_batch = head.run->in_batch;
      if (head.run->span != nullptr) copy.span = *head.run->span;
    }
    const std::lock_guard lock{mutex_};
    events_.push_back(std::move(copy));
  }

  template <class Matches> std::vector<RecordedEvent> matching(Matches matches) const {
    const std::lock_guard lock{mutex_};
    std::vector<RecordedEvent> found;
    std::copy_if(events_.begin(), events_.end(), std::back_inserter(found), matches);
    return found;
  }

  mutable std::mutex mutex_;
  std::vector<RecordedEvent> events_;
};

}  // namespace cano
