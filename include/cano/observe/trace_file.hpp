// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>

#include <cano/duration.hpp>
#include <cano/observe/detail/describe.hpp>
#include <cano/observe/detail/file_name.hpp>
#include <cano/observe/detail/json_writer.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/detail/trace_writer.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>

namespace cano {

/// Writes Chrome's trace format, to be opened in ui.perfetto.dev or chrome://tracing.
///
/// Each run or batch is a process there and each instance a track, on which run, state, attempt or
/// retry pause, and phase stand as nested slices; log lines are marks. Scheduled jobs stand in a
/// process of their own.
///
///     workflow.with_observer(std::make_shared<TraceFile>("trace.json"));
///
/// The file is written whenever a run or a batch ends and is then complete JSON, so also when the
/// program crashes or ends without closing it. Runs that are under way at the same time need
/// different run ids, which they have unless `RunOptions` gives them the same one.
///
/// **Errors.** `Error(Configuration)` when the file cannot be opened. When it cannot be written the
/// hook throws, which switches the observer off.
/// **Threads.** Distinct objects: safe on distinct files. Shared objects: safe.
class TraceFile final : public Observer {
 public:
  /// Replaces the file, named by a string or a path, when it exists.
  explicit TraceFile(const detail::FileName& file) : writer_{file} {}

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
    writer_.flush();
  }

  void on_run_started(const RunStarted& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args;
    args.add("run_id", e.run.run_id);
    if (e.run.in_batch) args.add("instance_id", e.run.instance_id);
    if (e.run.span != nullptr) args.add("span", span_text(*e.run.span));
    args.add("start", e.state);
    begin(e.run, Depth::Run, "run", e.at, args);
  }
  void on_run_finished(const RunFinished& e) override {
    const std::lock_guard lock{mutex_};
    JsonWriter args = arguments(e);
    args.add("final_state", e.state);
    end(e.run, Depth::Run, e.at, args);
    const auto track = tracks_.find(key_of(e.run));
    leave(e.run, track->second.process);
    tracks_.erase(track);
    writer_.flush();
  }
  void on_state_entered(const StateEntered& e) override {
    const std::lock_guard lock{mutex_};
    begin(e.run, Depth::State, e.state, e.at, JsonWriter{});
  }
  void on_attempt_started(const AttemptStarted& e) override {
    const std::lock_guard lock{mutex_};
    begin(e.run, Depth::Attempt, "attempt " + std::to_string(e.attempt), e.at, arguments(e));
  }
  void on_attempt_succeeded(const AttemptSucceeded& e) override {
    const std::lock_guard lock{mutex_};
    end(e.run, Depth::Attempt, e.at, arguments(e));
    end(e.run, Depth::State, e.at, JsonWriter{});
  }
  void on_attempt_failed(const AttemptFailed& e) override {
    const std::lock_guard lock{mutex_};
    end(e.run, Depth::Attempt, e.at, arguments(e));
    if (!e.will_retry) end(e.run, Depth::State, e.at, JsonWriter{});
  }
  void on_retry_pause(const RetryPause& e) override {
    const std::lock_guard lock{mutex_};
    begin(e.run, Depth::Attempt, "retry pause", e.at, arguments(e));
  }
  void on_phase_started(const PhaseStarted& e) override {
    const std::lock_guard lock{mutex_};
    begin(e.run, Depth::Phase, to_string(e.phase), e.at, JsonWriter{});
  }
  void on_phase_finished(const PhaseFinished& e) override {
    const std::lock_guard lock{mutex_};
    end(e.run, Depth::Phase, e.at, arguments(e));
  }
  void on_log(const LogRecord& e) override {
    const std::lock_guard lock{mutex_};
    const Track& track = track_of(e.run);
    JsonWriter mark =
        event("i", track.process, track.thread, time_of(e.at), e.message, arguments(e));
    mark.add("cat", to_string(e.level)).add("s", "t");
    writer_.add(mark);
  }

  void on_batch_started(const BatchStarted& e) override {
    const std::lock_guard lock{mutex_};
    const std::size_t process = join(e.run);
    add_name("thread_name", process, process, "batch");
    writer_.add(event("B", process, process, time_of(e.at), "batch", arguments(e)));
  }
  void on_batch_finished(const BatchFinished& e) override {
    const std::lock_guard lock{mutex_};
    const auto group = groups_.find(e.run.run_id);
    if (group == groups_.end()) return;
    const std::size_t process = group->second.process;
    writer_.add(event("E", process, process, time_of(e.at), {}, arguments(e)));
    leave(e.run, process);
    writer_.flush();
  }

  void on_occurrence_started(const OccurrenceStarted& e) override {
    add_job("b", e.job, e.run, e.at, arguments(e), false);
  }
  void on_occurrence_finished(const OccurrenceFinished& e) override {
    add_job("e", e.job, e.run, e.at, arguments(e), true);
  }
  void on_occurrence_queued(const OccurrenceQueued& e) override {
    mark_job(e.job, " queued", e.at, arguments(e));
  }
  void on_occurrence_skipped(const OccurrenceSkipped& e) override {
    mark_job(e.job, " skipped", e.at, arguments(e));
  }

