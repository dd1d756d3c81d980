// SPDX-License-Identifier: MIT
#pragma once

/// All of cano that needs only Boost and nlohmann_json. `cano/testing/` and `cano/adapters/` are
/// included one by one, by who wants them.

// IWYU pragma: begin_exports
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/cron_expression.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/state.hpp>
#include <cano/store/key.hpp>
#include <cano/store/key_value_store.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/task/retry_policy.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/timer.hpp>
#include <cano/time/zone_rules.hpp>
#include <cano/version.hpp>
// IWYU pragma: end_exports
