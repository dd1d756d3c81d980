// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <coroutine>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/run_context.hpp>
#include <cano/engine/detail/run_driver_base.hpp>
#include <cano/engine/detail/run_id.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/time/clock.hpp>
#include <cano/wait_kind.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/run.hpp>
#include <cano/workflow/detail/run_driver.hpp>
#include <cano/workflow/detail/run_event.hpp>

// g++ counts the frames of this file's coroutine to this header, and warns of every type of an
// unnamed namespace in one that a scheduler runs.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace cano::detail {

/// The shorter of the limits that the workflow and the call set on a run; `Duration::max()` where
/// neither does. Not optional: the copy of one that was just made stalls the processor for 7 ns.
template <class Definition>
Duration total_timeout(const Definition& definition, const RunOptions& options) {
  return std::min(options.timeout.value_or(Duration::max()),
                  definition.total_timeout.value_or(Duration::max()));
}

/// What events say of the run; where there will be any, the run must have its id by then.
/// `context` may be null, and must outlive what it is for.
template <class Definition>
RunInfo run_info(const Definition& definition, RunOptions& options, const RunContext* context) {
  const bool is_observed =
      !definition.observers.empty() || (context != nullptr && context->inherits_observers);
  if (options.run_id.empty() && is_observed) options.run_id = make_run_id();
  RunInfo info{.run_id = options.run_id, .span = definition.span.get()};
  if (context != nullptr) context->complete(info);
  return info;
}
inline const ObserverList* inherited_observers(const RunContext* context) noexcept {
  return context != nullptr && context->inherits_observers ? &context->observers : nullptr;
}

/// A run that a coroutine waits for, stored in its frame.
template <StateLike State, class Store>
class AwaitedRun final : public RunDriver<State, Store>, public Cancellable {
 public:
  AwaitedRun(Environment& parent, const Definition<State, Store>& definition, Store& store,
             RunOptions& options, const RunContext* context)
      : RunDriver<State, Store>{parent.loop(), &parent} {
    if (options.stop.stop_possible()) watch(options.stop);
    const Clock clock = Clock::of(this->loop());
    auto& run =
        this->set_up(definition, store, run_info(definition, options, context), options.run_id,
                     clock, clock.now(), this->scope(), stop_, inherited_observers(context));
    const Duration timeout = total_timeout(definition, options);
    if (timeout != Duration::max()) run.limit(timeout);
  }
  ~AwaitedRun() {
    on_stop_.reset();
    this->unlink();
  }

  using RunDriverBase::cancel;

  auto& run() noexcept { return this->run_under_way(); }

  /// Starts the run. Whether `coroutine` has to wait for it.
  bool start(std::coroutine_handle<> coroutine) {
    coroutine_ = coroutine;
    CancellationScope& outer = this->parent()->scope();
    if (outer.is_cancelled()) RunDriverBase::cancel(StopReason::Stop);
    outer.wait_begins(*this);
    if (!this->drive(Event::Started)) return true;
    outer.wait_ends();
    return false;
  }

 private:
  void cancel() noexcept override { RunDriverBase::cancel(StopReason::Stop); }
  Wait describe() const noexcept override { return {WaitKind::Children}; }
  void tell_places(std::vector<WaitPlace>& places) const override { this->add_places(places); }
  void ended() override { this->parent()->wait_ended(coroutine_); }

  void watch(const std::stop_token& token) {
    stop_ = {&this->link()->is_stop_requested(), token};
    on_stop_.emplace(token, RequestStop{this->link()});
  }

  std::coroutine_handle<> coroutine_;
  StopRequest stop_;
  std::optional<std::stop_callback<RequestStop>> on_stop_;
};

/// `co_await` of a run that is stored in the frame of the coroutine.
template <class Run> class RunAwaiter {
 public:
  RunAwaiter(Environment&, Run& run) noexcept : run_{run} {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return run_.start(coroutine); }
  void await_resume() const noexcept {}

 private:
  Run& run_;
};
template <class State, class Store> struct OperandAwaiter<AwaitedRun<State, Store>&> {
  using type = RunAwaiter<AwaitedRun<State, Store>>;
};

/// How a run reports its end: by its state or its exception, or by a result.
struct StateOrThrow {
  template <class Run> static auto of(Run& run) { return run.take_state_or_throw(); }
};
/// Reports by a `WorkflowResult`.
struct AsResult {
  template <class Run> static auto of(Run& run) { return run.take_result(); }
};

/// Reports by a `WorkflowResult`, with what the run has done and was not undone.
struct AsResultAndUndo {
  template <class Result> struct Ended {
    Result result;
    std::vector<UndoEntry> undo;
  };
  template <class Run> static auto of(Run& run) {
    Ended<decltype(run.take_result())> ended{run.take_result(), {}};
    if (run.has_undo_log()) ended.undo = run.undo_list().take();
    return ended;
  }
};

template <class End, StateLike State, class Store>
Async<decltype(End::of(std::declval<Run<State, Store>&>()))> orchestrate(
    std::shared_ptr<const Definition<State, Store>> definition, Store& store, RunOptions options) {
  Environment& environment = co_await ThisEnvironment{};
  const auto context = run_context(environment, definition->observers, definition->span.get());
  AwaitedRun<State, Store> run{environment, *definition, store, options, context.get()};
  co_await run;
  co_return End::of(run.run());
}

}  // namespace cano::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
