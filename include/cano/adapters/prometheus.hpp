// SPDX-License-Identifier: MIT
#pragma once

// adapters/: observers and databases that need one more library each.

#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cano/adapters/detail/prometheus_series.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/span.hpp>

namespace cano {

/// How a `PrometheusObserver` counts.
struct PrometheusOptions {
  /// Upper bounds of the histograms, in seconds, rising.
  std::vector<double> buckets{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1,
                              0.5,    1.0,    5.0,   10.0,  60.0, 600.0};
  /// How many sets of labels a metric may have. What comes later is counted with "other" in the
  /// place of workflow, state and job.
  std::size_t max_series = 1000;
};

/// Counts what happens in a prometheus-cpp registry. Its program needs that library (Debian:
/// prometheus-cpp-dev): in CMake `find_package(cano CONFIG REQUIRED COMPONENTS prometheus)` makes
/// the target `cano::prometheus`. The `Exposer` is in that library's
/// component `pull`.
///
///     auto registry = std::make_shared<prometheus::Registry>();
///     workflow.with_observer(std::make_shared<PrometheusObserver>(*registry));
///     prometheus::Exposer exposer{"127.0.0.1:9464"};
///     exposer.RegisterCollectable(registry);
///
/// | metric | labels |
/// | --- | --- |
/// | `cano_runs_total`, `cano_run_duration_seconds` | workflow, outcome |
/// | `cano_runs_running` | workflow |
/// | `cano_cancellations_total` | workflow, state |
/// | `cano_state_visits_total`, `cano_state_duration_seconds` | workflow, state |
/// | `cano_attempts_total` | workflow, state, outcome |
/// | `cano_attempt_duration_seconds` | workflow, state |
/// | `cano_retries_total`, `cano_timeouts_total` | workflow, state |
/// | `cano_branches_total` | workflow, state, branch ("item" for those of an `each`), outcome |
/// | `cano_batches_running`, `cano_batch_duration_seconds` | workflow |
/// | `cano_batch_instances_running` | workflow |
/// | `cano_batch_instances_total` | workflow, outcome |
/// | `cano_job_runs_total` | job, outcome |
/// | `cano_job_runs_running`, `cano_job_duration_seconds`, `cano_job_lateness_seconds` | job |
/// | `cano_job_skips_total` | job, reason |
///
/// `workflow` is the name of the tracing span, which a run that is started inside another one has
/// from that; empty without one. A run id is never a label.
/// Instances of a batch count as runs, too; those that were cancelled before they started do not.
///
/// **Errors.** `std::invalid_argument` when the registry holds one of the names as another kind of
/// metric.
/// **Threads.** Distinct objects: safe. Shared objects: safe.
/// **Lifetime.** The registry must outlive the observer. Two observers of one registry add up.
class PrometheusObserver final : public Observer {
 public:
  /// Adds to the metrics of the registry.
  explicit PrometheusObserver(prometheus::Registry& registry, PrometheusOptions options = {})
      : make_{registry, options.buckets, options.max_series} {}

  void on_run_started(const RunStarted& e) override {
    runs_running_.at(workflow(e.run)).Increment();
    if (e.run.in_batch) instances_running_.at(workflow(e.run)).Increment();
  }
  void on_run_finished(const RunFinished& e) override {
    runs_running_.at(workflow(e.run)).Decrement();
    if (e.run.in_batch) instances_running_.at(workflow(e.run)).Decrement();
    if (e.outcome == Outcome::Cancelled) cancellations_.at(workflow(e.run), e.state).Increment();
    runs_.at(workflow(e.run), to_string(e.outcome)).Increment();
    run_duration_.at(workflow(e.run), to_string(e.outcome)).Observe(seconds(e.elapsed));
  }
  void on_state_entered(const StateEntered& e) override {
    if (!e.run.undo) visits_.at(workflow(e.run), e.state).Increment();
  }
  void on_attempt_succeeded(const AttemptSucceeded& e) override {
    if (add_attempt(e, Outcome::Success)) return;
    state_duration_.at(workflow(e.run), e.state).Observe(seconds(e.state_elapsed));
  }
  void on_attempt_cancelled(const AttemptCancelled& e) override {
    if (add_attempt(e, Outcome::Cancelled)) return;
    state_duration_.at(workflow(e.run), e.state).Observe(seconds(e.state_elapsed));
  }
  void on_attempt_failed(const AttemptFailed& e) override {
    if (add_attempt(e, Outcome::Failed)) return;
    if (e.timed_out) timeouts_.at(workflow(e.run), e.state).Increment();
    if (e.will_retry) {
      retries_.at(workflow(e.run), e.state).Increment();
    } else {
      state_duration_.at(workflow(e.run), e.state).Observe(seconds(e.state_elapsed));
    }
  }

  void on_branch_finished(const BranchFinished& e) override {
    const std::string_view branch = e.is_item ? std::string_view{"item"} : e.branch;
    branches_.at(workflow(e.run), e.state, branch, to_string(e.outcome)).Increment();
  }

