// SPDX-License-Identifier: MIT
#pragma once

#include <cano/duration.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// Reports to the observers when a phase starts, and when it ends: by `done`, or failed by an
/// exception.
///
/// What it does for observers is kept out of line, and is not handed the object itself: where
/// there is no observer, a phase costs one question and can be inlined together with the next one.
class PhaseReport {
 public:
  [[gnu::always_inline]] PhaseReport(TaskContext& context, Phase phase)
      : run_{watched(RunAccess::run(context))}, phase_{phase} {
    if (run_ != nullptr) [[unlikely]]
      began_ = begin(*run_, phase_);
  }
  PhaseReport(const PhaseReport&) = delete;
  PhaseReport& operator=(const PhaseReport&) = delete;
  ~PhaseReport() {
    if (run_ != nullptr) [[unlikely]]
      end(*run_, phase_, failed_, began_);
  }

  void done(bool failed) noexcept { failed_ = failed; }

 private:
  static RunBase* watched(RunBase& run) noexcept { return run.is_observed() ? &run : nullptr; }

  [[gnu::noinline]] static steady_time begin(RunBase& run, Phase phase) {
    return run.reporter().phase_started(run.visit(), phase);
  }
  [[gnu::noinline]] static void end(RunBase& run, Phase phase, bool failed, steady_time began) {
    const bool is_cancelled = failed && run.stop_was_requested();
    run.reporter().phase_finished(run.visit(), phase, failed && !is_cancelled, is_cancelled, began);
  }

  RunBase* run_;  // null without observers
  Phase phase_;
  bool failed_ = true;
  steady_time began_{};
};

}  // namespace cano::detail
