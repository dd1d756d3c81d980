// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/detail/file_name.hpp>
#include <cano/observe/detail/json_writer.hpp>
#include <cano/observe/detail/trace_writer.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/span.hpp>

namespace cano::detail {

/// The tracks of a trace, with what is under way on each of them: a process for each run or batch,
/// in it a track for the run itself, or for the batch and each of its instances; and a process for
/// all scheduled jobs. A run's branches have tracks beside its own, one for each name; items take
/// turns on as many as there are at a time.
///
/// It keeps the beginnings of what is under way, to write them again at the head of a new file.
class TraceTracks {
 public:
  // How deep a slice is nested on its track; those of one depth follow each other.
  enum class Depth : unsigned { None, Run, State, Attempt, Phase };

  explicit TraceTracks(const FileName& file) : writer_{file} {}

  void flush() { writer_.flush(); }

  /// Goes on in a new file, if the old one is not there any more.
  void reopen() {
    if (!writer_.reopen()) return;
    for (const std::string& line : schedule_)
      writer_.add(line);
    for (const auto& [id, group] : groups_) {
      for (const std::string& line : group.head)
        writer_.add(line);
    }
    for (const auto& [key, track] : tracks_) {
      writer_.add(track.name);
      for (std::size_t depth = 0; depth < static_cast<std::size_t>(track.open); ++depth)
        writer_.add(track.begun[depth]);
      for (const Branch& branch : track.branches) {
        writer_.add(branch.name);
        if (branch.index) writer_.add(branch.begun);
      }
    }
    for (const auto& [id, begun] : jobs_)
      writer_.add(begun);
    writer_.flush();
  }

  // ---- runs

  void begin(const RunInfo& run, Depth depth, std::string_view name, steady_time at,
             const JsonWriter& args) {
    Track& track = track_of(run);
    close(track, depth, at, JsonWriter{});  // the pause before this attempt, for one
    std::string& begun = track.begun[static_cast<std::size_t>(depth) - 1];
    begun = event("B", track.process, track.thread, time_of(at), name, args).text();
    writer_.add(begun);
    track.open = depth;
  }
  void end(const RunInfo& run, Depth depth, steady_time at, const JsonWriter& args) {
    Track& track = track_of(run);
    if (depth <= Depth::Attempt) end_lost_branches(track, at);
    close(track, depth, at, args);
  }

  // ---- branches of runs: an arrow leads to each from the attempt of its state, and back

  void begin_branch(const BranchStarted& e, const JsonWriter& args) {
    Track& track = track_of(e.run);
    Branch& branch = free_branch(track, e.is_item ? std::string{"items"} : std::string{e.branch});
    branch.index = e.index;
    const double time = time_of(e.at);
    add_arrow("s", track.process, track.thread, time, "split");
    branch.begun = event("B", track.process, branch.thread, time, e.branch, args).text();
    writer_.add(branch.begun);
    add_arrow("f", track.process, branch.thread, time, "split");
    ++arrows_;
  }
  void end_branch(const BranchFinished& e, const JsonWriter& args) {
    Track& track = track_of(e.run);
    const std::string label = e.is_item ? std::string{"items"} : std::string{e.branch};
    const auto branch = std::find_if(
        track.branches.begin(), track.branches.end(),
        [&](const Branch& each) { return each.label == label && each.index == e.index; });
    if (branch == track.branches.end()) return;
    const double time = time_of(e.at);
    add_arrow("s", track.process, branch->thread, time, "join");
    writer_.add(event("E", track.process, branch->thread, time, {}, args).text());
    add_arrow("f", track.process, track.thread, time, "join");
    ++arrows_;
    branch->index.reset();
  }
  void mark(const RunInfo& run, std::string_view name, std::string_view category, steady_time at,
            const JsonWriter& args) {
    const Track& track = track_of(run);
    JsonWriter mark = event("i", track.process, track.thread, time_of(at), name, args);
    mark.add("cat", category).add("s", "t");
    writer_.add(mark.text());
  }
  void forget(const RunInfo& run) {
    const auto track = tracks_.find(key_of(run));
    if (track == tracks_.end()) return;
    leave(run, track->second.process);
    tracks_.erase(track);
  }

  void begin_batch(const RunInfo& run, steady_time at, const JsonWriter& args) {
    Group& group = join(run);
    const std::size_t process = group.process;
    add_to(group.head, name_event("thread_name", process, process, "batch"));
    add_to(group.head, event("B", process, process, time_of(at), "batch", args));
  }
  void end_batch(const RunInfo& run, steady_time at, const JsonWriter& args) {
    const auto group = groups_.find(run.run_id);
    if (group == groups_.end()) return;
    const std::size_t process = group->second.process;
    writer_.add(event("E", process, process, time_of(at), {}, args).text());
    group->second.head.resize(1);
    leave(run, process);
  }

  // ---- jobs, whose runs may overlap: such slices have an id instead of a place on a stack

  void begin_job(std::string_view job, const std::string& id, double time, const JsonWriter& args) {
    name_schedule();
    JsonWriter slice = event("b", schedule_process, schedule_process, time, job, args);
    slice.add("cat", "job").add("id", id);
    writer_.add(jobs_[id] = slice.text());
  }
  void end_job(std::string_view job, const std::string& id, double time, const JsonWriter& args) {
    name_schedule();
    JsonWriter slice = event("e", schedule_process, schedule_process, time, job, args);
    slice.add("cat", "job").add("id", id);
    writer_.add(slice.text());
    jobs_.erase(id);
  }
  void mark_job(std::string_view name, double time, const JsonWriter& args) {
    name_schedule();
    JsonWriter mark = event("i", schedule_process, schedule_process, time, name, args);
    mark.add("s", "p");
    writer_.add(mark.text());
  }

