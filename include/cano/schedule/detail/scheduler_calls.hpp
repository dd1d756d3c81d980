// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/on_demand.hpp>
#include <cano/async/detail/remote_completion.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/never_due.hpp>
#include <cano/schedule/detail/scheduler_loop.hpp>
#include <cano/schedule/detail/scheduler_state.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

// The calls of a `Scheduler` that need more than the state. The coroutines keep the loop.

inline void refuse_never_due(const Job& job, const Schedule& schedule,
                             std::optional<system_time> end_at, const Timeline& timeline,
                             Moment now) {
  if (const auto why = why_never_due(schedule, end_at, timeline, now))
    throw Error{Errc::Configuration, "Job '" + one_line(job.id) + "': " + *why};
}

inline std::shared_ptr<Job> find_job(const SchedulerLoop& loop, std::string_view id) {
  return loop.locked([&](const SchedulerState& state) { return state.job(id); });
}

inline void add_job(SchedulerLoop& loop, std::string id, Schedule schedule,
                    std::unique_ptr<JobBody> body, const ScheduleOptions& options) {
  const auto job =
      std::make_shared<Job>(std::move(id), std::move(schedule), std::move(body), options);
  const Moment now = loop.now();
  const auto timeline =
      std::make_shared<const Timeline>(*job->schedule, options, job->id, options.first_run, now);
  refuse_never_due(*job, *job->schedule, options.end_at, *timeline, now);
  loop.change([&](SchedulerState& state, Actions& actions) { state.add(job, timeline, actions); });
}

inline void replace_schedule(SchedulerLoop& loop, std::string_view id, Schedule schedule) {
  const auto next = std::make_shared<const Schedule>(std::move(schedule));
  const std::shared_ptr<Job> job = find_job(loop, id);
  const Moment now = loop.now();
  // A job whose time is over may get any other schedule, for its `end_at` stays.
  ScheduleOptions endless = job->options;
  endless.end_at.reset();
  const Timeline check{*next, endless, job->id, FirstRun::AfterInterval, now};
  refuse_never_due(*job, *next, std::nullopt, check, now);
  const auto timeline =
      std::make_shared<const Timeline>(*next, job->options, job->id, FirstRun::AfterInterval, now);
  loop.change([&](SchedulerState& state, Actions& actions) {
    state.replace(job, next, timeline, actions);
  });
}

inline void trigger_job(SchedulerLoop& loop, std::string_view id,
                        std::weak_ptr<RemoteCompletion<JobOutcome>> waiter) {
  loop.change([&](SchedulerState& state, Actions& actions) {
    state.trigger(id, std::move(waiter), loop.now(), actions);
  });
}

template <class = OnDemand>
Async<JobOutcome> trigger_and_wait(std::shared_ptr<SchedulerLoop> loop, std::string id) {
  return RemoteCompletion<JobOutcome>::wait(
      [loop = std::move(loop), id = std::move(id)](const Environment&, const auto& outcome) {
        trigger_job(*loop, id, outcome);
        return std::optional<JobOutcome>{};
      });
}

// A scheduler that has stopped may outlive its execution context, and the clock with it.
inline Moment stop_time(const SchedulerLoop& loop, const SchedulerState& state) {
  return state.phase() == SchedulerState::Phase::Stopped ? Moment{} : loop.now();
}

template <class = OnDemand>
Async<ShutdownReport> stop_and_wait(std::shared_ptr<SchedulerLoop> loop, Duration drain) {
  return RemoteCompletion<ShutdownReport>::wait(
      [loop = std::move(loop), drain](const Environment& here, const auto& stopped) {
        const std::shared_ptr<const WorkTag> tag = here.work_tag();
        std::optional<ShutdownReport> last;
        loop->change([&](SchedulerState& state, Actions& actions) {
          last = state.stop(drain, stopped, tag.get(), stop_time(*loop, state), actions);
        });
        return last;
      });
}

inline void stop_now(SchedulerLoop& loop) {
  loop.change([&](SchedulerState& state, Actions& actions) {
    state.stop(Duration::zero(), stop_time(loop, state), actions);
  });
}

// Only where the job is due on the steady clock is there a clock to ask.
inline FlowInfo info_of(const SchedulerLoop& loop, const Job& job) {
  return job.info(job.due.steady ? loop.now() : Moment{});
}

inline std::optional<FlowInfo> status_of(const SchedulerLoop& loop, std::string_view id) {
  return loop.locked([&](const SchedulerState& state) {
    const Job* const job = state.jobs().find(id);
    return job == nullptr ? std::nullopt : std::optional{info_of(loop, *job)};
  });
}

inline std::vector<FlowInfo> list_jobs(const SchedulerLoop& loop) {
  return loop.locked([&](const SchedulerState& state) {
    std::vector<FlowInfo> infos;
    for (const auto& [id, job] : state.jobs().all())
      infos.push_back(info_of(loop, *job));
    return infos;
  });
}

inline std::vector<system_time> next_runs(const SchedulerLoop& loop, std::string_view id,
                                          std::size_t count) {
  const std::shared_ptr<Job> job = find_job(loop, id);
  std::shared_ptr<const Timeline> timeline;
  std::shared_ptr<const Schedule> schedule;
  std::uint64_t left = 0;
  loop.locked([&](const SchedulerState&) {
    timeline = job->timeline;
    schedule = job->schedule;
    left = job->book.runs_left();
  });
  const Moment now = loop.now();
  Timeline ahead = timeline
                       ? *timeline
                       : Timeline{*schedule, job->options, job->id, job->options.first_run, now};
  std::vector<system_time> times;
  while (times.size() < count && times.size() < left) {
    const auto next = ahead.step(now);
    if (!next) break;
    times.push_back(*next);
  }
  return times;
}

}  // namespace cano::detail
