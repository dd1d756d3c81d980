// SPDX-License-Identifier: MIT
#pragma once

// An observer that writes every event of a run as one line.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>

namespace engine {

class EventLog final : public cano::Observer {
 public:
  std::vector<std::string> lines;

  void on_run_started(const cano::RunStarted& e) override {
    add("run_started " + std::string{e.state});
  }
  void on_run_finished(const cano::RunFinished& e) override {
    std::string line = "run_finished " + std::string{to_string(e.outcome)} + ' ' +
                       std::string{e.state} + " transitions=" + std::to_string(e.transitions) +
                       " attempts=" + std::to_string(e.attempts) + ' ' + ms(e.elapsed);
    if (!e.error.empty()) line += " '" + std::string{e.error} + '\'';
    add(line);
  }
  void on_state_entered(const cano::StateEntered& e) override {
    add("state_entered " + std::string{e.state});
  }
  void on_attempt_started(const cano::AttemptStarted& e) override {
    add("attempt_started " + std::string{e.state} + ' ' + std::to_string(e.attempt) + '/' +
        std::to_string(e.max_attempts));
  }
  void on_attempt_succeeded(const cano::AttemptSucceeded& e) override {
    add("attempt_succeeded " + std::string{e.state} + ' ' + std::to_string(e.attempt) + " -> " +
        std::string{e.next_state} + ' ' + ms(e.elapsed));
  }
  void on_attempt_failed(const cano::AttemptFailed& e) override {
    add("attempt_failed " + std::string{e.state} + ' ' + std::to_string(e.attempt) + '/' +
        std::to_string(e.max_attempts) + " '" + std::string{e.error} + '\'' +
        (e.timed_out ? " timed_out" : "") + (e.will_retry ? " will_retry" : " gives_up") + ' ' +
        ms(e.elapsed));
  }
  void on_attempt_cancelled(const cano::AttemptCancelled& e) override {
    add("attempt_cancelled " + std::string{e.state} + ' ' + std::to_string(e.attempt) + ' ' +
        ms(e.elapsed));
  }
  void on_retry_pause(const cano::RetryPause& e) override {
    add("retry_pause " + std::string{e.state} + ' ' + std::to_string(e.attempt) + ' ' +
        ms(e.delay));
  }
  void on_phase_started(const cano::PhaseStarted& e) override {
    add("phase_started " + std::string{e.state} + ' ' + std::to_string(e.attempt) + ' ' +
        std::string{to_string(e.phase)});
  }
  void on_phase_finished(const cano::PhaseFinished& e) override {
    add("phase_finished " + std::string{e.state} + ' ' + std::to_string(e.attempt) + ' ' +
        std::string{to_string(e.phase)} +
        (e.failed      ? " failed "
         : e.cancelled ? " cancelled "
                       : " ") +
        ms(e.elapsed));
  }
  void on_log(const cano::LogRecord& e) override {
    std::string line = "log " + std::string{e.state} + ' ' + std::to_string(e.attempt) + ' ' +
                       std::string{to_string(e.level)} + ' ' + std::string{e.message};
    for (const cano::Field& field : e.fields)
      line += ' ' + field.name;
    add(line);
  }

 private:
  static std::string ms(cano::Duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           "ms";
  }
  void add(std::string line) { lines.push_back(std::move(line)); }
};

}  // namespace engine
