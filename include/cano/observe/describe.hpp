// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/detail/describe_run.hpp>       // IWYU pragma: export
#include <cano/observe/detail/describe_schedule.hpp>  // IWYU pragma: export
#include <cano/observe/detail/event_head.hpp>         // IWYU pragma: export
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>

namespace cano {

/// An event in words and fields, of one form for all events: what logs and traces are made of.
///
/// Names and fields are stable: programs may rely on them.
struct EventDescription {
  std::string_view name;     ///< Such as "attempt_failed".
  Level level;               ///< How much it matters.
  std::string_view target;   ///< What a log filter names, such as "cano::task".
  std::string_view message;  ///< For people, such as "Attempt failed".
  const RunInfo* run;        ///< Which run; null for events of jobs and circuit breakers.
  std::string_view state;    ///< Its state, by name; empty outside of states.
  std::size_t attempt;       ///< From 1; 0 outside of attempts.
  std::string_view run_id;   ///< Without a `run`: of the run of a job, once it has begun.
  steady_time at;
  system_time wall_at;        ///< The same, by the wall clock.
  std::vector<Field> fields;  ///< The rest, such as "error" and "elapsed_ms".
};

/// The description of an event, for an observer that treats all alike.
///
///     void on_attempt_failed(const AttemptFailed& event) override { send(describe(event)); }
///
/// **Lifetime.** All but the fields are views of the event.
template <class Event> EventDescription describe(const Event& event) {
  const detail::EventHead head = detail::head_of(event);
  return {head.name,
          head.level,
          head.target,
          head.message,
          head.run,
          head.state,
          head.attempt,
          head.run_id,
          detail::steady_time_of(event),
          detail::wall_time_of(event),
          detail::fields_of(event)};
}

}  // namespace cano
