// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/detail/exception_text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/detail/agenda.hpp>
#include <cano/schedule/detail/alarm.hpp>
#include <cano/schedule/detail/effects.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/job_run.hpp>
#include <cano/schedule/detail/run_handle.hpp>
#include <cano/schedule/detail/scheduler_state.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// The part of a scheduler that works by itself: the state under its lock, all that state has no
/// hands for, and what happens when a job becomes due or a run ends.
///
/// Whatever is to be decided is decided under the lock, and carried out when it has been let go.
/// Time zones, which may be a user's code, are asked without it too: a timeline never changes, the
/// alarm's turn makes a new one and puts it in its place if the job's plan is still the same.
///
/// A template, as all that runs on the executor: only programs that make a scheduler compile it.
template <class Executor>
class SchedulerEngine : public std::enable_shared_from_this<SchedulerEngine<Executor>> {
 public:
  using Job = detail::Job<Executor>;
  using Run = JobRun<SchedulerEngine>;

  /// `runtime`: where runs are spread over the shards, or null.
  SchedulerEngine(Executor executor, Runtime* runtime)
      : executor_{std::move(executor)}, runtime_{runtime}, clock_{Clock::of(executor_)} {}
  SchedulerEngine(const SchedulerEngine&) = delete;
  SchedulerEngine& operator=(const SchedulerEngine&) = delete;

  Moment now() const { return {clock_.now(), clock_.wall_now()}; }

  void run_began(const Run& run) {
    const Occurrence& occurrence = run.occurrence();
    std::shared_ptr<const ObserverList> observers;
    {
      const std::lock_guard lock{mutex_};
      run.job().ledger.note_start(occurrence.actual);
      observers = observers_;
    }
    if (!observers) return;
    observers->notify(&Observer::on_occurrence_started,
                      OccurrenceStarted{occurrence.id, occurrence.run, run.ticket().scheduled(),
                                        occurrence.lateness, occurrence.actual, occurrence.missed,
                                        run.began(), run.run_id()});
  }

  void run_ended(const Run& run, RunEnd end) { settle(run, std::move(end), false); }

  void run_lost(const Run& run) noexcept {
    try {
      const Error error{Errc::Cancelled, "The run was destroyed with its execution context"};
      settle(run, RunEnd{Outcome::Cancelled, std::make_exception_ptr(error), std::nullopt}, true);
    } catch (...) {  // destructor: cannot report
    }
  }

  NextTurn turn(std::uint64_t epoch) {
    const Moment at = now();
    notice_step(at);
    for (int i = 0; i < jobs_per_turn; ++i) {
      if (!serve_one(at)) break;
    }
    NextTurn next;
    change([&](Effects& effects) { next = plan_turn(epoch, at, effects); });
    return next;
  }

  void alarm_lost(std::uint64_t epoch) noexcept {
    try {
      const Moment at = now();
      change([&](Effects& effects) {
        if (state_.epoch() != epoch || state_.phase() == Phase::Stopped) return;
        state_.stop(Duration::zero(), at, effects);
        state_.finish_stop(at, effects);
      });
    } catch (...) {  // destructor: cannot report
    }
  }

 protected:
  using State = SchedulerState<Job>;
  using Effects = detail::Effects<Job>;
  using DueJob = detail::DueJob<Job>;
  using Phase = typename State::Phase;

  ~SchedulerEngine() = default;

  template <class Decide> void change(Decide decide) {
    Effects effects;
    {
      const std::lock_guard lock{mutex_};
      effects.observers = observers_;
      decide(effects);
    }
    perform(effects);
  }

  template <class Make> void plan(const DueJob& due, Make make) {
    attempt(due, make, [&](std::shared_ptr<const Timeline> timeline, Effects& effects) {
      state_.place(*due.job, due.plan, std::move(timeline), effects);
    });
  }

  Executor executor_;
  Runtime* runtime_;
  Clock clock_;
  mutable std::mutex mutex_;
  State state_;
  std::weak_ptr<Alarm<SchedulerEngine>> alarm_;
  Moment last_seen_{};  // by the alarm
  std::shared_ptr<const ObserverList> observers_;

 private:
  // So that runs begin before all jobs that are due at once have been decided on.
  static constexpr int jobs_per_turn = 64;

  void perform(Effects& effects) {
    if (!effects.reports.empty()) effects.notify(now());
    for (RunHandle& run : effects.cancels)
      run.cancel();
    for (typename Effects::Start& start : effects.starts)
      begin_run(std::move(start));
    for (typename Effects::Answer& answer : effects.answers) {
      if (const auto waiter = answer.waiter.lock()) waiter->complete(std::move(answer.outcome));
    }
    for (const auto& waiter : effects.stopped)
      waiter->complete(*effects.shutdown);
    if (effects.wake) wake();
  }

  void wake() {
    std::shared_ptr<Alarm<SchedulerEngine>> alarm;
    {
      const std::lock_guard lock{mutex_};
      alarm = alarm_.lock();
    }
    if (alarm) alarm->wake();
  }

