// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <cano/detail/exception_text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/due_queue.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/job_run.hpp>
#include <cano/schedule/detail/scheduler_state.hpp>
#include <cano/schedule/detail/scheduler_timer.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/health_check.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// The lock around the state of a scheduler, its timer, and the runs that it starts.
///
/// Decisions are made under the lock, and carried out when it has been released. Time zones and
/// health checks, which may be a user's code, are called without the lock too: a timeline never
/// changes, so the call of the timer makes a new one, and the state takes it unless the job's
/// schedule has changed meanwhile.
class SchedulerLoop final : public JobRun::Host,
                            public SchedulerTimer::Host,
                            public std::enable_shared_from_this<SchedulerLoop> {
 public:
  /// `runtime`: it spreads the runs over its shards; null for `executor`.
  SchedulerLoop(asio::any_io_executor executor, Runtime* runtime)
      : executor_{std::move(executor)}, runtime_{runtime}, clock_{Clock::of(executor_)} {}

  Moment now() const override { return {clock_.now(), clock_.wall_now()}; }

  /// Calls `decide(state, actions)` under the lock, and then carries out the actions.
  template <class Decide> void change(Decide decide) {
    Actions actions;
    {
      const std::lock_guard lock{mutex_};
      actions.observers = observers_;
      decide(state_, actions);
    }
    perform(actions);
  }

  /// Calls `use(state)` under the lock, for what has no side effects outside.
  template <class Use> auto locked(Use use) {
    const std::lock_guard lock{mutex_};
    return use(state_);
  }
  template <class Use> auto locked(Use use) const {
    const std::lock_guard lock{mutex_};
    return use(state_);
  }

  void add_observer(std::shared_ptr<Observer> observer) {
    const std::lock_guard lock{mutex_};
    ObserverList changed = observers_ ? *observers_ : ObserverList{};
    changed.add(std::move(observer));
    observers_ = std::make_shared<const ObserverList>(std::move(changed));
  }

  /// Null where there are none.
  std::shared_ptr<const ObserverList> observers() const {
    const std::lock_guard lock{mutex_};
    return observers_;
  }

  /// **Errors.** `Error(Configuration)` when the scheduler is not stopped.
  void start() {
    std::vector<DueJob> jobs;
    std::shared_ptr<SchedulerTimer> timer;
    {
      const std::lock_guard lock{mutex_};
      jobs = state_.start();
      timer = std::make_shared<SchedulerTimer>(shared_from_this(), executor_, state_.generation());
      timer_ = timer;
      last_seen_ = now();
    }
    const Moment began = now();
    for (const DueJob& each : jobs) {
      schedule(each, [&] {
        const auto schedule = locked([&](const auto&) { return each.job->schedule; });
        return std::make_shared<const Timeline>(*schedule, each.job->options, each.job->id,
                                                each.job->options.first_run, began);
      });
    }
    timer->wake_up();
  }

  // ---- what runs and the timer call

  void run_began(const JobRun& run) override {
    const Occurrence& occurrence = run.occurrence();
    locked([&](const auto&) { run.job().book.stats().run_began(occurrence.actual); });
    const auto observers = this->observers();
    if (!observers) return;
    observers->notify(&Observer::on_occurrence_started,
                      OccurrenceStarted{occurrence.id, occurrence.run, run.pending().scheduled(),
                                        occurrence.lateness, occurrence.actual, occurrence.missed,
                                        run.began(), run.run_id()});
  }

  void run_ended(const JobRun& run, RunEnd end) override { end_run(run, std::move(end), false); }

  void run_lost(const JobRun& run) noexcept override {
    try {
      const Error error{Errc::Cancelled, "The run was destroyed with its execution context"};
      end_run(run, RunEnd{Outcome::Cancelled, std::make_exception_ptr(error), std::nullopt}, true);
    } catch (...) {  // destructor: cannot report
    }
  }

  NextWake on_wake(std::uint64_t generation) override {
    const Moment at = now();
    reschedule_after_step(at);
    for (int i = 0; i < jobs_per_turn; ++i) {
      if (!handle_one(at)) break;
    }
    NextWake next;
    change([&](SchedulerState& state, Actions& actions) {
      next = state.next_wake(generation, at, actions);
    });
    return next;
  }

  void timer_lost(std::uint64_t generation) noexcept override {
    try {
      const Moment at = now();
      change([&](SchedulerState& state, Actions& actions) {
        state.context_gone(generation, at, actions);
      });
    } catch (...) {  // destructor: cannot report
    }
  }

 private:
  // So that runs begin before all jobs that are due at once have been decided on.
  static constexpr int jobs_per_turn = 64;

  void perform(Actions& actions) {
    if (!actions.reports.empty()) actions.notify(now());
    for (const std::stop_source& run : actions.cancels)
      run.request_stop();
    for (RunStart& start : actions.starts) {
      const asio::any_io_executor executor =
          runtime_ != nullptr ? runtime_->get_executor() : executor_;
      JobRun::launch(std::make_unique<JobRun>(shared_from_this(), executor, std::move(start)));
    }
    for (Actions::Answer& answer : actions.answers) {
      if (const auto waiter = answer.waiter.lock()) waiter->complete(std::move(answer.outcome));
    }
    for (const auto& waiter : actions.stopped)
      waiter->complete(*actions.shutdown);
    if (!actions.wake) return;
    if (const auto timer = locked([this](const auto&) { return timer_.lock(); })) timer->wake_up();
  }

  void end_run(const JobRun& run, RunEnd end, bool is_lost) {
    const Moment at = now();
    const auto batch = std::exchange(end.batch, std::nullopt);
    JobOutcome outcome = run.outcome(std::move(end), at);
    const std::string error = outcome.error_message();
    // First, so that all runs have been reported when a stop has joined them.
    if (const auto observers = this->observers()) {
      observers->notify(&Observer::on_occurrence_finished,
                        OccurrenceFinished{outcome.id, outcome.run, outcome.outcome, error,
                                           outcome.elapsed, at.wall, at.steady, run.run_id()});
    }
    change([&](SchedulerState& state, Actions& actions) {
      // Where one run was destroyed the next would be too.
      if (is_lost) state.stop(Duration::zero(), at, actions);
      state.run_ended(run.key(), run.pending().waiter, std::move(outcome), batch, error, at,
                      actions);
    });
  }

  // Handles the first job that is due; false when there is none.
  bool handle_one(Moment at) {
    const auto due = locked([&](SchedulerState& state) { return state.pop_due(at); });
    if (!due) return false;
    const Job& job = *due->job;
    Backlog backlog;
    const auto look = [&] {
      auto timeline = std::make_shared<Timeline>(*due->timeline);
      // One more than may run: the last of those that do not is reported.
      backlog = timeline->take(at, std::min(job.options.misfire.max(), Timeline::max_backlog) + 1);
      if (backlog.count > 0) ask_health(job.options.health, backlog);
      return timeline;
    };
    evaluate(*due, look, [&](std::shared_ptr<const Timeline> timeline, Actions& actions) {
      state_.handle_due(*due, std::move(timeline), backlog, at, actions);
    });
    return true;
  }

  static void ask_health(const HealthCheck& check, Backlog& backlog) {
    try {
      backlog.is_healthy = check();
    } catch (...) {
      backlog.is_healthy = false;
      backlog.problem = "Health check: " + exception_text(std::current_exception());
    }
  }

  // Between two turns the clock on the wall should have gone on as the steady one has. When it was
  // put back, the jobs that follow it are scheduled again.
  void reschedule_after_step(Moment at) {
    const Moment seen = locked([&](const auto&) { return std::exchange(last_seen_, at); });
    const Duration back = saturating_between(at.wall, Timeline::on_wall(at.steady, seen));
    if (back < std::chrono::seconds{1}) return;
    const auto jobs = locked([](SchedulerState& state) { return state.pop_by_wall(); });
    for (const DueJob& each : jobs) {
      schedule(each, [&] {
        auto timeline = std::make_shared<Timeline>(*each.timeline);
        timeline->wall_was_put_back(at, back);
        return timeline;
      });
    }
  }

  template <class Make> void schedule(const DueJob& due, Make make) {
    evaluate(due, make, [&](std::shared_ptr<const Timeline> timeline, Actions& actions) {
      state_.schedule(due, std::move(timeline), actions);
    });
  }

  // Makes a timeline without the lock, and calls `use` with it under the lock. A time zone that
  // throws is a failure of the job.
  template <class Make, class Use> void evaluate(const DueJob& due, Make make, Use use) {
    std::shared_ptr<const Timeline> timeline;
    std::string problem;
    try {
      timeline = make();
    } catch (...) {
      problem = exception_text(std::current_exception());
    }
    change([&](SchedulerState& state, Actions& actions) {
      if (timeline) {
        use(std::move(timeline), actions);
      } else {
        state.schedule_failed(due, std::move(problem), now(), actions);
      }
    });
  }

  asio::any_io_executor executor_;
  Runtime* runtime_;
  Clock clock_;
  mutable std::mutex mutex_;
  SchedulerState state_;
  std::weak_ptr<SchedulerTimer> timer_;
  Moment last_seen_{};  // by the timer
  std::shared_ptr<const ObserverList> observers_;
};

}  // namespace cano::detail
