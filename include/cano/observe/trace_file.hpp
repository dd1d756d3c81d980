// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <mutex>
#include <ratio>
#include <string>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/edge_kind.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/detail/file_name.hpp>
#include <cano/observe/detail/json_writer.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/detail/time_text.hpp>
#include <cano/observe/detail/trace_tracks.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>

namespace cano {

/// Writes Chrome's trace format, to be opened in ui.perfetto.dev or chrome://tracing.
///
/// Each run or batch is a process there and each instance a track, on which run, state, attempt or
/// retry pause, and phase are nested slices; log lines are marks. Branches of a `split` have
/// tracks beside that of their run, the items of an `each` as many as there are at a time; arrows
/// lead from the attempt to each branch and back. Scheduled jobs are in a process of their own,
/// each over its run. All times are of the steady clock, which never goes
/// back; the time of day is among the arguments of runs and jobs.
///
///     workflow.with_observer(std::make_shared<TraceFile>("trace.json"));
///
/// The file is written whenever a run or a batch ends and is then complete JSON, so also when the
/// program crashes or ends without closing it. Runs that are under way at the same time need
/// different run ids, which they have unless `RunOptions` gives them the same one.
///
/// To rotate the file, move it away and have the program call `reopen()`; until then, what
/// happens is written to the file that was moved. A file that is truncated in place (`copytruncate`
/// of logrotate) has a hole at its head and is no JSON any more.
///
/// **Errors.** `Error(Configuration)` when the file cannot be opened. When it cannot be written the
/// hook throws, which switches the observer off.
/// **Threads.** Distinct objects: safe on distinct files. Shared objects: safe.
class TraceFile final : public Observer {
 public:
  /// Replaces the file, named by a string or a path, when it exists.
  explicit TraceFile(const detail::FileName& file) : tracks_{file} {}

  ~TraceFile() override {
    try {
      flush();
    } catch (...) {  // destructor: cannot report
    }
  }

  /// Writes what has not been written yet.
  ///
  /// **Errors.** `Error(Generic)` when that fails.
  void flush() {
    const std::lock_guard lock{mutex_};
    tracks_.flush();
  }

  /// Begins a new file of the same name when the old one has been moved away: that one is complete
  /// then, and what is under way is in both. Does nothing but flush when it is still there.
  ///
  /// **Errors.** `Error(Configuration)` when the file cannot be opened, `Error(Generic)` when the
  /// old one cannot be written: the observer goes on with that.
  void reopen() {
    const std::lock_guard lock{mutex_};
    tracks_.reopen();
  }

  void on_run_started(const RunStarted& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args;
    args.add("run_id", e.run.run_id);
    if (!e.run.parent_id.empty()) args.add("parent_id", e.run.parent_id);
    if (e.run.in_batch) args.add("instance_id", e.run.instance_id);
    if (e.run.span != nullptr) args.add("span", span_text(*e.run.span));
    args.add("start", e.state);
    add_time(args, e.wall_at);
    tracks_.begin(e.run, Depth::Run, "run", e.at, args);
  }
  void on_run_finished(const RunFinished& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args = arguments(e);
    args.add("final_state", e.state);
    tracks_.end(e.run, Depth::Run, e.at, args);
    tracks_.forget(e.run);
    tracks_.flush();
  }
  void on_state_entered(const StateEntered& e) override {
    begin(e, Depth::State, (e.run.undo ? "undo " : "") + std::string{e.state}, JsonWriter{});
  }
  void on_attempt_started(const AttemptStarted& e) override {
    begin(e, Depth::Attempt, "attempt " + std::to_string(e.attempt), arguments(e));
  }
  void on_attempt_succeeded(const AttemptSucceeded& e) override { end_attempt(e, true); }
  void on_attempt_cancelled(const AttemptCancelled& e) override { end_attempt(e, true); }
  void on_attempt_failed(const AttemptFailed& e) override { end_attempt(e, !e.will_retry); }
  void on_retry_pause(const RetryPause& e) override {
    begin(e, Depth::Attempt, "retry pause", arguments(e));
  }
  void on_edge_taken(const EdgeTaken& e) override {
    const std::lock_guard lock{mutex_};
    const std::string name = std::string{to_string(e.kind)} + " edge";
    tracks_.mark(e.run, name, to_string(Level::Warn), e.at, arguments(e));
  }
  void on_phase_started(const PhaseStarted& e) override {
    begin(e, Depth::Phase, to_string(e.phase), JsonWriter{});
  }
  void on_phase_finished(const PhaseFinished& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.end(e.run, Depth::Phase, e.at, arguments(e));
  }
  void on_branch_started(const BranchStarted& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.begin_branch(e, arguments(e));
  }
  void on_branch_finished(const BranchFinished& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.end_branch(e, arguments(e));
  }
  void on_log(const LogRecord& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.mark(e.run, e.message, to_string(e.level), e.at, arguments(e));
  }

