// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <stop_token>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/detail/member_call.hpp>
#include <cano/detail/serial_context.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/task/detail/run_stop.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/sleep.hpp>
#include <cano/time/yield_now.hpp>
#include <cano/workflow/detail/step.hpp>

// g++ counts the frames of these coroutines to this header, and warns of every type of an unnamed
// namespace in one that a scheduler runs.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace cano::detail {

// Where there is a scope, all that can cancel the coroutine goes through it.
inline bool was_interrupted(const RunScope* scope, const asio::cancellation_state& state) noexcept {
  if (scope != nullptr) return scope->interrupted() != Interrupt::None;
  return state.cancelled() != asio::cancellation_type::none;
}

/// For a coroutine that drives a single run.
struct NoOtherRun {
  Step operator()() const noexcept { return Step::Finished; }
};

/// Does what `run` asks for, from `step` on, until it is finished. Failures of tasks end up in
/// `run`. When it is finished, `next()` may put another run in its place, and tells its first step.
///
/// One such frame exists for every instance of a batch that waits: a pause is a coroutine of its
/// own, whose timer would otherwise lie in it, used or not.
template <class Machine, class Next = NoOtherRun>
asio::awaitable<void> drive(Machine& run, Step step, Next next = {}) {
  RunScope* const scope = run.core().scope();
  TaskContext context = run.context();
  if (step == Step::Begin) step = run.advance();
  while (step != Step::Finished) {
    try {
      if (step == Step::Attempt) {
        do {
          auto attempt = run.start_attempt(context);
          require_started(attempt, context);
          run.attempt_returned(co_await std::move(attempt));
          if (!run.is_on_short_way()) break;
          const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
          if (was_interrupted(scope, state)) break;
        } while (run.hop_to_attempt());
      } else if (step == Step::Pause) {
        auto pause = sleep_for(run.pause());
        co_await std::move(pause);
      } else {
        auto turn = yield_now();
        co_await std::move(turn);
      }
    } catch (...) {
      if (step == Step::Attempt) run.attempt_threw(caught_failure());
    }
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (was_interrupted(scope, state)) {
      if (scope == nullptr) run.cancelled_by_caller();
      run.stop_over_next();
    }
    step = run.advance();
    if (scope != nullptr && scope->interrupted() == Interrupt::AttemptTimeout) {
      // The attempt that was cancelled is over; what comes now must not be cancelled with it.
      co_await asio::this_coro::reset_cancellation_state();
      scope->resume();
    }
    if (step == Step::Finished) {
      const bool interrupted = scope != nullptr && scope->interrupted() != Interrupt::None;
      step = next();
      if (interrupted && step != Step::Finished) {
        co_await asio::this_coro::reset_cancellation_state();
      }
    }
  }
  if (scope != nullptr) {
    scope->close();
    // Asio's co_spawn awaits once more behind a coroutine that never waited; were it cancelled,
    // that would throw, past the handler, out of the executor.
    co_await asio::this_coro::throw_if_cancelled(false);
  }
}

/// Starts the coroutine of a run that can be interrupted, bound to its scope's signal.
///
/// The caller's slot belongs to the caller's executor; all else happens on the run's, where a stop
/// request or a limit may already be on its way.
struct StartInScope {
  template <class Handler, class Machine>
  void operator()(Handler handler, Machine* run, std::shared_ptr<RunScope> scope) const {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      // The caller emits on its own executor; the scope lives on the run's.
      slot.assign([target = std::weak_ptr{scope}](asio::cancellation_type) {
        if (const auto alive = target.lock()) {
          asio::dispatch(alive->executor(), member_call<&RunScope::stop>(alive));
        }
      });
    }
    asio::dispatch(scope->executor(), [handler = std::move(handler), run, scope]() mutable {
      run->attach(*scope);
      run->stop_over_next();  // the caller's signal may be faster than the first hop
      asio::co_spawn(scope->executor(), drive(*run, Step::Begin),
                     asio::bind_cancellation_slot(scope->slot(), std::move(handler)));
    });
  }
};

/// An executor over `executor` that runs one handler at a time: a signal may only be emitted where
/// nothing else of its operation runs.
inline asio::any_io_executor serial_executor(const asio::any_io_executor& executor) {
  if (is_serial(executor)) return executor;
  return asio::make_strand(executor);
}

/// Brings a stop request, from whichever thread, to the run: to its next hop at once, and to what
/// it awaits by way of its executor.
struct RequestStop {
  RunStop* stop;
  std::weak_ptr<RunScope> scope;
  asio::any_io_executor executor;

  void operator()() const {
    stop->request();
    asio::post(executor, member_call<&RunScope::stop>(scope));
  }
};

/// The scope of a run that has no lane, with the executor that was made for it.
struct OwnScope : RunScope {
  explicit OwnScope(asio::any_io_executor serial) : RunScope{serial_}, serial_{std::move(serial)} {}

 private:
  asio::any_io_executor serial_;
};

/// As `drive`, in a coroutine of its own that stop requests, limits and the caller can cancel. It
/// returns when that coroutine has ended.
template <class Machine>
asio::awaitable<void> drive_in_scope(Machine& run, const std::stop_token& stop) {
  const auto scope =
      std::make_shared<OwnScope>(serial_executor(co_await asio::this_coro::executor));
  RunStop run_stop{stop};
  run.watch(run_stop);
  const std::stop_callback on_stop{stop, RequestStop{&run_stop, scope, scope->executor()}};
  auto joined = asio::async_initiate<const asio::deferred_t&, void(std::exception_ptr)>(
      StartInScope{}, asio::deferred, &run, scope);
  co_await std::move(joined);
}

}  // namespace cano::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
