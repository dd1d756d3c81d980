// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/backoff.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/health_check.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/spread.hpp>

namespace cano {

/// How a scheduled job is run, besides when.
///
///     scheduler.cron("report", job, "0 9 * * *", {.overlap = Overlap::QueueOne});
struct ScheduleOptions {
  /// When it is due while it runs.
  Overlap overlap = Overlap::Skip;

  /// When occurrences were missed.
  Misfire misfire = Misfire::FireOnce;

  /// How late an occurrence may start under `Misfire::Skip`.
  Duration misfire_grace = std::chrono::minutes{1};

  /// A delay that keeps jobs that are due together apart.
  Spread spread{};

  /// When clocks are put forward over a fixed time of a cron expression.
  DstGap gap = DstGap::ShiftForward;

  /// When clocks are put back over a fixed time of a cron expression.
  DstFold fold = DstFold::First;

  /// When an interval begins.
  FirstRun first_run = FirstRun::Immediately;

  /// No occurrence before this time of day; an interval begins with it. One that has passed
  /// changes nothing.
  std::optional<system_time> start_at{};

  /// No occurrence after this time of day.
  std::optional<system_time> end_at{};

  /// After so many runs the job is not due any more. Triggered runs count, but are never refused.
  std::optional<std::uint64_t> max_runs{};

  /// How many outcomes `Scheduler::history` keeps; skips in a row count as one.
  std::size_t history_limit = 16;

  /// How long it is left alone after a failure. Triggered runs do not wait for that.
  Backoff backoff{};

  /// After so many failures in a row, which cancelled runs do not interrupt, it does not run any
  /// more, triggered or not, until `Scheduler::reset`.
  std::optional<std::uint64_t> trip_after{};

  /// Asked each time it is due; when it says no, the occurrence is skipped. Triggered runs do not
  /// ask.
  HealthCheck health{};
};

}  // namespace cano