  void on_batch_started(const BatchStarted& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args = arguments(e);
    if (!e.run.parent_id.empty()) args.add("parent_id", e.run.parent_id);
    add_time(args, e.wall_at);
    tracks_.begin_batch(e.run, e.at, args);
  }
  void on_batch_finished(const BatchFinished& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.end_batch(e.run, e.at, arguments(e));
    tracks_.flush();
  }

  void on_occurrence_started(const OccurrenceStarted& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args = arguments(e);
    add_time(args, e.at);
    tracks_.begin_job(e.job, job_id(e), time_of(e), args);
  }
  void on_occurrence_finished(const OccurrenceFinished& e) override {
    const std::lock_guard lock{mutex_};
    tracks_.end_job(e.job, job_id(e), time_of(e), arguments(e));
    tracks_.flush();
  }
  void on_occurrence_queued(const OccurrenceQueued& e) override { mark_job(e, " queued"); }
  void on_occurrence_skipped(const OccurrenceSkipped& e) override { mark_job(e, " skipped"); }

 private:
  using JsonWriter = detail::JsonWriter;
  using Depth = detail::TraceTracks::Depth;

  template <class Event> static JsonWriter arguments(const Event& e) {
    return detail::json_of(detail::fields_of(e));
  }

  static std::string span_text(const Span& span) {
    std::string text = span.name();
    for (const Field& field : span.fields()) {
      text.append(" ").append(field.name).append("=");
      detail::append_value(text, field.value);
    }
    return text;
  }

  static void add_time(JsonWriter& args, system_time at) {
    if (at != system_time{}) args.add("time", detail::time_text(at));
  }

  // "nightly#7".
  template <class Event> static std::string job_id(const Event& e) {
    return std::string{e.job} + '#' + std::to_string(e.run);
  }

  // Events that others have made may know the time of day only: that is put where it would be if no
  // clock had been set since this observer was made.
  template <class Event> double time_of(const Event& e) const {
    if (e.steady_at != steady_time{}) return detail::TraceTracks::time_of(e.steady_at);
    return detail::TraceTracks::time_of(steady_start_) +
           std::chrono::duration<double, std::micro>(e.at - system_start_).count();
  }

  template <class Event>
  void begin(const Event& e, Depth depth, std::string_view name, const JsonWriter& args) {
    const std::lock_guard lock{mutex_};
    tracks_.begin(e.run, depth, name, e.at, args);
  }
  template <class Event> void end_attempt(const Event& e, bool ends_state) {
    const std::lock_guard lock{mutex_};
    tracks_.end(e.run, Depth::Attempt, e.at, arguments(e));
    if (ends_state) tracks_.end(e.run, Depth::State, e.at, JsonWriter{});
  }
  template <class Event> void mark_job(const Event& e, std::string_view what) {
    const std::lock_guard lock{mutex_};
    tracks_.mark_job(std::string{e.job}.append(what), time_of(e), arguments(e));
  }

  steady_time steady_start_ = std::chrono::steady_clock::now();
  system_time system_start_ = std::chrono::system_clock::now();
  std::mutex mutex_;
  detail::TraceTracks tracks_;
};

}  // namespace cano
