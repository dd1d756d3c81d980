// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/time_text.hpp>

namespace cano {

/// Whether a job is idle, running, paused, failed or tripped.
enum class FlowStatus {
  Idle,     ///< It waits to be due, or to be triggered.
  Running,  ///< At least one run is under way.
  Paused,   ///< Its schedule is paused; runs may still be under way.
  Failed,   ///< The last run failed, and none is under way.
  Tripped,  ///< It failed too often in a row: nothing runs until `reset`; runs may be under way.
};

/// "idle", "running", "paused", "failed" or "tripped".
constexpr std::string_view to_string(FlowStatus status) noexcept {
  switch (status) {
    case FlowStatus::Idle:
      return "idle";
    case FlowStatus::Running:
      return "running";
    case FlowStatus::Paused:
      return "paused";
    case FlowStatus::Tripped:
      return "tripped";
    case FlowStatus::Failed:
      break;
  }
  return "failed";
}

/// What became of the occurrences of a job: at any time, all the others add up to `due`.
struct OccurrenceCounts {
  std::uint64_t due = 0;        ///< By the schedule or triggered.
  std::uint64_t started = 0;    ///< A run began, or is just about to.
  std::uint64_t queued = 0;     ///< It waits for a run to end.
  std::uint64_t overlap = 0;    ///< Skipped: the job was running.
  std::uint64_t coalesced = 0;  ///< Skipped: a later one counts for it.
  std::uint64_t misfire = 0;    ///< Skipped: it was missed.
  std::uint64_t paused = 0;     ///< Skipped: the job was paused.
  std::uint64_t shutdown = 0;   ///< It was queued when the scheduler stopped.
  std::uint64_t backoff = 0;    ///< Skipped: the job had failed a short while before.
  std::uint64_t tripped = 0;    ///< Skipped: the job had failed too often in a row.
  std::uint64_t unhealthy = 0;  ///< Skipped: the health check said no.

  /// How many will never run.
  std::uint64_t skipped() const noexcept {
    return overlap + coalesced + misfire + paused + shutdown + backoff + tripped + unhealthy;
  }

  bool operator==(const OccurrenceCounts&) const = default;
};

/// How the instances of a job's last batch ended.
struct BatchStatus {
  std::size_t total_workflows = 0;  ///< Instances.
  std::size_t completed = 0;        ///< Instances that reached an exit state.
  std::size_t failed = 0;           ///< Instances that failed.
  std::size_t cancelled = 0;        ///< Instances that were cancelled.
  Duration elapsed{};               ///< How long the batch took.

  bool operator==(const BatchStatus&) const = default;
};

/// What a scheduler knows of one job at some moment.
struct FlowInfo {
  std::string id;                        ///< The job's.
  FlowStatus status = FlowStatus::Idle;  ///< What it is about.
  std::size_t running = 0;               ///< Runs under way.
  std::uint64_t run_count = 0;  ///< Runs that began: those under way and those of the next three.
  std::uint64_t success_count = 0;        ///< Runs that came to a good end.
  std::uint64_t failure_count = 0;        ///< Runs that failed.
  std::uint64_t cancel_count = 0;         ///< Runs that were cancelled.
  std::uint64_t skip_count = 0;           ///< Occurrences that did not run.
  OccurrenceCounts occurrences;           ///< What became of all occurrences.
  std::optional<system_time> last_run;    ///< When the last run began.
  std::optional<Duration> last_duration;  ///< How long the last run that has ended took.
  std::string last_error;                 ///< What the last failure was; empty when there was none.
  std::optional<system_time> last_failure;          ///< When that was.
  std::optional<system_time> next_run;              ///< When it is due next, as far as known.
  std::optional<std::size_t> concurrent_instances;  ///< Of a batch: how many at once.
  std::optional<BatchStatus> last_batch;            ///< How the last one ended.
  std::uint64_t failure_streak = 0;                 ///< Failures since the last success or reset.
  std::optional<system_time> backoff_until;         ///< The end of the last back-off.

  /// All of it as a JSON object, times as text in UTC and durations in milliseconds; what is not
  /// UTF-8 in a text is replaced. Include `<nlohmann/json.hpp>` to call it.
  template <std::same_as<nlohmann::json> Json = nlohmann::json> auto to_json() const {
    static_assert(requires { sizeof(Json); }, "cano: to_json() needs #include <nlohmann/json.hpp>");
    Json json{{"id", detail::valid_utf8(id)},
              {"status", to_string(status)},
              {"running", running},
              {"run_count", run_count},
              {"success_count", success_count},
              {"failure_count", failure_count},
              {"cancel_count", cancel_count},
              {"skip_count", skip_count}};
    json["occurrences"] = counts_to_json<Json>();
    add_time(json, "last_run", last_run);
    if (last_duration) json["last_duration_ms"] = milliseconds(*last_duration);
    if (!last_error.empty()) json["last_error"] = detail::valid_utf8(last_error);
    add_time(json, "last_failure", last_failure);
    add_time(json, "next_run", next_run);
    if (concurrent_instances) json["concurrent_instances"] = *concurrent_instances;
    if (last_batch) json["last_batch"] = batch_to_json<Json>();
    if (failure_streak > 0) json["failure_streak"] = failure_streak;
    add_time(json, "backoff_until", backoff_until);
    return json;
  }

 private:
  static double milliseconds(Duration duration) noexcept {
    return std::chrono::duration<double, std::milli>(duration).count();
  }

  template <class Json>
  static void add_time(Json& json, const char* name, const std::optional<system_time>& time) {
    if (time) json[name] = detail::time_text(*time);
  }

  template <class Json> Json counts_to_json() const {
    Json json{{"due", occurrences.due},
              {"started", occurrences.started},
              {"queued", occurrences.queued},
              {"overlap", occurrences.overlap},
              {"coalesced", occurrences.coalesced},
              {"misfire", occurrences.misfire},
              {"paused", occurrences.paused},
              {"shutdown", occurrences.shutdown}};
    // Of a job without these options there is nothing to say.
    if (occurrences.backoff > 0) json["backoff"] = occurrences.backoff;
    if (occurrences.tripped > 0) json["tripped"] = occurrences.tripped;
    if (occurrences.unhealthy > 0) json["unhealthy"] = occurrences.unhealthy;
    return json;
  }

  template <class Json> Json batch_to_json() const {
    return Json{{"total_workflows", last_batch->total_workflows},
                {"completed", last_batch->completed},
                {"failed", last_batch->failed},
                {"cancelled", last_batch->cancelled},
                {"elapsed_ms", milliseconds(last_batch->elapsed)}};
  }
};

/// Lets nlohmann_json take an info, or a list of them: `nlohmann::json json = scheduler.list();`
template <std::same_as<nlohmann::json> Json> void to_json(Json& json, const FlowInfo& info) {
  json = info.to_json<Json>();
}

}  // namespace cano
