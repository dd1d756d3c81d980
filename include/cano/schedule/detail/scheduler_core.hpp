// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/remote_completion.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>
#include <cano/schedule/detail/alarm.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/never_due.hpp>
#include <cano/schedule/detail/scheduler_api.hpp>
#include <cano/schedule/detail/scheduler_engine.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/shutdown_report.hpp>

namespace cano::detail {

/// What a `Scheduler` is a handle of: all that may be asked of it.
template <class Executor>
class SchedulerCore final : public SchedulerApi, public SchedulerEngine<Executor> {
  using Engine = SchedulerEngine<Executor>;
  using Engine::alarm_;
  using Engine::change;
  using Engine::executor_;
  using Engine::last_seen_;
  using Engine::mutex_;
  using Engine::now;
  using Engine::observers_;
  using Engine::plan;
  using Engine::state_;
  using typename Engine::DueJob;
  using typename Engine::Effects;
  using typename Engine::Job;
  using typename Engine::Phase;

 public:
  using Engine::Engine;

  void add_observer(std::shared_ptr<Observer> observer) override {
    const std::lock_guard lock{mutex_};
    ObserverList changed = observers_ ? *observers_ : ObserverList{};
    changed.add(std::move(observer));
    observers_ = std::make_shared<const ObserverList>(std::move(changed));
  }

  std::vector<ObserverFailure> observer_failures() const override {
    const std::lock_guard lock{mutex_};
    return observers_ ? observers_->failures() : std::vector<ObserverFailure>{};
  }

  // ---- jobs

  void add(std::string id, Schedule schedule, std::unique_ptr<JobBody> body,
           const ScheduleOptions& options) override {
    const auto job =
        std::make_shared<Job>(std::move(id), std::move(schedule), std::move(body), options);
    auto timeline = timeline_of(*job, *job->schedule, job->options.first_run);
    refuse_never_due(*job, *job->schedule, job->options.end_at, *timeline);
    change([&](Effects& effects) {
      state_.add(job);
      state_.place(*job, job->plan, std::move(timeline), effects);
      effects.wake = true;
    });
  }

  void remove(std::string_view id) override {
    change([&](Effects& effects) { state_.remove(id, effects); });
  }

  void replace(std::string_view id, Schedule schedule) override {
    const auto next = std::make_shared<const Schedule>(std::move(schedule));
    const std::shared_ptr<Job> job = job_of(id);
    // A job whose time is over may be given any other schedule, for its `end_at` stays.
    ScheduleOptions endless = job->options;
    endless.end_at.reset();
    const Timeline check{*next, endless, job->id, FirstRun::AfterInterval, now()};
    refuse_never_due(*job, *next, std::nullopt, check);
    auto timeline = timeline_of(*job, *next, FirstRun::AfterInterval);
    change([&](Effects& effects) {
      if (state_.job(id) != job) throw Error{Errc::Configuration, "Job '" + job->id + "' is gone"};
      state_.replace(*job, next, effects);
      state_.place(*job, job->plan, std::move(timeline), effects);
      effects.wake = true;
    });
  }

  void set_paused(std::string_view id, bool paused) override {
    const std::lock_guard lock{mutex_};
    state_.job(id)->paused = paused;
  }

  std::size_t cancel(std::string_view id) override {
    std::size_t count = 0;
    change([&](Effects& effects) { count = state_.cancel(id, effects); });
    return count;
  }

  void reset(std::string_view id) override {
    const std::lock_guard lock{mutex_};
    state_.job(id)->ledger.reset();
  }

  // ---- running

  void start() override {
    std::vector<DueJob> jobs;
    std::shared_ptr<Alarm<Engine>> alarm;
    {
      const std::lock_guard lock{mutex_};
      require_stopped();
      alarm =
          std::make_shared<Alarm<Engine>>(this->shared_from_this(), executor_, state_.epoch() + 1);
      state_.begin();
      alarm_ = alarm;
      for (auto& job : state_.jobs().all())
        jobs.push_back({job, nullptr, job->plan});
      last_seen_ = now();
    }
    const Moment began = now();
    for (const DueJob& each : jobs) {
      plan(each, [&] {
        return std::make_shared<const Timeline>(*schedule_of(*each.job), each.job->options,
                                                each.job->id, each.job->options.first_run, began);
      });
    }
    alarm->wake();
  }

  void trigger(std::string_view id) override { trigger(id, {}); }

  void trigger(std::string_view id, std::weak_ptr<RemoteCompletion<JobOutcome>> waiter) {
    change([&](Effects& effects) { state_.trigger(id, std::move(waiter), now(), effects); });
  }

  Async<JobOutcome> trigger_and_wait(std::string_view id) override {
    return trigger_and_wait(self(), std::string{id});
  }

  Async<ShutdownReport> stop(Duration drain) override { return stop(self(), drain); }

