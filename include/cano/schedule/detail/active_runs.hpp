// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <cano/async/detail/work_tag.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/pending_run.hpp>

namespace cano::detail {

/// The runs of a scheduler that are under way or about to start, by keys that never come again.
///
/// A run is stopped by its stop source, also before it has started.
class ActiveRuns {
 public:
  std::size_t size() const noexcept { return runs_.size(); }

  void start(const std::shared_ptr<Job>& job, PendingRun run, Actions& actions) {
    const std::uint64_t key = ++last_key_;
    const std::stop_source stop;
    runs_.emplace(key, Run{job, stop});
    job->runs.push_back(key);
    actions.starts.push_back({job, std::move(run), key, stop});
  }

  /// The run is over; returns the job that it was one of.
  std::shared_ptr<Job> remove(std::uint64_t key) {
    const auto run = runs_.find(key);
    std::shared_ptr<Job> job = std::move(run->second.job);
    runs_.erase(run);
    std::erase(job->runs, key);
    return job;
  }

  void cancel_runs_of(const Job& job, Actions& actions) const {
    for (const std::uint64_t key : job.runs)
      actions.cancels.push_back(runs_.at(key).stop);
  }

  /// Cancels those whose key is not `spared`.
  template <class Predicate> void cancel_all(Predicate spared, Actions& actions) const {
    for (const auto& [key, run] : runs_) {
      if (!spared(key)) actions.cancels.push_back(run.stop);
    }
  }

  /// Whether `is` holds for all keys.
  template <class Predicate> bool all_of(Predicate is) const {
    return std::all_of(runs_.begin(), runs_.end(), [&](const auto& run) { return is(run.first); });
  }

  /// The key of the run that has this tag, or else of the nearest run around it.
  std::optional<std::uint64_t> key_of(const WorkTag* tag) const {
    for (; tag != nullptr; tag = tag->outer.get()) {
      for (const auto& [key, run] : runs_) {
        if (run.stop.get_token() == tag->run) return key;
      }
    }
    return std::nullopt;
  }

 private:
  struct Run {
    std::shared_ptr<Job> job;
    std::stop_source stop;
  };

  std::map<std::uint64_t, Run> runs_;
  std::uint64_t last_key_ = 0;
};

}  // namespace cano::detail
