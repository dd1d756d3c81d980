// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/async/detail/post_call.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/concurrent/concurrent_result.hpp>
#include <cano/concurrent/detail/instance_queue.hpp>
#include <cano/concurrent/detail/progress_report.hpp>
#include <cano/concurrent/detail/worker.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/concurrent_status.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_context.hpp>
#include <cano/engine/detail/run_id.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano::detail {

/// One call of `execute_concurrent`: hands instances to its workers, counts how they end, and
/// cancels the rest when it has waited long enough.
///
/// **Threads.** Workers call it from their own loops. What they write is atomic, or the result of
/// an instance that is theirs alone; the last worker to end publishes the results.
template <StateLike State, class Store>
class Batch : public std::enable_shared_from_this<Batch<State, Store>> {
 public:
  using StateType = State;
  using StoreType = Store;
  using Result = WorkflowResult<State>;
  using DefinitionType = Definition<State, Store>;
  using OnDone = OperationHandler<ConcurrentResult<State>>;

  Batch(std::shared_ptr<const DefinitionType> definition, std::span<Store> stores,
        WaitStrategy strategy, RunOptions options, ProgressCallback progress)
      : definition_{std::move(definition)},
        stores_{stores},
        strategy_{std::move(strategy)},
        quota_{quota_of(strategy_)},
        options_{std::move(options)},
        progress_{std::move(progress)},
        results_(stores.size()),
        queue_{stores.size()} {
    if (options_.run_id.empty()) options_.run_id = make_run_id();
    info_ = run_info(*definition_, options_, nullptr);
    info_.in_batch = true;
    timeout_ = total_timeout(*definition_, options_);
  }

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (on_done_ && !workers_.empty()) lose();
  }

  /// Takes what it has from the run in which it is started. Before it starts; may be null.
  void inherit(std::unique_ptr<const RunContext> context) {
    if (context == nullptr) return;
    context_ = std::move(context);
    context_->complete(info_);
    if (context_->inherits_observers) observers_ = &context_->observers;
  }
  const DefinitionType& definition() const noexcept { return *definition_; }

  /// The scheduled run that the batch is part of, or null. It is set before the batch starts.
  void set_work_tag(std::shared_ptr<const WorkTag> tag) noexcept { work_tag_ = std::move(tag); }
  const std::shared_ptr<const WorkTag>& work_tag() const noexcept { return work_tag_; }

  /// Starts a worker on each loop. Calls `on_done` once when every instance has ended; or wherever
  /// the last worker is destroyed with its context before that. `max_in_flight` bounds all workers
  /// together.
  ///
  /// It belongs to what its workers have queued. Nothing else may keep it beside `on_done`.
  void start(const std::vector<Loop::Pointer>& loops, std::size_t max_in_flight, OnDone on_done) {
    on_done_.emplace(std::move(on_done));
    const std::size_t count =
        std::max<std::size_t>(1, std::min({loops.size(), max_in_flight, stores_.size()}));
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t share = max_in_flight / count + (i < max_in_flight % count ? 1 : 0);
      workers_.push_back(std::make_unique<WorkerType>(*this, loops[i], share));
    }
    workers_left_ = count;
    started_ = control().now();
    report_start();
    arm();
    for (const auto& worker : workers_)  // of which nothing runs yet
      worker->post_round();
  }

  /// Ends the batch early, from any thread: starts nothing more, cancels what is under way.
  void cancel() {
    if (is_stop_requested_.exchange(true)) return;
    stop_source_.request_stop();
    for (const auto& worker : workers_)
      worker->post_cancel();
  }

  // ---- what workers call

  bool is_cancelled() const noexcept { return is_stop_requested_.load(std::memory_order_acquire); }
  bool nothing_left() const noexcept { return is_cancelled() || queue_.empty(); }
  bool counts_each() const noexcept { return quota_.has_value() || progress_.is_wanted(); }

  /// The next instances to start; none when the batch is cancelled.
  InstanceQueue::Range take(std::size_t at_most) noexcept {
    return is_cancelled() ? InstanceQueue::Range{} : queue_.take(workers_.size(), at_most);
  }

  template <class Instance> void set_up(Instance& instance, std::size_t index, steady_time now) {
    RunInfo info = info_;
    info.instance_id = index;
    auto& run = instance.set_up_run(*definition_, stores_[index], info, options_.run_id,
                                    Clock::of(instance.loop()), now, stop_, observers_);
    if (timeout_ != Duration::max()) run.limit(timeout_);
  }

  Result failed_result(std::exception_ptr thrown) const {
    return Result{Outcome::Failed, definition_->start, Failure{std::move(thrown)}, 0, 0, {}};
  }
  Result lost_result() const {
    return Result{Outcome::Cancelled, definition_->start, cancelled(lost_text), 0, 0, {}};
  }

  void record(std::size_t index, Result&& result) {
    results_[index] = std::move(result);
    if (!counts_each()) return;
    const ConcurrentStatus status = current_status();
    if (quota_ && finished_for_quota(status) >= quota_->count) cancel();
    if (progress_.is_wanted()) progress_.send([this] { return current_status(); });
  }

  void worker_ended() {
    if (workers_left_.fetch_sub(1) != 1) return;
    post_call(control(), this->shared_from_this(), &Batch::finish);
  }

 private:
  using WorkerType = Worker<Batch>;
  friend WorkerType;

  class Limit final : public Sleeper {
   public:
    Limit(Batch& batch, steady_time end) noexcept : Sleeper{true}, batch_{batch} { deadline = end; }
    ~Limit() { batch_.control().remove(*this); }
    void expire() override { batch_.cancel(); }
    void wake() override {}
    void drop() noexcept override {}

   private:
    Batch& batch_;
  };
  struct RequestCancel {
    std::weak_ptr<Batch> batch;
    void operator()() const {
      if (const auto alive = batch.lock()) alive->cancel();
    }
  };

  Loop& control() const noexcept { return workers_.front()->loop(); }

  void arm() {
    if (quota_ && quota_->count == 0) cancel();
    if (const auto limit = limit_of(strategy_)) {
      if (*limit <= Duration::zero()) {
        cancel();
      } else {
        limit_.emplace(*this, saturating_add(started_, *limit));
        post_call(control(), this->shared_from_this(), &Batch::start_limit);
      }
    }
    if (options_.stop.stop_possible()) {
      on_stop_.emplace(options_.stop, RequestCancel{this->weak_from_this()});
    }
  }

  void start_limit() {
    if (limit_) control().add(*limit_);
  }

  void finish() {
    limit_.reset();
    on_stop_.reset();
    end("was cancelled before it started");
  }

  // The contexts of its workers were destroyed under it.
  void lose() noexcept {
    try {
      end(lost_text);
    } catch (...) {  // destructor: cannot report
    }
  }

  void end(const char* without_result) {
    ConcurrentStatus status = current_status();
    const std::size_t ended = status.completed + status.failed + status.cancelled;
    if (ended != results_.size()) cancel_those_without_result(without_result);
    status.cancelled = results_.size() - status.completed - status.failed;
    if (progress_.is_wanted()) progress_.send([&] { return status; });
    report_end(status);
    OnDone on_done = std::move(*on_done_);
    on_done_.reset();
    on_done.complete_later(ConcurrentResult<State>{std::move(results_), status});
  }

  static constexpr const char* lost_text = "was destroyed with its execution context";

  Failure cancelled(const char* why) const {
    return Failure{Error{Errc::Cancelled,
                         std::string{"The instance "} + why + ", in batch " + options_.run_id}};
  }
  void cancel_those_without_result(const char* why) {
    const Failure failure = cancelled(why);
    for (Result& result : results_) {
      if (result.is_cancelled() && !result.error()) {
        result = Result{Outcome::Cancelled, definition_->start, Failure{failure}, 0, 0, {}};
      }
    }
  }

  std::size_t finished_for_quota(const ConcurrentStatus& status) const noexcept {
    return quota_->successes_only ? status.completed : status.completed + status.failed;
  }

  ConcurrentStatus current_status() const {
    ConcurrentStatus status{.total_workflows = stores_.size()};
    for (const auto& worker : workers_) {
      status.completed += worker->count(Outcome::Success);
      status.failed += worker->count(Outcome::Failed);
      status.cancelled += worker->count(Outcome::Cancelled);
    }
    status.elapsed = control().now() - started_;
    return status;
  }

  void report_start() const {
    if (observers_->empty()) return;
    observers_->notify(&Observer::on_batch_started,
                       BatchStarted{info_, stores_.size(), to_string(strategy_), started_,
                                    Clock::of(control()).wall_now()});
  }
  void report_end(const ConcurrentStatus& status) const {
    if (observers_->empty()) return;
    observers_->notify(&Observer::on_batch_finished,
                       BatchFinished{info_, status.total_workflows, status.completed, status.failed,
                                     status.cancelled, status.elapsed, control().now(),
                                     Clock::of(control()).wall_now()});
  }

  std::shared_ptr<const DefinitionType> definition_;
  std::span<Store> stores_;
  WaitStrategy strategy_;
  std::optional<Quota> quota_;
  RunOptions options_;
  RunInfo info_;
  std::unique_ptr<const RunContext> context_;  // null when it was started in no run
  std::shared_ptr<const WorkTag> work_tag_;
  const ObserverList* observers_ = &definition_->observers;
  Duration timeout_ = Duration::max();  // of each instance
  ProgressReport progress_;
  std::vector<Result> results_;
  InstanceQueue queue_;

  std::vector<std::unique_ptr<WorkerType>> workers_;
  std::atomic<std::size_t> workers_left_{0};
  std::atomic<bool> is_stop_requested_{false};
  std::stop_source stop_source_;
  StopRequest stop_{&is_stop_requested_, stop_source_.get_token()};  // what instances see
  std::optional<std::stop_callback<RequestCancel>> on_stop_;
  std::optional<Limit> limit_;
  steady_time started_{};
  std::optional<OnDone> on_done_;
};

}  // namespace cano::detail