  void stop_now() override {
    change([&](Effects& effects) {
      // A clock is not asked in vain: it may have been destroyed with the execution context.
      if (state_.phase() != Phase::Stopped) state_.stop(Duration::zero(), now(), effects);
    });
  }

  // ---- asking

  std::optional<FlowInfo> status(std::string_view id) const override {
    const std::lock_guard lock{mutex_};
    const Job* const job = state_.jobs().find(id);
    return job == nullptr ? std::nullopt : std::optional{info_of(*job)};
  }

  std::vector<FlowInfo> list() const override {
    const std::lock_guard lock{mutex_};
    std::vector<FlowInfo> infos;
    for (const auto& job : state_.jobs().all())
      infos.push_back(info_of(*job));
    return infos;
  }

  std::vector<system_time> next_runs(std::string_view id, std::size_t count) const override {
    const std::shared_ptr<Job> job = job_of(id);
    std::shared_ptr<const Timeline> timeline;
    std::uint64_t left = 0;
    {
      const std::lock_guard lock{mutex_};
      timeline = job->timeline;
      left = job->ledger.runs_left();
    }
    if (!timeline) timeline = timeline_of(*job, *schedule_of(*job), job->options.first_run);
    Timeline ahead = *timeline;
    const Moment at = now();
    std::vector<system_time> times;
    while (times.size() < count && times.size() < left) {
      const auto next = ahead.step(at);
      if (!next) break;
      times.push_back(*next);
    }
    return times;
  }

  std::vector<JobOutcome> history(std::string_view id) const override {
    const std::lock_guard lock{mutex_};
    return state_.job(id)->ledger.history();
  }

  std::size_t running() const override {
    const std::lock_guard lock{mutex_};
    return state_.runs().size();
  }

 private:
  std::shared_ptr<SchedulerCore> self() {
    return std::static_pointer_cast<SchedulerCore>(this->shared_from_this());
  }

  static Async<JobOutcome> trigger_and_wait(std::shared_ptr<SchedulerCore> self, std::string id) {
    const auto outcome = std::make_shared<RemoteCompletion<JobOutcome>>();
    self->trigger(id, outcome);
    auto arrival = RemoteCompletion<JobOutcome>::wait(outcome);
    co_return co_await std::move(arrival);
  }

  static Async<ShutdownReport> stop(std::shared_ptr<SchedulerCore> self, Duration drain) {
    const Environment& here = co_await ThisEnvironment{};
    const auto stopped = std::make_shared<RemoteCompletion<ShutdownReport>>();
    if (auto report = self->request_stop(drain, stopped, here)) co_return std::move(*report);
    auto arrival = RemoteCompletion<ShutdownReport>::wait(stopped);
    co_return co_await std::move(arrival);
  }

  std::shared_ptr<const Timeline> timeline_of(const Job& job, const Schedule& schedule,
                                              FirstRun first) const {
    return std::make_shared<const Timeline>(schedule, job.options, job.id, first, now());
  }

  void refuse_never_due(const Job& job, const Schedule& schedule, std::optional<system_time> end_at,
                        const Timeline& timeline) const {
    if (const auto why = why_never_due(schedule, end_at, timeline, now()))
      throw Error{Errc::Configuration, "Job '" + one_line(job.id) + "': " + *why};
  }

  std::shared_ptr<Job> job_of(std::string_view id) const {
    const std::lock_guard lock{mutex_};
    return state_.job(id);
  }
  std::shared_ptr<const Schedule> schedule_of(const Job& job) const {
    const std::lock_guard lock{mutex_};
    return job.schedule;
  }

  void require_stopped() const {
    if (state_.phase() == Phase::Stopped) return;
    throw Error{Errc::Configuration, state_.phase() == Phase::Running
                                         ? "The scheduler is running already"
                                         : "The scheduler is still stopping: wait for stop()"};
  }

  // Nothing when the stop must be waited for. `here`: the caller, which may be part of a run.
  std::optional<ShutdownReport> request_stop(Duration drain,
                                             std::weak_ptr<RemoteCompletion<ShutdownReport>> waiter,
                                             const Environment& here) {
    std::optional<ShutdownReport> report;
    change([&](Effects& effects) {
      if (state_.phase() == Phase::Stopped) {
        report = state_.shutdown().report();
        return;
      }
      state_.await_stop(std::move(waiter), state_.runs().find(here));
      state_.stop(drain, now(), effects);
    });
    return report;
  }

  FlowInfo info_of(const Job& job) const {
    FlowInfo info;
    info.id = job.id;
    job.ledger.describe(info, job.paused);
    info.concurrent_instances = job.instances;
    if (job.paused || job.ledger.is_tripped()) return info;
    info.next_run = job.due.wall;
    if (job.due.steady) info.next_run = Timeline::on_wall(*job.due.steady, now());
    return info;
  }
};

}  // namespace cano::detail
