// SPDX-License-Identifier: MIT
#pragma once

// Chrome's trace event format, as far as we use it, by the rules that Perfetto reads it by.

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

/// Reads a trace event by event and keeps what a viewer would refuse or draw wrongly.
class TraceCheck {
 public:
  explicit TraceCheck(const nlohmann::json& trace) {
    if (!trace.is_array()) fault("not an array", trace);
    for (const auto& event : trace)
      check(event);
    for (const auto& track : used_) {
      if (!named_.contains({"thread_name", track.first, track.second})) {
        faults_.push_back("a track without a name: " + std::to_string(track.second));
      }
      if (!named_processes_.contains(track.first)) {
        faults_.push_back("a process without a name: " + std::to_string(track.first));
      }
    }
  }

  const std::vector<std::string>& faults() const { return faults_; }

  /// How many arrows have begun and not ended.
  std::size_t open_arrows() const { return open_arrows_.size(); }
  /// How many slices have begun and not ended.
  std::size_t open() const {
    std::size_t count = open_jobs_.size();
    for (const auto& [track, stack] : stacks_)
      count += stack.size();
    return count;
  }

 private:
  using Json = nlohmann::json;
  using Track = std::pair<int, int>;

  void fault(const std::string& what, const Json& event) {
    faults_.push_back(what + ": " + event.dump(-1, ' ', true, Json::error_handler_t::replace));
  }

  void check(const Json& event) {
    if (!event.is_object()) return fault("not an object", event);
    const auto number = [&](const char* key) {
      return event.contains(key) && event[key].is_number_integer() && event[key] > 0;
    };
    const auto text = [&](const char* key) {
      return event.contains(key) && event[key].is_string();
    };
    if (!text("ph") || !number("pid") || !number("tid")) return fault("no kind or place", event);
    if (!event.contains("ts") || !event["ts"].is_number() || event["ts"] < 0) {
      return fault("no time", event);
    }
    if (event.contains("args") && !event["args"].is_object()) return fault("bad args", event);
    const std::string kind = event["ph"];
    if (kind != "E" && !text("name")) return fault("no name", event);
    if (kind == "M") return check_name(event);
    if (kind == "b" || kind == "e") {
      if (!text("cat") || !text("id")) return fault("no category or id", event);
      return check_job(event, kind == "b");
    }
    if (kind == "i") {
      if (!text("s") || (event["s"] != "t" && event["s"] != "p")) return fault("no scope", event);
      if (event["s"] == "t") check_order(event);
    } else if (kind == "B" || kind == "E") {
      check_order(event);
      check_slice(event, kind == "B");
    } else if (kind == "s" || kind == "f") {
      check_order(event);
      check_arrow(event, kind == "s");
    } else {
      fault("a kind that we do not use", event);
    }
  }

  static Track track_of(const Json& event) { return {event["pid"], event["tid"]}; }

  void check_name(const Json& event) {
    const std::string what = event["name"];
    if (what != "thread_name" && what != "process_name") fault("unknown metadata", event);
    if (!event["args"]["name"].is_string() || event["args"]["name"] == "") fault("no name", event);
    const auto [process, thread] = track_of(event);
    if (!named_.insert({what, process, thread}).second) fault("named twice", event);
    if (what == "process_name" && !named_processes_.insert(process).second) {
      fault("named twice", event);
    }
  }

  // Times on a track do not go back.
  void check_order(const Json& event) {
    used_.insert(track_of(event));
    const double time = event["ts"];
    const auto [last, is_first] = times_.try_emplace(track_of(event), time);
    if (!is_first && time < last->second) fault("before the event above it", event);
    last->second = time;
  }

  void check_slice(const Json& event, bool begins) {
    auto& stack = stacks_[track_of(event)];
    if (begins) {
      stack.push_back(event["name"]);
    } else if (stack.empty()) {
      fault("ends what has not begun", event);
    } else {
      stack.pop_back();
    }
  }

  // An arrow hangs between two slices that are open there.
  void check_arrow(const Json& event, bool begins) {
    if (!event["cat"].is_string() || !event["id"].is_string()) return fault("no id", event);
    if (stacks_[track_of(event)].empty()) fault("an arrow without a slice", event);
    const std::string id = event["id"];
    if (begins ? !open_arrows_.insert(id).second : open_arrows_.erase(id) == 0) {
      fault(begins ? "begins twice" : "ends what has not begun", event);
    }
    if (!begins && event["bp"] != "e") fault("it ends at the next slice", event);
  }

  void check_job(const Json& event, bool begins) {
    const std::tuple<std::string, std::string, std::string> job{event["name"], event["id"],
                                                                event["cat"]};
    if (begins ? !open_jobs_.insert(job).second : open_jobs_.erase(job) == 0) {
      fault(begins ? "begins twice" : "ends what has not begun", event);
    }
  }

  std::vector<std::string> faults_;
  std::set<std::tuple<std::string, int, int>> named_;
  std::set<int> named_processes_;
  std::set<Track> used_;
  std::map<Track, double> times_;
  std::map<Track, std::vector<std::string>> stacks_;
  std::set<std::tuple<std::string, std::string, std::string>> open_jobs_;
  std::set<std::string> open_arrows_;
};