  // The format counts microseconds.
  static double time_of(steady_time at) {
    return std::chrono::duration<double, std::micro>(at.time_since_epoch()).count();
  }

 private:
  using Lines = std::vector<std::string>;

  struct Branch {
    std::string label;
    std::size_t thread;
    std::string name;
    std::optional<std::size_t> index{};  // of the one under way
    std::string begun{};
  };
  struct Track {
    std::size_t process;
    std::size_t thread;
    std::string name;
    Depth open = Depth::None;
    std::array<std::string, 4> begun{};  // the slices up to `open`
    std::vector<Branch> branches{};
  };
  struct Group {
    std::size_t process = 0;
    std::size_t members = 0;  // runs under way and the batch; at 0 the run id may come again
    Lines head{};             // its name, and the batch with its own if that is under way
  };
  using Key = std::pair<std::string, std::size_t>;

  static constexpr std::size_t schedule_process = 1;

  static Key key_of(const RunInfo& run) { return {std::string{run.run_id}, run.instance_id}; }

  static JsonWriter event(std::string_view kind, std::size_t process, std::size_t thread,
                          double time, std::string_view name, const JsonWriter& args) {
    JsonWriter json;
    json.add("ph", kind).add("pid", process).add("tid", thread).add("ts", time);
    if (kind != "E") json.add("name", name);
    if (!args.empty()) json.add("args", args);
    return json;
  }
  static JsonWriter name_event(std::string_view what, std::size_t process, std::size_t thread,
                               std::string_view name) {
    return event("M", process, thread, 0, what, JsonWriter{}.add("name", name));
  }

  void add_to(Lines& lines, const JsonWriter& json) {
    lines.push_back(json.text());
    writer_.add(lines.back());
  }

  void name_schedule() {
    if (!schedule_.empty()) return;
    add_to(schedule_,
           name_event("process_name", schedule_process, schedule_process, "scheduled jobs"));
  }

  Group& join(const RunInfo& run) {
    const auto [group, is_new] = groups_.try_emplace(std::string{run.run_id});
    ++group->second.members;
    if (is_new) {
      group->second.process = ++processes_;
      const std::string kind = run.span != nullptr ? run.span->name() : std::string{"run"};
      add_to(group->second.head, name_event("process_name", processes_, processes_,
                                            kind + ' ' + std::string{run.run_id}));
    }
    return group->second;
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
    const std::size_t process = join(run).process;
    const std::size_t thread = run.in_batch ? process + 1 + run.instance_id : process;
    const std::string name =
        run.in_batch ? "instance " + std::to_string(run.instance_id) : std::string{"run"};
    Track track{process, thread, name_event("thread_name", process, thread, name).text()};
    writer_.add(track.name);
    return tracks_.emplace(key, std::move(track)).first->second;
  }

  // Numbers of their own: those of instances follow that of their process.
  static constexpr std::size_t first_branch_thread = 1'000'000'000;

  Branch& free_branch(Track& track, const std::string& label) {
    std::size_t count = 1;
    for (Branch& each : track.branches) {
      if (each.label != label) continue;
      if (!each.index) return each;
      ++count;
    }
    const std::size_t thread = first_branch_thread + branches_++;
    const std::string name = count == 1 ? label : label + ' ' + std::to_string(count);
    Branch branch{label, thread, name_event("thread_name", track.process, thread, name).text()};
    writer_.add(branch.name);
    return track.branches.emplace_back(std::move(branch));
  }
  void add_arrow(std::string_view kind, std::size_t process, std::size_t thread, double time,
                 std::string_view name) {
    JsonWriter arrow = event(kind, process, thread, time, name, JsonWriter{});
    arrow.add("cat", "branch").add("id", std::to_string(arrows_));
    if (kind == "f") arrow.add("bp", "e");  // it ends at the slice around it
    writer_.add(arrow.text());
  }
  // Those that were destroyed with their execution context.
  void end_lost_branches(Track& track, steady_time at) {
    for (Branch& each : track.branches) {
      if (!each.index) continue;
      writer_.add(event("E", track.process, each.thread, time_of(at), {}, JsonWriter{}).text());
      each.index.reset();
    }
  }

  // Ends the open slices from the innermost up to `depth`, which the arguments are of.
  void close(Track& track, Depth depth, steady_time at, const JsonWriter& args) {
    while (track.open >= depth) {
      const JsonWriter& own = track.open == depth ? args : JsonWriter{};
      writer_.add(event("E", track.process, track.thread, time_of(at), {}, own).text());
      track.open = static_cast<Depth>(static_cast<unsigned>(track.open) - 1);
    }
  }

  TraceWriter writer_;
  std::size_t processes_ = schedule_process;
  std::size_t branches_ = 0;  // tracks of them
  std::size_t arrows_ = 1;
  Lines schedule_;               // its name, once there is a job
  std::map<Key, Track> tracks_;  // of the runs under way
  std::map<std::string, Group, std::less<>> groups_;
  std::map<std::string, std::string> jobs_;  // under way: id -> beginning
};

}  // namespace cano::detail
