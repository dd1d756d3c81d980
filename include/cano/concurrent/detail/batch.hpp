// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cano/concurrent/concurrent_result.hpp>
#include <cano/concurrent/concurrent_status.hpp>
#include <cano/concurrent/detail/lane.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/failure.hpp>
#include <cano/task/detail/run_id.hpp>
#include <cano/task/detail/run_stop.hpp>
#include <cano/time/clock.hpp>
#include <cano/time/timer.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>
#include <cano/workflow/detail/run_machine.hpp>
#include <cano/workflow/run_options.hpp>
#include <cano/workflow/workflow_result.hpp>

namespace cano::detail {

using ProgressCallback = std::function<void(const ConcurrentStatus&)>;

/// One call of `execute_concurrent`: hands instances to its lanes, counts how they end, and cancels
/// the rest when it has waited long enough.
///
/// **Threads.** Lanes call it from their own executors. What they write is atomic, or the result of
/// an instance that is theirs alone; the last lane to end publishes the results.
template <StateLike State, class Store>
class Batch : public std::enable_shared_from_this<Batch<State, Store>> {
 public:
  using Machine = RunMachine<State, Store>;
  using Result = WorkflowResult<State>;
  using DefinitionType = Definition<State, Store>;
  using OnDone = std::function<void(ConcurrentResult<State>)>;

  Batch(std::shared_ptr<const DefinitionType> definition, std::span<Store> stores,
        WaitStrategy strategy, RunOptions options, ProgressCallback progress)
      : definition_{std::move(definition)},
        stores_{stores},
        strategy_{std::move(strategy)},
        quota_{quota_of(strategy_)},
        options_{std::move(options)},
        progress_{std::move(progress)},
        results_(stores.size()) {
    if (options_.run_id.empty()) options_.run_id = make_run_id();
    info_ = run_info(*definition_, options_);
    info_.in_batch = true;
    timeout_ = total_timeout(*definition_, options_);
  }

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    if (on_done_ && clock_) lose();
  }

