// SPDX-License-Identifier: MIT
#pragma once

// schedule/: jobs that run at intervals, by cron or on demand.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/on_demand.hpp>
#include <cano/cron/cron_expression.hpp>
#include <cano/duration.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/scheduler_calls.hpp>
#include <cano/schedule/detail/scheduler_loop.hpp>
#include <cano/schedule/detail/scheduler_state.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/shutdown_report.hpp>
#include <cano/time/time_zone.hpp>

namespace cano {

namespace detail {

// What may be given as a cron expression.
template <class Type>
concept CronText =
    std::convertible_to<const Type&, std::string_view> || std::same_as<Type, CronExpression>;

// Says in one sentence what is wrong, and spares the reader what would follow from it.
template <class Job, class Expression> consteval bool check_cron_arguments() {
  constexpr bool is_swapped = CronText<Job> || !CronText<Expression>;
  static_assert(!is_swapped,
                "cano: Scheduler::cron takes the id, the job, the cron expression: in this order");
  return !is_swapped;
}

}  // namespace detail

/// Runs jobs when they are due: at intervals, by cron expressions, or when triggered.
///
///     Runtime runtime;
///     Scheduler scheduler{runtime};
///     scheduler.every("poll", poll, 2s);
///     scheduler.cron("report", report, "0 9 * * MON-FRI", TimeZone::iana("Europe/Berlin"));
///     scheduler.add("bill", bill, Schedule::every(std::chrono::months{1}, first_day, berlin));
///     scheduler.start();
///     ...
///     const ShutdownReport report = run(scheduler.stop());
///
/// A job is a `Workflow`, which gets a fresh store for each run; a `ConcurrentWorkflow::batch`; or
/// a callable that returns `Async<void>`, `asio::awaitable<void>` or nothing, and may take an
/// `Occurrence`. What a job throws is an outcome of that run; the job runs again when it is due.
///
/// Every occurrence, due by the schedule or triggered, ends in exactly one way: a run began, or it
/// was skipped for a reason. `status`, `history` and the observers report each.
///
/// Intervals follow the steady clock, from the start on: they neither drift nor notice that the
/// clock on the wall is set. Cron expressions follow the clock on the wall; when that is set or the
/// machine was asleep, what has become due is noticed within a second. One timer serves all jobs,
/// so idle ones cost nothing.
///
/// **Errors.** `Error(Configuration)` for an id that is not known, with the nearest one that is;
/// for one that is taken; and for a schedule that will never be due.
/// **Cancellation.** A run is cancelled by its `Occurrence::stop` token and at the await that it is
/// in; it counts as running until it has ended.
/// **Threads.** Distinct objects: safe. Shared objects: safe, from jobs and observers too. Runs of
/// a job are spread over the shards of a `Runtime`; elsewhere each has a strand of its own.
/// **Lifetime.** The destructor requests the end of all runs, and does not wait: `stop` does. A
/// started scheduler is work for its executor, so that `io_context::run` does not return. The
/// execution context may be destroyed first, though not while another thread is in a call of the
/// scheduler (to await `stop` or `trigger_and_wait` is none); runs under way are destroyed with it.
/// After that the scheduler may only be asked what it knows, and destroyed.
class Scheduler {
 public:
  /// Runs its jobs on `executor`.
  template <std::convertible_to<asio::any_io_executor> Executor>
  explicit Scheduler(const Executor& executor)
      : loop_{std::make_shared<detail::SchedulerLoop>(executor, nullptr)} {}

  /// Runs its jobs on the shards of `runtime`, one after the other.
  template <std::derived_from<Runtime> AnyRuntime>
  explicit Scheduler(AnyRuntime& runtime)
      : loop_{std::make_shared<detail::SchedulerLoop>(runtime.shard(0), &runtime)} {}

  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  ~Scheduler() {
    try {
      detail::stop_now(*loop_);
    } catch (...) {  // destructor: cannot report; the runs under way go on to their end
    }
  }

