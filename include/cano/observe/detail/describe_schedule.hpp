// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/detail/event_head.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/detail/time_text.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>

// The description of each event of a circuit breaker or a scheduled job, see describe.hpp.
namespace cano::detail {

// ---- limits

inline EventHead head_of(const CircuitChanged& e) {
  const std::string_view message = e.to == CircuitState::Closed ? "Circuit closed"
                                   : e.to == CircuitState::Open ? "Circuit opened"
                                                                : "Circuit half open";
  return {"circuit_changed", e.to == CircuitState::Open ? Level::Warn : Level::Info, limit_target,
          message};
}
inline std::vector<Field> fields_of(const CircuitChanged& e) {
  std::vector<Field> fields{text_field("breaker", e.breaker), text_field("from", to_string(e.from)),
                            text_field("to", to_string(e.to)), Field{"forced", e.forced}};
  if (e.open_for) fields.emplace_back("open_for_ms", milliseconds_of(*e.open_for));
  return fields;
}

// ---- scheduled jobs

inline void add_nominal(std::vector<Field>& fields, const std::optional<system_time>& nominal) {
  if (nominal) fields.emplace_back("nominal", time_text(*nominal));
}

inline void add_count(std::vector<Field>& fields, std::uint64_t count) {
  if (count > 1) fields.emplace_back("count", count);
}

inline EventHead head_of(const OccurrenceDue&) {
  return {"occurrence_due", Level::Debug, schedule_target, "Job is due"};
}
inline std::vector<Field> fields_of(const OccurrenceDue& e) {
  std::vector<Field> fields{text_field("job", e.job)};
  add_nominal(fields, e.nominal);
  add_count(fields, e.count);
  return fields;
}

inline EventHead head_of(const OccurrenceQueued&) {
  return {"occurrence_queued", Level::Debug, schedule_target, "Job is queued"};
}
inline std::vector<Field> fields_of(const OccurrenceQueued& e) {
  std::vector<Field> fields{text_field("job", e.job)};
  add_nominal(fields, e.nominal);
  return fields;
}

inline EventHead head_of(const OccurrenceStarted& e) {
  EventHead head{"occurrence_started", Level::Info, schedule_target, "Job started"};
  head.run_id = e.run_id;
  return head;
}
inline std::vector<Field> fields_of(const OccurrenceStarted& e) {
  std::vector<Field> fields{text_field("job", e.job), Field{"run", e.run}};
  add_nominal(fields, e.nominal);
  fields.emplace_back("lateness_ms", milliseconds_of(e.lateness));
  if (e.missed > 0) fields.emplace_back("missed", e.missed);
  return fields;
}

inline EventHead head_of(const OccurrenceFinished& e) {
  const std::string_view message = e.outcome == Outcome::Success  ? "Job succeeded"
                                   : e.outcome == Outcome::Failed ? "Job failed"
                                                                  : "Job was cancelled";
  EventHead head{"occurrence_finished", level_of(e.outcome), schedule_target, message};
  head.run_id = e.run_id;
  return head;
}
inline std::vector<Field> fields_of(const OccurrenceFinished& e) {
  std::vector<Field> fields{text_field("job", e.job), Field{"run", e.run},
                            text_field("outcome", to_string(e.outcome))};
  if (!e.error.empty()) fields.push_back(text_field("error", e.error));
  fields.push_back(elapsed_field(e.elapsed));
  return fields;
}

inline EventHead head_of(const OccurrenceSkipped&) {
  return {"occurrence_skipped", Level::Warn, schedule_target, "Job was skipped"};
}
inline std::vector<Field> fields_of(const OccurrenceSkipped& e) {
  std::vector<Field> fields{text_field("job", e.job), text_field("reason", to_string(e.reason))};
  add_nominal(fields, e.nominal);
  add_count(fields, e.count);
  return fields;
}

}  // namespace cano::detail