  /// Starts a lane on each executor, which runs one handler at a time. Calls `on_done` once, on the
  /// first of them, when every instance has ended; or wherever the last lane is destroyed with its
  /// context before that. `max_in_flight` bounds all lanes together.
  ///
  /// It belongs to what its lanes have queued. Nobody else may keep it beside `on_done`, which it
  /// keeps itself.
  void start(const std::vector<asio::any_io_executor>& executors, std::size_t max_in_flight,
             OnDone on_done) {
    on_done_ = std::move(on_done);
    const std::size_t lanes =
        std::max<std::size_t>(1, std::min({executors.size(), max_in_flight, stores_.size()}));
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::size_t share = max_in_flight / lanes + (i < max_in_flight % lanes ? 1 : 0);
      lanes_.push_back(std::make_unique<LaneType>(*this, executors[i], share));
    }
    lanes_left_ = lanes;
    clock_.emplace(Clock::of(control()));
    started_ = clock_->now();
    report_start();
    arm();
    for (const auto& lane : lanes_)  // of which nothing runs yet
      lane->post_turn();
  }

  /// Ends the batch early, from any thread: starts nothing more, interrupts what is under way.
  void cancel() {
    if (stop_.request()) return;
    stop_source_.request_stop();
    for (const auto& lane : lanes_)
      lane->post_interrupt();
  }

  // ---- what lanes call

  bool is_cancelled() const noexcept { return stop_.requested(); }
  bool nothing_left() const noexcept {
    return is_cancelled() || next_.load(std::memory_order_relaxed) >= stores_.size();
  }
  bool counts_each() const noexcept { return quota_.has_value() || progress_ != nullptr; }

  /// The next instances to start, from the first to before the second; empty when none is left.
  ///
  /// Few calls, and few borders between what two lanes write: a fraction of what is left, so that
  /// no lane is still busy with many at the end (guided self-scheduling, Polychronopoulos and Kuck,
  /// 1987). With 16 at most, instances of 10 plain hops took 64 ns on two shards, with 128 54 ns.
  std::pair<std::size_t, std::size_t> take(std::size_t at_most) noexcept {
    const std::size_t end = stores_.size();
    const std::size_t next = next_.load(std::memory_order_relaxed);
    if (is_cancelled() || next >= end) return {end, end};
    const std::size_t share = std::clamp<std::size_t>((end - next) / (lanes_.size() * 8), 1, 128);
    const std::size_t count = std::min(share, at_most);
    const std::size_t first = next_.fetch_add(count, std::memory_order_relaxed);
    return {std::min(first, end), std::min(first + count, end)};
  }

  void set_up(std::optional<Machine>& machine, std::size_t index, const Clock& clock,
              steady_time now) {
    RunInfo info = info_;
    info.instance_id = index;
    machine.emplace(*definition_, stores_[index], info, options_.run_id, clock, now);
    machine->watch(stop_);
    if (timeout_ != Duration::max()) machine->limit(timeout_);
  }

  Result failed_result(std::exception_ptr thrown) const {
    return Result{Outcome::Failed, definition_->start, Failure{std::move(thrown)}, 0, 0, {}};
  }

  void record(std::size_t index, Result&& result) {
    results_[index] = std::move(result);
    if (!counts_each()) return;
    const ConcurrentStatus status = current_status();
    if (quota_ && finished_for_quota(status) >= quota_->count) cancel();
    if (progress_) report_progress();
  }

  void lane_ended() {
    if (lanes_left_.fetch_sub(1) != 1) return;
    asio::post(control(), member_call<&Batch::finish>(this->shared_from_this()));
  }

 private:
  using LaneType = Lane<Batch>;

  const asio::any_io_executor& control() const noexcept { return lanes_.front()->executor(); }

  // Everything that can end the batch early.
  void arm() {
    if (quota_ && quota_->count == 0) cancel();
    if (const auto limit = limit_of(strategy_)) {
      if (*limit <= Duration::zero()) {
        cancel();
      } else {
        limit_timer_.emplace(control());
        limit_timer_->expires_after(*limit);
        limit_timer_->async_wait(member_call<&Batch::limit_passed>(this->weak_from_this()));
      }
    }
    if (options_.stop.stop_possible()) {
      on_stop_.emplace(options_.stop, member_call<&Batch::cancel>(this->weak_from_this()));
    }
  }

  void limit_passed(const boost::system::error_code& error) {
    if (!error) cancel();
  }

  void finish() {
    limit_timer_.reset();
    on_stop_.reset();
    end("was cancelled before it started");
  }

  // The contexts of its lanes were destroyed under it.
  void lose() noexcept {
    try {
      end("was destroyed with its execution context");
    } catch (...) {  // nobody to tell
    }
  }

  void end(const char* without_result) {
    ConcurrentStatus status = current_status();
    const std::size_t ended = status.completed + status.failed + status.cancelled;
    if (ended != results_.size()) cancel_those_without_result(without_result);
    status.cancelled = results_.size() - status.completed - status.failed;
    report_end(status);
    std::exchange(on_done_, nullptr)(ConcurrentResult<State>{std::move(results_), status});
  }

  void cancel_those_without_result(const char* why) {
    const Failure cancelled{Error{
        Errc::Cancelled, std::string{"The instance "} + why + ", in batch " + options_.run_id}};
    for (Result& result : results_) {
      if (result.is_cancelled() && !result.error()) {
        result = Result{Outcome::Cancelled, definition_->start, Failure{cancelled}, 0, 0, {}};
      }
    }
  }

  std::size_t finished_for_quota(const ConcurrentStatus& status) const noexcept {
    return quota_->successes_only ? status.completed : status.completed + status.failed;
  }

  ConcurrentStatus current_status() const {
    ConcurrentStatus status{.total_workflows = stores_.size()};
    for (const auto& lane : lanes_) {
      status.completed += lane->count(Outcome::Success);
      status.failed += lane->count(Outcome::Failed);
      status.cancelled += lane->count(Outcome::Cancelled);
    }
    status.elapsed = clock_->now() - started_;
    return status;
  }

  // One call at a time, so that what a user is shown never goes back.
  void report_progress() {
    const std::lock_guard lock{progress_mutex_};
    if (progress_failed_) return;
    try {
      progress_(current_status());
    } catch (...) {
      progress_failed_ = true;
    }
  }

  void report_start() const {
    if (definition_->observers.empty()) return;
    definition_->observers.notify(
        &Observer::on_batch_started,
        BatchStarted{info_, stores_.size(), to_string(strategy_), started_});
  }
  void report_end(const ConcurrentStatus& status) const {
    if (definition_->observers.empty()) return;
    definition_->observers.notify(
        &Observer::on_batch_finished,
        BatchFinished{info_, status.total_workflows, status.completed, status.failed,
                      status.cancelled, status.elapsed, clock_->now()});
  }

  std::shared_ptr<const DefinitionType> definition_;
  std::span<Store> stores_;
  WaitStrategy strategy_;
  std::optional<Quota> quota_;
  RunOptions options_;
  RunInfo info_;
  Duration timeout_ = Duration::max();  // of each instance
  ProgressCallback progress_;
  std::mutex progress_mutex_;
  bool progress_failed_ = false;
  std::vector<Result> results_;

  std::vector<std::unique_ptr<LaneType>> lanes_;
  std::atomic<std::size_t> next_{0};  // the first instance no lane has taken
  std::atomic<std::size_t> lanes_left_{0};
  std::stop_source stop_source_;
  RunStop stop_{stop_source_.get_token()};  // what instances see
  std::optional<std::stop_callback<MemberCall<std::weak_ptr<void>>>> on_stop_;
  std::optional<Timer> limit_timer_;
  std::optional<Clock> clock_;
  steady_time started_{};
  OnDone on_done_;
};

}  // namespace cano::detail
