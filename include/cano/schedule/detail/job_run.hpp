// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/detail/effects.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/run_handle.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano::detail {

/// One run of a job: the environment of the job's coroutine, and of all that this awaits.
///
/// It belongs to its loop: it ends with the coroutine, or when the execution context is destroyed.
///
/// **Threads.** What is not said to be called from any thread belongs to the loop.
///
/// `Host` has `now()`, and reports: it has `run_began(run)`, `run_ended(run, end)`, and
/// `run_lost(run)` for when the execution context is destroyed under the run.
template <class Host> class JobRun final : public RootEnvironment {
 public:
  using Job = typename Host::Job;

  JobRun(std::shared_ptr<Host> host, const asio::any_io_executor& executor,
         typename Effects<Job>::Start start)
      : RootEnvironment{*loop_of(executor), link_of(executor)},
        host_{std::move(host)},
        job_{std::move(start.job)},
        ticket_{std::move(start.ticket)},
        key_{start.key} {
    occurrence_.id = job_->id;
    occurrence_.nominal = ticket_.nominal;
    occurrence_.missed = ticket_.missed;
    occurrence_.triggered = ticket_.triggered;
    occurrence_.run = start.number;
    occurrence_.stop = stop_.get_token();
  }

  // Last, when the end has been reported: a loop without members has nothing more to do.
  ~JobRun() {
    if (began_) loop().leave(*this);
  }

  Job& job() const noexcept { return *job_; }
  std::uint64_t key() const noexcept { return key_; }
  const typename Job::Ticket& ticket() const noexcept { return ticket_; }
  const Occurrence& occurrence() const noexcept { return occurrence_; }

  /// How long it has been running.
  Duration elapsed(Moment now) const noexcept { return began_ ? now.steady - *began_ : Duration{}; }

  /// For others; before it is launched.
  RunHandle handle() { return RunHandle{link(), this, stop_}; }

  /// Starts it, never inside this call. From any thread.
  static void launch(std::unique_ptr<JobRun> run) {
    const Loop::Pointer loop{&run->loop()};
    JobRun* const self = run.release();
    const bool is_posted = loop->post(self, [](void* object, bool runs) {
      auto* const launched = static_cast<JobRun*>(object);
      if (runs) {
        launched->begin();
      } else {
        launched->lose();
      }
    });
    if (!is_posted) self->lose();
  }

  // ---- the environment

  asio::any_io_executor awaitable_executor() override { return EnvironmentExecutor{link()}; }

  void cancel_work() noexcept override {
    stop_.request_stop();
    RootEnvironment::cancel_work();
  }

  void abandon() noexcept override {
    destroy_awaited_frames();
    coroutine_.destroy();
    lose();
  }

 private:
  void begin() {
    loop().join(*this);  // which cancels it where the loop is stopping
    const Moment now = host_->now();
    began_ = now.steady;
    occurrence_.actual = now.wall;
    occurrence_.lateness = std::max(Duration::zero(), now.steady - ticket_.due);
    host_->run_began(*this);
    if (stop_.stop_requested()) return end(RunEnd{Outcome::Cancelled, nullptr, std::nullopt});
    std::exception_ptr thrown;
    try {
      auto work = job_->body->run(occurrence_);
      coroutine_ = AsyncAccess::coroutine(work);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) return end(end_of(std::move(thrown)));
    coroutine_.promise().set_root(*this);
    root_ = coroutine_.get();
    innermost_ = &coroutine_.promise();
    resume(root_);
  }

  void finished() override {
    auto& promise = coroutine_.promise();
    std::exception_ptr* const thrown = promise.exception();
    RunEnd result = thrown != nullptr ? end_of(std::move(*thrown)) : promise.value();
    coroutine_.destroy();
    end(std::move(result));
  }

  // As of a workflow: a failure after a stop was requested is a cancellation, whatever it says.
  RunEnd end_of(std::exception_ptr thrown) const {
    return RunEnd{stop_.stop_requested() ? Outcome::Cancelled : Outcome::Failed, std::move(thrown),
                  std::nullopt};
  }

  void end(RunEnd result) {
    const std::unique_ptr<JobRun> self{this};
    host_->run_ended(*this, std::move(result));
  }

  // The execution context is being destroyed.
  void lose() noexcept {
    const std::unique_ptr<JobRun> self{this};
    host_->run_lost(*this);
  }

  std::shared_ptr<Host> host_;
  std::shared_ptr<Job> job_;
  typename Job::Ticket ticket_;
  std::uint64_t key_;
  std::stop_source stop_;
  Occurrence occurrence_;
  std::optional<steady_time> began_;
  CoroutineOwner<RunEnd> coroutine_;
};

}  // namespace cano::detail