  void on_batch_started(const BatchStarted& e) override {
    batches_running_.at(workflow(e.run)).Increment();
  }
  void on_batch_finished(const BatchFinished& e) override {
    const std::string_view name = workflow(e.run);
    batches_running_.at(name).Decrement();
    batch_duration_.at(name).Observe(seconds(e.elapsed));
    const auto add = [&](Outcome outcome, std::size_t count) {
      instances_.at(name, to_string(outcome)).Increment(static_cast<double>(count));
    };
    add(Outcome::Success, e.completed);
    add(Outcome::Failed, e.failed);
    add(Outcome::Cancelled, e.cancelled);
  }

  void on_occurrence_started(const OccurrenceStarted& e) override {
    jobs_running_.at(e.job).Increment();
    job_lateness_.at(e.job).Observe(seconds(e.lateness));
  }
  void on_occurrence_finished(const OccurrenceFinished& e) override {
    jobs_running_.at(e.job).Decrement();
    jobs_.at(e.job, to_string(e.outcome)).Increment();
    job_duration_.at(e.job).Observe(seconds(e.elapsed));
  }
  void on_occurrence_skipped(const OccurrenceSkipped& e) override {
    skips_.at(e.job, to_string(e.reason)).Increment(static_cast<double>(e.count));
  }

 private:
  template <std::size_t Labels> using Counters = detail::Series<prometheus::Counter, Labels>;
  template <std::size_t Labels> using Gauges = detail::Series<prometheus::Gauge, Labels>;
  template <std::size_t Labels> using Histograms = detail::Series<prometheus::Histogram, Labels>;

  static std::string_view workflow(const RunInfo& run) noexcept {
    return run.span != nullptr ? std::string_view{run.span->name()} : std::string_view{};
  }
  static double seconds(Duration duration) noexcept {
    return std::chrono::duration<double>(duration).count();
  }

  // Whether it is one of an undo, which is no more than counted.
  template <class Attempt> bool add_attempt(const Attempt& e, Outcome outcome) {
    if (e.run.undo) {
      undo_attempts_.at(workflow(e.run), e.state, to_string(outcome)).Increment();
      return true;
    }
    attempts_.at(workflow(e.run), e.state, to_string(outcome)).Increment();
    attempt_duration_.at(workflow(e.run), e.state).Observe(seconds(e.elapsed));
    return false;
  }

  detail::SeriesMaker make_;

  Counters<2> runs_{make_, "cano_runs_total", "Runs that have ended.", {"workflow", "outcome"}};
  Gauges<1> runs_running_{make_, "cano_runs_running", "Runs under way.", {"workflow"}};
  Histograms<2> run_duration_{
      make_, "cano_run_duration_seconds", "How long runs took.", {"workflow", "outcome"}};

  Counters<2> cancellations_{make_,
                             "cano_cancellations_total",
                             "Runs that were cancelled, by the state they were in.",
                             {"workflow", "state"}};

  Counters<2> visits_{
      make_, "cano_state_visits_total", "How often states were entered.", {"workflow", "state"}};
  Histograms<2> state_duration_{
      make_,
      "cano_state_duration_seconds",
      "How long runs stayed in states, all attempts and the pauses between them.",
      {"workflow", "state"}};
  Counters<3> attempts_{make_,
                        "cano_attempts_total",
                        "Attempts of tasks that have ended.",
                        {"workflow", "state", "outcome"}};
  Counters<3> undo_attempts_{make_,
                             "cano_undo_attempts_total",
                             "Attempts to undo a state that have ended.",
                             {"workflow", "state", "outcome"}};
  Histograms<2> attempt_duration_{make_,
                                  "cano_attempt_duration_seconds",
                                  "How long attempts of tasks took.",
                                  {"workflow", "state"}};
  Counters<2> retries_{make_,
                       "cano_retries_total",
                       "Failed attempts that were followed by another one.",
                       {"workflow", "state"}};
  Counters<2> timeouts_{
      make_, "cano_timeouts_total", "Attempts that a limit has ended.", {"workflow", "state"}};

  Counters<4> branches_{make_,
                        "cano_branches_total",
                        "Branches and items of composed tasks that have ended.",
                        {"workflow", "state", "branch", "outcome"}};

  Gauges<1> batches_running_{make_, "cano_batches_running", "Batches under way.", {"workflow"}};
  Histograms<1> batch_duration_{
      make_, "cano_batch_duration_seconds", "How long batches took.", {"workflow"}};
  Gauges<1> instances_running_{
      make_, "cano_batch_instances_running", "Instances of batches under way.", {"workflow"}};
  Counters<2> instances_{make_,
                         "cano_batch_instances_total",
                         "Instances of batches that have ended.",
                         {"workflow", "outcome"}};

  Counters<2> jobs_{
      make_, "cano_job_runs_total", "Runs of scheduled jobs that have ended.", {"job", "outcome"}};
  Gauges<1> jobs_running_{
      make_, "cano_job_runs_running", "Runs of scheduled jobs under way.", {"job"}};
  Histograms<1> job_duration_{
      make_, "cano_job_duration_seconds", "How long runs of scheduled jobs took.", {"job"}};
  Histograms<1> job_lateness_{make_,
                              "cano_job_lateness_seconds",
                              "How much later than planned scheduled jobs started.",
                              {"job"}};
  Counters<2> skips_{make_,
                     "cano_job_skips_total",
                     "Occurrences of scheduled jobs that did not run.",
                     {"job", "reason"}};
};

}  // namespace cano
