// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <cano/async/detail/environment.hpp>
#include <cano/schedule/detail/effects.hpp>
#include <cano/schedule/detail/run_handle.hpp>

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
  bool attach(std::uint64_t key, RunHandle run) {
    Entry& entry = runs_.at(key);
    entry.run = std::move(run);
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

  /// The run that a coroutine in the environment `here` is part of. On the coroutine's loop.
  std::optional<std::uint64_t> find(const Environment& here) const {
    for (const Environment* each = &here; each != nullptr; each = each->outer()) {
      for (const auto& [key, entry] : runs_) {
        if (entry.run.environment == each) return key;
      }
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    std::shared_ptr<Job> job;
    RunHandle run{};  // null until it exists
    bool cancelled = false;
  };

  static void cancel(Entry& entry, Effects& effects) {
    if (std::exchange(entry.cancelled, true)) return;
    if (entry.run.environment != nullptr) effects.cancels.push_back(entry.run);
  }

  std::map<std::uint64_t, Entry> runs_;
  std::uint64_t last_key_ = 0;
};

}  // namespace cano::detail