  void begin_run(typename Effects::Start start) {
    const Executor executor = runtime_ != nullptr ? Executor{runtime_->get_executor()} : executor_;
    auto run = std::make_unique<Run>(this->shared_from_this(), executor, std::move(start));
    RunHandle handle = run->handle();
    bool is_cancelled = false;
    {
      const std::lock_guard lock{mutex_};
      is_cancelled = state_.runs().attach(run->key(), handle);
    }
    Run::launch(std::move(run));
    if (is_cancelled) handle.cancel();
  }

  void settle(const Run& run, RunEnd end, bool is_lost) {
    const Moment at = now();
    const Occurrence& occurrence = run.occurrence();
    JobOutcome outcome;
    outcome.id = occurrence.id;
    outcome.run = occurrence.run;
    outcome.nominal = occurrence.nominal;
    outcome.triggered = occurrence.triggered;
    outcome.missed = occurrence.missed;
    outcome.outcome = end.outcome;
    outcome.error = std::move(end.error);
    outcome.started = occurrence.actual;
    outcome.lateness = occurrence.lateness;
    outcome.elapsed = run.elapsed(at);
    const std::string error = outcome.error_message();
    report_end(run, outcome, error, at);
    change([&](Effects& effects) {
      // Where one run was destroyed the next would be too.
      if (is_lost && state_.phase() != Phase::Stopped) state_.stop(Duration::zero(), at, effects);
      if (!run.ticket().waiter.expired()) effects.answers.push_back({run.ticket().waiter, outcome});
      state_.finish(run.key(), std::move(outcome), end.batch, error, at, effects);
    });
  }

  // Before the books are closed: when a stop has joined all runs, all have been reported.
  void report_end(const Run& run, const JobOutcome& outcome, const std::string& error, Moment at) {
    std::shared_ptr<const ObserverList> observers;
    {
      const std::lock_guard lock{mutex_};
      observers = observers_;
    }
    if (!observers) return;
    observers->notify(&Observer::on_occurrence_finished,
                      OccurrenceFinished{outcome.id, outcome.run, outcome.outcome, error,
                                         outcome.elapsed, at.wall, at.steady, run.run_id()});
  }

  // ---- the alarm's turn

  bool serve_one(Moment at) {
    std::optional<DueJob> due;
    {
      const std::lock_guard lock{mutex_};
      due = state_.pop_due(at);
    }
    if (!due) return false;
    const Misfire misfire = due->job->options.misfire;
    Backlog backlog;
    const auto look = [&] {
      auto timeline = std::make_shared<Timeline>(*due->timeline);
      // One more than may run, to tell of those that do not.
      backlog = timeline->take(at, std::min(misfire.max(), Timeline::max_backlog) + 1);
      if (backlog.count > 0) ask_health(due->job->options.health, backlog);
      return timeline;
    };
    attempt(*due, look, [&](std::shared_ptr<const Timeline> timeline, Effects& effects) {
      state_.deliver(*due, std::move(timeline), backlog, at, effects);
    });
    return true;
  }

  NextTurn plan_turn(std::uint64_t epoch, Moment at, Effects& effects) {
    NextTurn next;
    if (state_.epoch() != epoch || state_.phase() == Phase::Stopped) {
      next.over = true;
    } else if (state_.phase() == Phase::Running) {
      next.due = state_.next_due();
      next.again = (next.due.steady && *next.due.steady <= at.steady) ||
                   (next.due.wall && *next.due.wall <= at.wall);
    } else if (state_.has_joined()) {
      state_.finish_stop(at, effects);
      next.over = true;
    } else {
      if (!state_.shutdown().cancels_rest() && state_.shutdown().drain_end() <= at.steady)
        state_.cancel_rest(effects);
      if (!state_.shutdown().cancels_rest()) next.due.steady = state_.shutdown().drain_end();
    }
    return next;
  }

  // The clock on the wall should have gone on as the steady one has.
  void notice_step(Moment at) {
    Moment seen;
    std::vector<DueJob> jobs;
    {
      const std::lock_guard lock{mutex_};
      seen = std::exchange(last_seen_, at);
      const Duration back = saturating_between(at.wall, Timeline::on_wall(at.steady, seen));
      if (back < std::chrono::seconds{1}) return;
      jobs = state_.pop_by_wall();
    }
    const Duration back = saturating_between(at.wall, Timeline::on_wall(at.steady, seen));
    for (const DueJob& each : jobs) {
      plan(each, [&] {
        auto timeline = std::make_shared<Timeline>(*each.timeline);
        timeline->wall_was_put_back(at, back);
        return timeline;
      });
    }
  }

  // Makes a timeline without the lock, and hands it to `use` under it. When that fails, because the
  // time zone threw, it is noted as the job's failure.
  template <class Make, class Use> void attempt(const DueJob& due, Make make, Use use) {
    std::shared_ptr<const Timeline> timeline;
    std::string problem;
    try {
      timeline = make();
    } catch (...) {
      problem = exception_text(std::current_exception());
    }
    change([&](Effects& effects) {
      if (timeline) {
        use(std::move(timeline), effects);
      } else {
        state_.fail(*due.job, due.plan, std::move(problem), now(), effects);
      }
    });
  }
};

}  // namespace cano::detail
