// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_members.hpp>
#include <cano/async/detail/post_call.hpp>
#include <cano/async/detail/work_tag.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/time/clock.hpp>
#include <cano/wait_kind.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/run_driver.hpp>
#include <cano/workflow/detail/run_event.hpp>

namespace cano::detail {

/// Runs instances of a batch on one loop.
///
/// It takes one instance after the other and drives it until it waits; only then the next one needs
/// a driver of its own. So instances that never wait cost no allocation, and those that do all wait
/// at the same time. After a few instances the worker queues itself behind what has become ready
/// meanwhile, so that early instances finish while they are still in the cache.
///
/// **Threads.** Everything but the counters belongs to the loop.
template <class Batch> class Worker {
 public:
  using State = typename Batch::StateType;
  using Store = typename Batch::StoreType;
  using Result = typename Batch::Result;

  Worker(Batch& batch, Loop::Pointer loop, std::size_t max_in_flight)
      : batch_{batch}, loop_{std::move(loop)}, max_in_flight_{max_in_flight} {}

  Loop& loop() const noexcept { return *loop_; }

  /// Takes the next instances, from the loop, behind what is ready there.
  void post_round() {
    if (std::exchange(is_round_posted_, true)) return;
    post_call(*loop_, shared_from_batch(), &Worker::round);
  }

  /// Cancels every instance under way, there; from any thread.
  void post_cancel() { post_call(*loop_, shared_from_batch(), &Worker::cancel_all); }

  /// How many instances of this worker ended so; may be read from anywhere.
  std::size_t count(Outcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(outcome)].load();
  }

 private:
  // The driver of one instance after the other.
  class Instance final : public RunDriver<State, Store>, public LoopMember {
   public:
    explicit Instance(Worker& owner) : RunDriver<State, Store>{owner.loop(), nullptr} {}

    /// Whether it waits; otherwise it has ended.
    bool start(std::size_t number) {
      index = number;
      worker->batch_.set_up(*this, number, worker->now_);
      return !this->drive(Event::Started);
    }
    auto& set_up_run(const Definition<State, Store>& definition, Store& store, const RunInfo& info,
                     std::string& run_id, Clock clock, steady_time now, const StopRequest& stop,
                     const ObserverList* observers) {
      return this->set_up(definition, store, info, run_id, clock, now, this->scope(), stop,
                          observers);
    }
    Result take_result(steady_time now) {
      Result result = this->run_under_way().take_result(now);
      this->drop_run();
      return result;
    }
    void drop() noexcept {
      this->destroy_attempt();
      this->drop_run();
    }

    // The loop may be another one than that of the scheduled run: what is awaited here says by its
    // executor which run it is part of.
    std::shared_ptr<const WorkTag> work_tag() const override { return worker->batch_.work_tag(); }
    asio::any_io_executor awaitable_executor() override { return coroutine_executor(); }
    const asio::any_io_executor& coroutine_executor() override {
      return worker->batch_.work_tag() ? this->link()->executor()
                                       : RunDriver<State, Store>::coroutine_executor();
    }

    void abandon() noexcept override { worker->lost(*this); }
    void cancel_work() noexcept override { this->cancel(StopReason::Stop); }
    void drop_work() noexcept override { this->wait_lost(); }
    void tell_places(std::vector<WaitPlace>& places) const override { this->add_places(places); }

    std::shared_ptr<Worker> worker;
    std::size_t index = 0;
    Instance* previous = nullptr;  // of those that wait
    Instance* next = nullptr;

   private:
    void ended() override { worker->ended(*this); }
  };
  friend Batch;

  // The pointer keeps the batch, of which the worker is a part.
  std::shared_ptr<Worker> shared_from_batch() { return {batch_.shared_from_this(), this}; }

  void cancel_all() {
    for (Instance* instance = first_; instance != nullptr;) {
      Instance* const next = instance->next;
      instance->cancel(StopReason::Stop);
      instance = next;
    }
  }

  void round() {
    is_round_posted_ = false;
    if (loop_->is_stopping()) batch_.cancel();
    now_ = loop_->now();
    while (share_ > 0 && in_flight_ < max_in_flight_) {
      auto instance = take_instance();
      if (!start_next(*instance)) {
        keep(std::move(instance));
        break;
      }
      link(*instance.release());
    }
    share_ = instances_per_round;
    go_on();
  }

