// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <cano/schedule/detail/effects.hpp>

namespace cano::detail {

/// The runs of a scheduler that are under way, by keys that never come again.
template <class Job> class RunTable {
 public:
  using Effects = detail::Effects<Job>;

  std::size_t size() const noexcept { return runs_.size(); }

  /// A run of the job that is to be made; returns its key.
  std::uint64_t add(Job& job) {
    const std::uint64_t key = ++last_key_;
    runs_.emplace(key, Entry{job.shared_from_this()});
    job.runs.push_back(key);
    return key;
  }

  /// The run exists now; true when it was to be cancelled before that.
  bool attach(std::uint64_t key, const std::shared_ptr<RunHandle>& run) {
    Entry& entry = runs_.at(key);
    entry.run = run;
    return entry.cancelled;
  }

  /// The run is over; returns the job that it was one of.
  std::shared_ptr<Job> remove(std::uint64_t key) {
    const auto entry = runs_.find(key);
    const std::shared_ptr<Job> job = std::move(entry->second.job);
    runs_.erase(entry);
    std::erase(job->runs, key);
    return job;
  }

  void cancel(std::uint64_t key, Effects& effects) { cancel(runs_.at(key), effects); }

  /// Cancels those whose key is not `spared`.
  template <class Predicate> void cancel_all(Predicate spared, Effects& effects) {
    for (auto& [key, entry] : runs_) {
      if (!spared(key)) cancel(entry, effects);
    }
  }

  /// Whether `is` holds of all keys.
  template <class Predicate> bool all_of(Predicate is) const {
    return std::all_of(runs_.begin(), runs_.end(), [&](const auto& run) { return is(run.first); });
  }

  /// Those that exist.
  std::vector<std::pair<std::uint64_t, std::shared_ptr<RunHandle>>> all() const {
    std::vector<std::pair<std::uint64_t, std::shared_ptr<RunHandle>>> all;
    for (const auto& [key, entry] : runs_) {
      if (auto run = entry.run.lock()) all.emplace_back(key, std::move(run));
    }
    return all;
  }

 private:
  struct Entry {
    std::shared_ptr<Job> job;
    std::weak_ptr<RunHandle> run{};  // owned by its execution context
    bool cancelled = false;
  };

  static void cancel(Entry& entry, Effects& effects) {
    if (std::exchange(entry.cancelled, true)) return;
    if (auto run = entry.run.lock()) effects.cancels.push_back(std::move(run));
  }

  std::map<std::uint64_t, Entry> runs_;
  std::uint64_t last_key_ = 0;
};

}  // namespace cano::detail