  /// Reports every occurrence to `observer`, from now on. One that throws is switched off, see
  /// `observer_failures()`.
  Scheduler& with_observer(std::shared_ptr<Observer> observer) {
    loop_->add_observer(std::move(observer));
    return *this;
  }

  /// The observers that threw and were switched off; empty when all see everything.
  std::vector<ObserverFailure> observer_failures() const {
    const auto observers = loop_->observers();
    return observers ? observers->failures() : std::vector<ObserverFailure>{};
  }

  /// Adds a job; while the scheduler runs, its schedule begins at once.
  ///
  /// **Errors.** Also for options that contradict themselves, an empty job, and a schedule that
  /// will never be due, such as `0 0 30 2 *`, a year that is over, an `end_at` in the past. Nothing
  /// is added then.
  template <class Job>
  void add(std::string id, Job&& job, Schedule schedule, ScheduleOptions options = {}) {
    auto body = detail::make_job_body(id, std::forward<Job>(job));
    detail::add_job(*loop_, std::move(id), std::move(schedule), std::move(body), options);
  }
  /// @overload
  template <class Job>
  void add(std::string id, Schedule schedule, Job&& job, ScheduleOptions options = {}) {
    add(std::move(id), std::forward<Job>(job), std::move(schedule), std::move(options));
  }

  /// `add` with `Schedule::every`: the first run is due at once, or as `FirstRun` says.
  template <class Job, class Rep, class Period>
  void every(std::string id, Job&& job, std::chrono::duration<Rep, Period> interval,
             ScheduleOptions options = {}) {
    add(std::move(id), std::forward<Job>(job), Schedule::every(interval), std::move(options));
  }

  /// @cond
  template <class Rep, class Period, class Job>
  void every(std::string, std::chrono::duration<Rep, Period>, Job&&, ScheduleOptions = {}) {
    static_assert(std::is_void_v<Rep>,
                  "cano: Scheduler::every takes the id, the job, the interval: in this order");
  }
  /// @endcond

  /// `add` with `Schedule::cron`, in UTC. The expression is a text or a `CronExpression`.
  template <class Job, class Expression>
  void cron(std::string id, Job&& job, const Expression& expression, ScheduleOptions options = {}) {
    cron(std::move(id), std::forward<Job>(job), expression, TimeZone::utc(), std::move(options));
  }
  /// The same in a zone.
  template <class Job, class Expression, std::same_as<TimeZone> Zone>
  void cron(std::string id, Job&& job, const Expression& expression, Zone zone,
            ScheduleOptions options = {}) {
    if constexpr (detail::check_cron_arguments<std::remove_cvref_t<Job>, Expression>()) {
      add(std::move(id), std::forward<Job>(job), Schedule::cron(expression, std::move(zone)),
          std::move(options));
    }
  }

  /// `add` with `Schedule::manual`.
  template <class Job> void manual(std::string id, Job&& job, ScheduleOptions options = {}) {
    add(std::move(id), std::forward<Job>(job), Schedule::manual(), std::move(options));
  }

  /// Begins all schedules.
  ///
  /// **Errors.** `Error(Configuration)` when it is running already, or has not stopped yet.
  void start() { loop_->start(); }

  /// Makes a job due now, whatever its schedule, paused or not; its `Overlap` decides as for any
  /// occurrence.
  ///
  /// **Errors.** Also when the scheduler is not running.
  void trigger(std::string_view id) { detail::trigger_job(*loop_, id, {}); }

  /// The same, and waits for what becomes of it: the end of the run, or why it does not run.
  ///
  /// **Errors.** Of the call: as `trigger`. Of the run: in the outcome.
  /// **Cancellation.** Ends the waiting; the run goes on.
  template <class = detail::OnDemand> Async<JobOutcome> trigger_and_wait(std::string_view id) {
    return detail::trigger_and_wait(loop_, std::string{id});
  }

