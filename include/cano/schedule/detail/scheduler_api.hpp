// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/duration.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// What a `Scheduler` asks its core, and no more: what stands behind it takes a second to compile,
/// which a file that makes no scheduler does not pay.
class SchedulerApi {
 public:
  SchedulerApi() = default;
  SchedulerApi(const SchedulerApi&) = delete;
  SchedulerApi& operator=(const SchedulerApi&) = delete;
  virtual ~SchedulerApi() = default;

  virtual void add_observer(std::shared_ptr<Observer> observer) = 0;
  virtual std::vector<ObserverFailure> observer_failures() const = 0;
  virtual void add(std::string id, Schedule schedule, std::unique_ptr<JobBody> body,
                   const ScheduleOptions& options) = 0;
  virtual void remove(std::string_view id) = 0;
  virtual void replace(std::string_view id, Schedule schedule) = 0;
  virtual void set_paused(std::string_view id, bool paused) = 0;
  virtual std::size_t cancel(std::string_view id) = 0;
  virtual void reset(std::string_view id) = 0;
  virtual void start() = 0;
  virtual void trigger(std::string_view id) = 0;
  virtual Async<JobOutcome> trigger_and_wait(std::string_view id) = 0;
  virtual Async<ShutdownReport> stop(Duration drain) = 0;
  virtual void stop_now() = 0;
  virtual std::optional<FlowInfo> status(std::string_view id) const = 0;
  virtual std::vector<FlowInfo> list() const = 0;
  virtual std::vector<system_time> next_runs(std::string_view id, std::size_t count) const = 0;
  virtual std::vector<JobOutcome> history(std::string_view id) const = 0;
  virtual std::size_t running() const = 0;
};

}  // namespace cano::detail