  // One that has been used before, with what it has made meanwhile, such as a coroutine of Asio's.
  std::unique_ptr<Instance> take_instance() {
    std::unique_ptr<Instance> instance;
    if (unused_.empty()) {
      instance = std::make_unique<Instance>(*this);
    } else {
      instance = std::move(unused_.back());
      unused_.pop_back();
    }
    instance->worker = shared_from_batch();
    return instance;
  }
  // Returns what keeps this worker.
  std::shared_ptr<Worker> keep(std::unique_ptr<Instance> instance) {
    auto worker = std::move(instance->worker);
    if (unused_.size() < instances_per_round) unused_.push_back(std::move(instance));
    return worker;
  }

  void go_on() {
    if (!has_next()) {
      end_if_done();
    } else if (in_flight_ < max_in_flight_) {
      post_round();
    }  // else the next instance that ends calls again
  }

  // Runs instances until one waits. False when there are no more, or enough for this round.
  bool start_next(Instance& instance) {
    while (share_ > 0 && take_next()) {
      --share_;
      try {
        if (instance.start(next_++)) return true;
        finish(instance);
      } catch (...) {
        fail(instance, std::current_exception());
      }
    }
    return false;
  }

  void finish(Instance& instance) {
    now_ = loop_->now();
    record(instance.index, instance.take_result(now_));
    instance.scope().reset();
    instance.throw_if_cancelled(true);
  }

  // Something other than a task threw, e.g. for lack of memory.
  void fail(Instance& instance, std::exception_ptr thrown) {
    instance.drop();
    record(instance.index, batch_.failed_result(std::move(thrown)));
  }

  // An instance that waited has ended.
  void ended(Instance& instance) {
    finish(instance);
    if (start_next(instance)) return;
    unlink(instance);
    const auto worker = keep(std::unique_ptr<Instance>{&instance});
    worker->go_on();
  }

  // What an instance waits for will not come, or the context is going.
  void lost(Instance& instance) noexcept {
    instance.drop();
    try {
      record(instance.index, batch_.lost_result());
      unlink(instance);
      const auto worker = std::move(instance.worker);
      delete &instance;
      worker->go_on();
    } catch (...) {  // destructor: cannot report
    }
  }

  bool take_next() {
    if (next_ == taken_end_ || batch_.is_cancelled()) {
      // No more than may be in flight: what was taken behind one that waits would wait with it,
      // even while another worker has room.
      const auto taken = batch_.take(std::max<std::size_t>(1, max_in_flight_ - in_flight_));
      next_ = taken.first;
      taken_end_ = taken.end;
    }
    return next_ != taken_end_;
  }

  bool has_next() const noexcept { return next_ != taken_end_ || !batch_.nothing_left(); }

  void end_if_done() {
    if (in_flight_ != 0 || std::exchange(has_ended_, true)) return;
    unused_.clear();  // on the loop, to which they belong
    batch_.worker_ended();
  }

  void record(std::size_t index, Result&& result) {
    auto& count = counts_[static_cast<std::size_t>(result.outcome())];
    // Only this worker adds to its counters; a quota sums those of all, in one order for all.
    count.store(count.load(std::memory_order_relaxed) + 1);
    batch_.record(index, std::move(result));
  }

  void link(Instance& instance) {
    ++in_flight_;
    instance.next = first_;
    if (first_ != nullptr) first_->previous = &instance;
    first_ = &instance;
    loop_->join(instance);
  }

  void unlink(Instance& instance) noexcept {
    --in_flight_;
    (instance.previous != nullptr ? instance.previous->next : first_) = instance.next;
    if (instance.next != nullptr) instance.next->previous = instance.previous;
    instance.previous = instance.next = nullptr;
    loop_->leave(instance);
  }

  static constexpr std::size_t instances_per_round = 32;

  Batch& batch_;
  Loop::Pointer loop_;
  std::size_t max_in_flight_;
  std::size_t in_flight_ = 0;
  std::size_t next_ = 0;  // of the instances taken from the batch
  std::size_t taken_end_ = 0;
  std::size_t share_ = instances_per_round;  // how many may start until the round ends
  Instance* first_ = nullptr;                // those that wait
  std::vector<std::unique_ptr<Instance>> unused_;
  steady_time now_{};  // where one instance ends and the next begins: the clock costs 20 ns
  bool is_round_posted_ = false;
  bool has_ended_ = false;
  std::atomic<std::size_t> counts_[3]{};  // by Outcome
};

}  // namespace cano::detail
