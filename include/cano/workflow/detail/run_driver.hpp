// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_driver_base.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/awaitable_host.hpp>
#include <cano/workflow/detail/run.hpp>
#include <cano/workflow/detail/run_event.hpp>

namespace cano::detail {

/// Carries out what a run asks for: a loop that starts attempts, resumes their coroutines, takes
/// what they gave, and returns when something waits. It is no coroutine.
///
/// It is the environment of the attempts' coroutines, and owns that of the attempt under way. One
/// may drive several runs, one after the other.
template <StateLike State, class Store> class RunDriver : public RunDriverBase {
 public:
  using RunType = Run<State, Store>;

  void awaitable_ended() override {
    if (reports_waits()) report_resumed();
    if (!run_->has_failed()) {
      run_->attempt_returned(static_cast<AwaitableResult<State>&>(*host()).take());
    }
    go_on(Event::AttemptEnded);
  }

 protected:
  using RunDriverBase::RunDriverBase;
  ~RunDriver() { destroy_attempt(); }

  template <class... Args> RunType& set_up(Args&&... args) {
    run_.emplace(std::forward<Args>(args)...);
    drives(&*run_);
    return *run_;
  }
  RunType& run_under_way() noexcept { return *run_; }
  void drop_run() noexcept {
    drives(nullptr);
    run_.reset();
  }

  /// Goes on until the run waits (false) or has ended (true).
  [[nodiscard]] bool drive(Event event) {
    for (;;) {
      while (event == Event::AttemptEnded && run_->hop_to_attempt()) {
        if (!start_attempt()) return false;
      }
      switch (run_->resume(event)) {
        case Action::Attempt:
          if (!start_attempt()) return false;
          event = Event::AttemptEnded;
          continue;
        case Action::Gate:
          if (!start_gate()) return false;
          event = Event::GatePassed;
          continue;
        case Action::Yield:
          after_pause_ = Event::Yielded;
          pause(Duration::zero());
          return false;
        case Action::Pause:
          after_pause_ = Event::RetryDue;
          pause(run_->pause());
          return false;
        case Action::Undo:
          if (!start_undo()) return false;
          event = Event::Undone;
          continue;
        case Action::Hop:
        case Action::End:
          break;
      }
      disarm();
      return true;
    }
  }

  /// The run has ended. May destroy this object.
  virtual void ended() = 0;

  /// Destroys the coroutine of the attempt under way, when nothing else will end it.
  void destroy_attempt() noexcept {
    destroy_awaited_frames();
    innermost_ = nullptr;
    attempt_.destroy();
    destroy_gate();
    destroy_undo();
  }

 private:
  void go_on(Event event) {
    if (scope().is_cancelled()) [[unlikely]]
      run_->checkpoint_next();
    if (drive(event)) ended();
  }

  // Whether the attempt has ended; otherwise it waits.
  [[gnu::always_inline]] bool start_attempt() {
    try {
      Async<State> work = run_->start_attempt();
      attempt_.reset(AsyncAccess::release(work));
    } catch (...) {
      run_->attempt_threw(caught_failure());
      return true;
    }
    if (attempt_) [[likely]] {
      set_root(attempt_);
      throw_if_cancelled(true);  // whatever the attempt before has set
      run(root_);
      if (attempt_.get().done()) [[likely]] {
        take_attempt();
        return true;
      }
    }
    attempt_waits();
    return false;
  }

  [[gnu::always_inline]] void take_attempt() {
    Promise<State>& promise = attempt_.promise();
    if (std::exception_ptr* const thrown = promise.exception()) [[unlikely]] {
      run_->attempt_threw(Failure{std::move(*thrown), FailureTraits{}});
    } else {
      run_->attempt_returned(promise.value());
    }
    innermost_ = nullptr;
    attempt_.destroy();
  }

  void finished() override {
    if (!attempt_) [[unlikely]] {
      if (is_at_gate()) {
        take_gate();
        return go_on(Event::GatePassed);
      }
      take_undo();
      return go_on(Event::Undone);
    }
    take_attempt();
    go_on(Event::AttemptEnded);
  }
  void pause_ended() override { go_on(after_pause_); }

  std::optional<RunType> run_;
  CoroutineOwner<State> attempt_;
  Event after_pause_ = Event::Yielded;
};

}  // namespace cano::detail
