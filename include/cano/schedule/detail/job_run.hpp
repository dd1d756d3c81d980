// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/outer_run.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/detail/actions.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/pending_run.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/job_outcome.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano::detail {

/// One run of a job: the environment of the job's coroutine, and of all that this awaits.
///
/// It belongs to its loop: it ends with the coroutine, or when the execution context is destroyed.
/// Its stop source stops it, from any thread and before it has begun.
///
/// **Threads.** Everything but `launch` belongs to the loop.
class JobRun final : public RootEnvironment {
 public:
  /// The object that the run reports to.
  class Host {
   public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual Moment now() const = 0;
    virtual void run_began(const JobRun& run) = 0;
    virtual void run_ended(const JobRun& run, RunEnd end) = 0;
    /// The execution context is destroyed under the run.
    virtual void run_lost(const JobRun& run) noexcept = 0;

   protected:
    ~Host() = default;
  };

  JobRun(std::shared_ptr<Host> host, const asio::any_io_executor& executor, RunStart start)
      : JobRun{std::move(host), *loop_of(executor), link_of(executor), std::move(start)} {}

  // Last, when the end has been reported: a loop without members has nothing more to do.
  ~JobRun() {
    if (began_) loop().leave(*this);
  }

  Job& job() const noexcept { return *start_.job; }
  std::uint64_t key() const noexcept { return start_.key; }
  const PendingRun& pending() const noexcept { return start_.run; }
  const Occurrence& occurrence() const noexcept { return start_.run.occurrence; }
  /// "nightly#7".
  const std::string& run_id() const noexcept { return run_id_; }

  /// When it began, if it has.
  steady_time began() const noexcept { return began_.value_or(steady_time{}); }

  /// The occurrence with its end, which is now.
  JobOutcome outcome(RunEnd&& end, Moment now) const {
    JobOutcome outcome;
    static_cast<Occurrence&>(outcome) = occurrence();
    outcome.stop = {};
    outcome.outcome = end.outcome;
    outcome.error = std::move(end.error);
    outcome.started = occurrence().actual;
    if (began_) outcome.elapsed = now.steady - *began_;
    return outcome;
  }

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
  const asio::any_io_executor& coroutine_executor() override { return link()->executor(); }

  bool find_outer_run(OuterRun& run) override {
    run.run_id = run_id_;
    return true;
  }

  void cancel_work() noexcept override {
    const std::stop_source stop = start_.stop;  // the run may end inside the call
    stop.request_stop();
  }

  void abandon() noexcept override {
    destroy_awaited_frames();
    coroutine_.destroy();
    lose();
  }

 private:
  JobRun(std::shared_ptr<Host> host, Loop& loop, EnvironmentLink* origin, RunStart start)
      : RootEnvironment{loop, origin,
                        std::make_shared<const WorkTag>(
                            WorkTag{start.stop.get_token(),
                                    origin == nullptr ? nullptr : origin->work_tag()})},
        host_{std::move(host)},
        start_{std::move(start)},
        run_id_{run_id_of(start_.run.occurrence)} {
    start_.run.occurrence.stop = start_.stop.get_token();
    on_stop_.emplace(start_.stop.get_token(), RequestStop{link()});
  }

  void begin() {
    loop().join(*this);  // which cancels it where the loop is stopping
    const Moment now = host_->now();
    began_ = now.steady;
    Occurrence& occurrence = start_.run.occurrence;
    occurrence.actual = now.wall;
    occurrence.lateness = std::max(Duration::zero(), now.steady - start_.run.due);
    host_->run_began(*this);
    if (start_.stop.stop_requested()) return end(RunEnd{Outcome::Cancelled, nullptr, std::nullopt});
    std::exception_ptr thrown;
    try {
      auto work = job().body->run(occurrence);
      coroutine_ = AsyncAccess::coroutine(work);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) return end(end_of(std::move(thrown)));
    set_root(coroutine_);
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
    return RunEnd{start_.stop.stop_requested() ? Outcome::Cancelled : Outcome::Failed,
                  std::move(thrown), std::nullopt};
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
  RunStart start_;
  std::string run_id_;
  std::optional<std::stop_callback<RequestStop>> on_stop_;
  std::optional<steady_time> began_;
  CoroutineOwner<RunEnd> coroutine_;
};

}  // namespace cano::detail