  /// Requests the end of the job's runs under way; returns how many there are. Its schedule goes
  /// on, and so do queued occurrences.
  std::size_t cancel(std::string_view id) {
    std::size_t count = 0;
    loop_->change([&](State& state, Actions& actions) { count = state.cancel(id, actions); });
    return count;
  }

  /// Forgets the failures of a job, so that it runs again: the end of `FlowStatus::Tripped` and of
  /// a back-off.
  void reset(std::string_view id) {
    loop_->locked([&](const State& state) { state.job(id)->book.reset(); });
  }

  /// Occurrences do not run from now on. Runs under way, and those that wait for them, go on.
  void pause(std::string_view id) { set_paused(id, true); }

  /// Ends a pause. What was due meanwhile is not made up for.
  void resume(std::string_view id) { set_paused(id, false); }

  /// Takes a job away; its id is free at once. Runs under way go on to their end.
  void remove(std::string_view id) {
    loop_->change([&](State& state, Actions& actions) { state.remove(id, actions); });
  }

  /// Gives a job another schedule, which begins now; an interval is first due when it has passed.
  ///
  /// **Errors.** Also for one that will never be due, whatever the job's `end_at`.
  void replace(std::string_view id, Schedule schedule) {
    detail::replace_schedule(*loop_, id, std::move(schedule));
  }

  /// What is known of a job; nothing when there is none of that id.
  std::optional<FlowInfo> status(std::string_view id) const {
    return detail::status_of(*loop_, id);
  }

  /// The same of all jobs, sorted by id.
  std::vector<FlowInfo> list() const { return detail::list_jobs(*loop_); }

  /// The next `count` times at which a job will be due, spread included; fewer when there are no
  /// more. Of a scheduler that is not running: if it started now. `TimeZone::format` makes text of
  /// them.
  std::vector<system_time> next_runs(std::string_view id, std::size_t count) const {
    return detail::next_runs(*loop_, id, count);
  }

  /// What became of the last occurrences, the oldest first: `ScheduleOptions::history_limit`.
  std::vector<JobOutcome> history(std::string_view id) const {
    return loop_->locked([&](const State& state) { return state.job(id)->book.stats().history(); });
  }

  /// Whether any run is under way.
  bool has_running_flows() const { return running_count() > 0; }

  /// How many runs are under way, also of jobs that have been removed.
  std::size_t running_count() const {
    return loop_->locked([](const State& state) { return state.running(); });
  }

  /// Starts no more occurrences, gives the runs under way time to end, cancels what is left of
  /// them, and returns when all have ended: no job is running then.
  ///
  /// Several calls wait for the same end; a shorter `drain` counts. One on a scheduler that has
  /// stopped returns the last report. `start` works again afterwards.
  ///
  /// A run may stop its own scheduler: one that awaits this is neither awaited nor cancelled. That
  /// holds for all its tasks, branches and instances, on whichever shard or strand; but not for a
  /// coroutine that it gives to `asio::co_spawn` with an executor other than its own.
  ///
  /// **Cancellation.** Ends the waiting; the scheduler stops all the same.
  template <class = detail::OnDemand>
  Async<ShutdownReport> stop(Duration drain = std::chrono::seconds{30}) {
    return detail::stop_and_wait(loop_, drain);
  }
  /// @overload
  template <class Rep, class Period>
  Async<ShutdownReport> stop(std::chrono::duration<Rep, Period> drain) {
    return stop(detail::to_duration(drain));
  }

  /// Starts no more occurrences and cancels the runs under way, without waiting for their end.
  void stop_now() { detail::stop_now(*loop_); }

 private:
  using State = detail::SchedulerState;
  using Actions = detail::Actions;

  void set_paused(std::string_view id, bool whether) {
    loop_->locked([&](const State& state) { state.job(id)->book.set_paused(whether); });
  }

  std::shared_ptr<detail::SchedulerLoop> loop_;
};

}  // namespace cano
