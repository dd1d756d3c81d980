// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <cano/detail/nearest_name.hpp>
#include <cano/detail/text.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/job.hpp>

namespace cano::detail {

/// The jobs of a scheduler by their ids.
class JobTable {
 public:
  /// **Errors.** `Error(Configuration)` when the id is taken.
  void add(const std::shared_ptr<Job>& job) {
    if (!jobs_.try_emplace(job->id, job).second) {
      throw Error{Errc::Configuration, "Job '" + one_line(job->id) + "': another job has this id"};
    }
    job->number = ++last_number_;
  }

  /// **Errors.** `Error(Configuration)` when there is none.
  const std::shared_ptr<Job>& at(std::string_view id) const {
    if (const auto found = jobs_.find(id); found != jobs_.end()) return found->second;
    NearestName nearest{id};
    for (const auto& [name, job] : jobs_)
      nearest.consider(name);
    throw Error{Errc::Configuration, "Job '" + one_line(id) + "': there is no job with this id" +
                                         one_line(nearest.question())};
  }

  /// Null when there is none.
  const Job* find(std::string_view id) const {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : found->second.get();
  }

  /// With their ids, sorted by these.
  const auto& all() const noexcept { return jobs_; }

  void erase(std::string_view id) { jobs_.erase(jobs_.find(id)); }

 private:
  std::map<std::string, std::shared_ptr<Job>, std::less<>> jobs_;
  std::uint64_t last_number_ = 0;
};

}  // namespace cano::detail
