// SPDX-License-Identifier: MIT
#pragma once

// Plays the events of a run to an observer, as the engine would, on a clock of its own.

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>

class EventScript {
 public:
  EventScript(cano::Observer& to, std::string run_id)
      : EventScript{to, std::move(run_id), nullptr} {}
  EventScript(cano::Observer& to, std::string run_id, const cano::Span* span)
      : to_{to}, run_id_{std::move(run_id)}, info_{.run_id = run_id_, .span = span} {}
  EventScript(cano::Observer& to, std::string run_id, std::size_t instance,
              const cano::Span* span = nullptr)
      : EventScript{to, std::move(run_id), span} {
    info_.instance_id = instance;
    info_.in_batch = true;
  }
  EventScript(const EventScript&) = delete;
  EventScript& operator=(const EventScript&) = delete;

  const cano::RunInfo& info() const { return info_; }
  cano::steady_time now() const { return now_; }
  void wait(cano::Duration time) { now_ += time; }

  /// The following events are of an undo.
  void undoes() { info_.undo = true; }

  void started(std::string_view state) { to_.on_run_started({info_, state, now_}); }
  void finished(cano::Outcome outcome, std::string_view state, std::string_view error = {}) {
    to_.on_run_finished(
        {info_, outcome, state, error, transitions_, attempts_, now_ - cano::steady_time{}, now_});
  }
  void entered(std::string_view state) {
    state_ = state;
    attempt_ = 0;
    state_entered_ = now_;
    to_.on_state_entered({info_, state_, now_});
  }
  void attempt(std::size_t max_attempts = 1) {
    ++attempts_;
    ++attempt_;
    max_attempts_ = max_attempts;
    attempt_began_ = now_;
    to_.on_attempt_started({info_, state_, attempt_, max_attempts_, now_});
  }
  void succeeded(std::string_view next) {
    ++transitions_;
    to_.on_attempt_succeeded(
        {info_, state_, attempt_, next, now_ - attempt_began_, now_ - state_entered_, now_});
  }
  void failed(std::string_view error, bool will_retry = false, bool timed_out = false) {
    to_.on_attempt_failed({info_, state_, attempt_, max_attempts_, error, timed_out, will_retry,
                           now_ - attempt_began_, now_ - state_entered_, now_});
  }
  void cancelled() {
    to_.on_attempt_cancelled(
        {info_, state_, attempt_, now_ - attempt_began_, now_ - state_entered_, now_});
  }
  void paused(cano::Duration delay) {
    to_.on_retry_pause({info_, state_, attempt_, delay, now_});
    now_ += delay;
  }
  void phase(cano::Phase phase, cano::Duration time, bool failed = false) {
    to_.on_phase_started({info_, state_, attempt_, phase, now_});
    now_ += time;
    to_.on_phase_finished({info_, state_, attempt_, phase, failed, time, now_});
  }
  void log(cano::Level level, std::string_view message,
           std::initializer_list<cano::Field> fields = {}) {
    const std::vector<cano::Field> all{fields};
    to_.on_log({info_, state_, attempt_, level, message, all, now_});
  }

  /// Enters a state, works that long in one attempt and goes to the next one.
  void hop(std::string_view state, cano::Duration time, std::string_view next) {
    entered(state);
    attempt();
    wait(time);
    succeeded(next);
  }

 private:
  cano::Observer& to_;
  std::string run_id_;
  cano::RunInfo info_;
  cano::steady_time now_{};
  cano::steady_time attempt_began_{};
  cano::steady_time state_entered_{};
  std::string state_;
  std::size_t attempt_ = 0;
  std::size_t max_attempts_ = 1;
  std::size_t attempts_ = 0;
  std::size_t transitions_ = 0;
};

/// What an attacker or a binary file would put into a string: quotes, a second line, a terminal's
/// escape sequence, NUL, the sign that turns the direction of writing, and bytes that are no UTF-8.
inline constexpr char hostile_bytes[] =
    "a\"b\\c\nINFO forged\r\t\x1b[31m\0\x7f\xE2\x80\xAE\xE2\x80\xA8 \xff\xC3 \xC3\xA4";
inline const std::string malformed_text{hostile_bytes, sizeof hostile_bytes - 1};
