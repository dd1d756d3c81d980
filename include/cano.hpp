// SPDX-License-Identifier: MIT
#pragma once

/// All of cano that needs only Boost and nlohmann_json. `cano/testing/` and `cano/adapters/` are
/// included one by one, by who wants them; so is `<nlohmann/json.hpp>`, by who calls a `to_json()`.

// IWYU pragma: begin_exports
#include <cano/async/async.hpp>
#include <cano/async/blocking.hpp>
#include <cano/async/drain_report.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/concurrent/concurrent_result.hpp>
#include <cano/concurrent/concurrent_status.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/log_filter.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>
#include <cano/observe/path_recorder.hpp>
#include <cano/observe/progress.hpp>
#include <cano/observe/run_path.hpp>
#include <cano/observe/span.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/result.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/cron_expression.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/misfire.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/overlap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/schedule/shutdown_report.hpp>
#include <cano/schedule/spread.hpp>
#include <cano/state.hpp>
#include <cano/store/key.hpp>
#include <cano/store/key_value_store.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/next.hpp>
#include <cano/task/node.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/timer.hpp>
#include <cano/time/yield_now.hpp>
#include <cano/time/zone_rules.hpp>
#include <cano/version.hpp>
#include <cano/wait_kind.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/graph_format.hpp>
#include <cano/workflow/problem.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/run_options.hpp>
#include <cano/workflow/workflow.hpp>
#include <cano/workflow/workflow_result.hpp>
// IWYU pragma: end_exports
