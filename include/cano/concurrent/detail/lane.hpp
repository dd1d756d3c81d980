// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/drive.hpp>
#include <cano/workflow/detail/run_machine.hpp>

namespace cano::detail {

/// Runs instances of a batch on one serial executor.
///
/// It takes one instance after the other, runs it until it first has to wait, and only then makes a
/// coroutine for it: instances that never wait cost no frame, those that do all wait at the same
/// time. After a few instances it queues itself behind what has become ready meanwhile, so that
/// early instances finish while they are still in the cache.
///
/// **Threads.** Everything but the counters belongs to the executor.
template <class Batch> class Lane {
 public:
  using Machine = typename Batch::Machine;
  using Result = typename Batch::Result;

  Lane(Batch& batch, asio::any_io_executor executor, std::size_t max_in_flight)
      : batch_{batch},
        executor_{std::move(executor)},
        clock_{Clock::of(executor_)},
        max_in_flight_{max_in_flight} {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Takes the next instances, from the executor, as soon as it is this lane's turn there.
  void post_turn() {
    if (std::exchange(turn_is_posted_, true)) return;
    asio::post(executor_, [alive = batch_.shared_from_this(), this] { turn(); });
  }

  /// Interrupts every instance under way.
  void interrupt_all() {
    std::vector<std::shared_ptr<Instance>> under_way;
    for (Instance* instance = first_; instance != nullptr; instance = instance->next) {
      under_way.push_back(std::static_pointer_cast<Instance>(instance->shared_from_this()));
    }
    for (const auto& instance : under_way)
      instance->interrupt(Interrupt::Stop);
  }

  /// How many instances of this lane ended so; may be read from anywhere.
  std::size_t count(Outcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(outcome)].load();
  }

 private:
  // An instance that waits.
  struct Instance : RunScope {
    Instance(const asio::any_io_executor& executor, Machine&& started, std::size_t number)
        : RunScope{executor}, machine{std::move(started)}, index{number} {}

    Machine machine;
    std::size_t index;
    Instance* previous = nullptr;
    Instance* next = nullptr;
  };

  void turn() {
    turn_is_posted_ = false;
    now_ = clock_.now();
    for (std::size_t i = 0; i < instances_per_turn; ++i) {
      if (in_flight_ >= max_in_flight_) return;  // the next instance that ends calls again
      if (!take_next()) {
        end_if_done();
        return;
      }
      start(next_++);
    }
    post_turn();
  }

  bool take_next() {
    if (next_ == taken_end_ || batch_.is_cancelled()) {
      const auto taken = batch_.take();
      next_ = taken.first;
      taken_end_ = taken.second;
    }
    return next_ != taken_end_;
  }

  void start(std::size_t index) {
    try {
      Machine machine = batch_.make_machine(index, clock_, now_);
      const Step step = machine.advance();
      now_ = clock_.now();
      if (step == Step::Finished) {
        record(index, machine.take_result(now_));
      } else {
        spawn(index, std::move(machine), step);
      }
    } catch (...) {
      record(index, batch_.failed_result(std::current_exception()));
    }
  }

  void spawn(std::size_t index, Machine machine, Step step) {
    auto instance = std::make_shared<Instance>(executor_, std::move(machine), index);
    instance->machine.attach(*instance);
    auto work = drive(instance->machine, step);
    link(*instance);
    const auto slot = instance->slot();
    asio::co_spawn(
        executor_, std::move(work),
        asio::bind_cancellation_slot(
            slot, [this, alive = batch_.shared_from_this(), instance = std::move(instance)](
                      std::exception_ptr thrown) { ended(*instance, std::move(thrown)); }));
  }

  void ended(Instance& instance, std::exception_ptr thrown) {
    instance.close();
    unlink(instance);
    record(instance.index,
           thrown ? batch_.failed_result(std::move(thrown)) : instance.machine.take_result());
    if (next_ != taken_end_ || !exhausted()) {
      post_turn();
    } else {
      end_if_done();
    }
  }

  bool exhausted() const noexcept { return batch_.nothing_left(); }

  void end_if_done() {
    if (in_flight_ == 0 && !std::exchange(has_ended_, true)) batch_.lane_ended();
  }

  void record(std::size_t index, Result result) {
    auto& count = counts_[static_cast<std::size_t>(result.outcome())];
    // Only this lane adds to its counters; a quota sums those of all lanes, in one order for all.
    count.store(count.load(std::memory_order_relaxed) + 1,
                batch_.counts_each() ? std::memory_order_seq_cst : std::memory_order_release);
    batch_.record(index, std::move(result));
  }

  void link(Instance& instance) noexcept {
    ++in_flight_;
    instance.next = first_;
    if (first_ != nullptr) first_->previous = &instance;
    first_ = &instance;
  }

  void unlink(Instance& instance) noexcept {
    --in_flight_;
    (instance.previous != nullptr ? instance.previous->next : first_) = instance.next;
    if (instance.next != nullptr) instance.next->previous = instance.previous;
  }

  static constexpr std::size_t instances_per_turn = 32;

  Batch& batch_;
  asio::any_io_executor executor_;
  Clock clock_;
  std::size_t max_in_flight_;
  std::size_t in_flight_ = 0;
  std::size_t next_ = 0;  // of the instances taken from the batch
  std::size_t taken_end_ = 0;
  Instance* first_ = nullptr;  // those that wait
  steady_time now_{};          // where one instance ends and the next begins: the clock costs 20 ns
  bool turn_is_posted_ = false;
  bool has_ended_ = false;
  std::atomic<std::size_t> counts_[3]{};  // by Outcome
};

}  // namespace cano::detail
