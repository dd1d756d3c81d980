// SPDX-License-Identifier: MIT
#pragma once

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// Tells the observers when a phase starts, and when it ends: by `done`, or failed by an exception.
class PhaseReport {
 public:
  PhaseReport(TaskContext& context, Phase phase) : run_{RunAccess::run(context)}, phase_{phase} {
    if (run_.observers() == nullptr) return;
    began_ = run_.clock().now();
    run_.report_phase_start(phase, began_);
  }
  PhaseReport(const PhaseReport&) = delete;
  PhaseReport& operator=(const PhaseReport&) = delete;
  ~PhaseReport() {
    if (run_.observers() != nullptr) run_.report_phase_end(phase_, failed_, began_);
  }

  void done(bool failed) noexcept { failed_ = failed; }

 private:
  RunCore& run_;
  Phase phase_;
  bool failed_ = true;
  steady_time began_{};
};

}  // namespace cano::detail