 private:
  using JsonWriter = detail::JsonWriter;

  // How deep a slice stands on its track; those of one depth follow each other.
  enum class Depth : unsigned { None, Run, State, Attempt, Phase };

  struct Track {
    std::size_t process;
    std::size_t thread;
    Depth open = Depth::None;
  };
  struct Group {
    std::size_t process;
    std::size_t members;  // runs under way and the batch itself; at 0 the run id may come again
  };
  using Key = std::pair<std::string, std::size_t>;

  static constexpr std::size_t schedule_process = 1;

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

  // The format counts microseconds.
  static double time_of(steady_time at) {
    return std::chrono::duration<double, std::micro>(at.time_since_epoch()).count();
  }
  double time_of(system_time at) const {
    return time_of(steady_start_) +
           std::chrono::duration<double, std::micro>(at - system_start_).count();
  }

  static Key key_of(const RunInfo& run) { return {std::string{run.run_id}, run.instance_id}; }

  static JsonWriter event(std::string_view kind, std::size_t process, std::size_t thread,
                          double time, std::string_view name, const JsonWriter& args) {
    JsonWriter json;
    json.add("ph", kind).add("pid", process).add("tid", thread).add("ts", time);
    if (kind != "E") json.add("name", name);
    if (!args.empty()) json.add("args", args);
    return json;
  }

  void add_name(std::string_view what, std::size_t process, std::size_t thread,
                std::string_view name) {
    writer_.add(event("M", process, thread, 0, what, JsonWriter{}.add("name", name)));
  }

  void name_schedule() {
    if (std::exchange(schedule_is_named_, true)) return;
    add_name("process_name", schedule_process, schedule_process, "scheduled jobs");
  }

  void add_job(std::string_view kind, std::string_view job, std::uint64_t run, system_time at,
               const JsonWriter& args, bool flush) {
    const std::lock_guard lock{mutex_};
    name_schedule();
    // Runs of one job may overlap: such slices have an id instead of a place on a stack.
    JsonWriter slice = event(kind, schedule_process, schedule_process, time_of(at), job, args);
    slice.add("cat", "job").add("id", std::string{job} + '#' + std::to_string(run));
    writer_.add(slice);
    if (flush) writer_.flush();
  }

  void mark_job(std::string_view job, std::string_view what, system_time at,
                const JsonWriter& args) {
    const std::lock_guard lock{mutex_};
    name_schedule();
    const std::string name = std::string{job}.append(what);
    JsonWriter mark = event("i", schedule_process, schedule_process, time_of(at), name, args);
    mark.add("s", "p");
    writer_.add(mark);
  }

  std::size_t join(const RunInfo& run) {
    const auto [group, is_new] = groups_.try_emplace(std::string{run.run_id}, Group{0, 0});
    ++group->second.members;
    if (is_new) {
      group->second.process = ++processes_;
      const std::string kind = run.span != nullptr ? run.span->name() : std::string{"run"};
      add_name("process_name", processes_, processes_, kind + ' ' + std::string{run.run_id});
    }
    return group->second.process;
  }
  void leave(const RunInfo& run, std::size_t process) {
    const auto group = groups_.find(run.run_id);
    if (group == groups_.end() || group->second.process != process) return;
    if (--group->second.members == 0) groups_.erase(group);
  }

  Track& track_of(const RunInfo& run) {
    const Key key = key_of(run);
    if (const auto known = tracks_.find(key); known != tracks_.end()) return known->second;
    // The thread of the process's own number is the one that viewers show first: the run itself, or
    // the batch, with its instances below.
    Track track{join(run), 0};
    track.thread = run.in_batch ? track.process + 1 + run.instance_id : track.process;
    add_name("thread_name", track.process, track.thread,
             run.in_batch ? "instance " + std::to_string(run.instance_id) : "run");
    return tracks_.emplace(key, track).first->second;
  }

  void begin(const RunInfo& run, Depth depth, std::string_view name, steady_time at,
             const JsonWriter& args) {
    Track& track = track_of(run);
    close(track, depth, at, JsonWriter{});  // the pause before this attempt, for one
    writer_.add(event("B", track.process, track.thread, time_of(at), name, args));
    track.open = depth;
  }
  void end(const RunInfo& run, Depth depth, steady_time at, const JsonWriter& args) {
    close(track_of(run), depth, at, args);
  }

  // Ends the open slices from the innermost up to `depth`, which the arguments are of.
  void close(Track& track, Depth depth, steady_time at, const JsonWriter& args) {
    while (track.open >= depth) {
      const bool last = track.open == depth;
      writer_.add(
          event("E", track.process, track.thread, time_of(at), {}, last ? args : JsonWriter{}));
      track.open = static_cast<Depth>(static_cast<unsigned>(track.open) - 1);
    }
  }

  // Jobs go by the time of day: these two moments are the same one.
  steady_time steady_start_ = std::chrono::steady_clock::now();
  system_time system_start_ = std::chrono::system_clock::now();
  std::mutex mutex_;
  detail::TraceWriter writer_;
  std::size_t processes_ = schedule_process;
  bool schedule_is_named_ = false;
  std::map<Key, Track> tracks_;  // of the runs under way
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace cano
