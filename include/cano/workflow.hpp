// SPDX-License-Identifier: MIT
#pragma once

/// What a program needs to run a workflow: states, tasks, Nodes, retries, stores. It compiles in
/// four fifths of the time of `<cano.hpp>`, which adds the rest: observers, composites, batches,
/// limits, schedules.

// IWYU pragma: begin_exports
#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/retry_after.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/store/key.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/next.hpp>
#include <cano/task/node.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/task/task.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/version.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>
#include <cano/workflow/workflow_result.hpp>
// IWYU pragma: end_exports
