// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>

namespace cano::detail {

/// The description of an event but for its fields: cheap enough to ask whether it is wanted.
struct EventHead {
  std::string_view name;  // stable, for programs
  Level level;
  std::string_view target;   // what a log filter names
  std::string_view message;  // for people
  const RunInfo* run = nullptr;
  std::string_view state{};
  std::size_t attempt = 0;    // 0 outside of attempts
  std::string_view run_id{};  // without a `run`: of the job's run, if it has begun
};

/// When it happened, by the wall clock and by the steady one.
template <class Event> system_time wall_time_of(const Event& event) {
  if constexpr (requires { event.wall_at; }) {
    return event.wall_at;
  } else {
    return event.at;
  }
}
template <class Event> steady_time steady_time_of(const Event& event) {
  if constexpr (requires { event.steady_at; }) {
    return event.steady_at;
  } else {
    return event.at;
  }
}

inline constexpr std::string_view workflow_target = "cano::workflow";
inline constexpr std::string_view task_target = "cano::task";
inline constexpr std::string_view concurrent_target = "cano::concurrent";
inline constexpr std::string_view compose_target = "cano::compose";
inline constexpr std::string_view limit_target = "cano::limit";
inline constexpr std::string_view schedule_target = "cano::schedule";
inline constexpr std::string_view app_target = "app";  // what tasks themselves say

inline Field elapsed_field(Duration elapsed) { return {"elapsed_ms", milliseconds_of(elapsed)}; }
inline Field attempts_field(std::size_t max_attempts) {
  if (max_attempts == unlimited) return {"max_attempts", "unlimited"};
  return {"max_attempts", max_attempts};
}
inline Field text_field(std::string name, std::string_view text) {
  return {std::move(name), std::string{text}};
}

// A run that stops when it is asked to has done well.
constexpr Level level_of(Outcome outcome) noexcept {
  return outcome == Outcome::Failed ? Level::Error : Level::Info;
}

}  // namespace cano::detail
