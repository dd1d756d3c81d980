// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/task/detail/run_scope.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/drive.hpp>
#include <cano/workflow/detail/step.hpp>

namespace cano::detail {

/// Runs instances of a batch on one serial executor.
///
/// It takes one instance after the other and runs it until it has something to await; only then it
/// makes a coroutine, which goes on to the next instances as long as none of them really waits. So
/// instances that never wait cost no frame of their own, and those that do all wait at the same
/// time. After a few instances the lane queues itself behind what has become ready meanwhile, so
/// that early instances finish while they are still in the cache.
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
    asio::post(executor_, member_call<&Lane::turn>(shared_from_batch()));
  }

  /// Interrupts every instance under way, there; from any thread.
  void post_interrupt() {
    asio::post(executor_, member_call<&Lane::interrupt_all>(shared_from_batch()));
  }

  /// How many instances of this lane ended so; may be read from anywhere.
  std::size_t count(Outcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(outcome)].load();
  }

 private:
  // A coroutine, and the instance that it is busy with.
  struct Runner : RunScope {
    explicit Runner(Lane& owner) : RunScope{owner.executor_}, lane{owner.shared_from_batch()} {}

    std::shared_ptr<Lane> lane;  // outlives the rest
    std::optional<Machine> machine;
    std::size_t index = 0;
    Runner* previous = nullptr;
    Runner* next = nullptr;
  };

  // Hears of the end of a coroutine. Asio keeps copies of it in the frame, so it is small, and it
  // allocates more for a handler that has an executor, as one of `bind_cancellation_slot` does:
  // together 100 bytes an instance that waits.
  struct OnEnd {
    using cancellation_slot_type = asio::cancellation_slot;

    cancellation_slot_type get_cancellation_slot() const noexcept { return runner->slot(); }
    void operator()(std::exception_ptr thrown) const {
      runner->lane->ended(*runner, std::move(thrown));
    }

    std::shared_ptr<Runner> runner;
  };

  struct NextInstance {
    Runner* runner;
    Step operator()() const {
      runner->lane->finish(*runner);
      return runner->lane->start_next(*runner);
    }
  };

  // Whoever has it keeps the batch, of which the lane is a part.
  std::shared_ptr<Lane> shared_from_batch() { return {batch_.shared_from_this(), this}; }

  void interrupt_all() {
    std::vector<std::shared_ptr<Runner>> under_way;
    for (Runner* runner = first_; runner != nullptr; runner = runner->next) {
      under_way.push_back(std::static_pointer_cast<Runner>(runner->shared_from_this()));
    }
    for (const auto& runner : under_way)
      runner->stop();
  }

  void turn() {
    turn_is_posted_ = false;
    now_ = clock_.now();
    while (share_ > 0 && in_flight_ < max_in_flight_) {
      auto runner = std::make_shared<Runner>(*this);
      const Step step = start_next(*runner);
      if (step == Step::Finished) break;
      spawn(std::move(runner), step);
    }
    share_ = instances_per_turn;
    if (!has_next()) {
      end_if_done();
    } else if (in_flight_ < max_in_flight_) {
      post_turn();
    }  // else the next coroutine that ends calls again
  }

  // Runs instances until one has something to await, and returns what that is. `Finished` when
  // there are no more, or enough for this turn.
  Step start_next(Runner& runner) {
    while (share_ > 0 && take_next()) {
      --share_;
      runner.index = next_++;
      const Step step = start(runner);
      if (step != Step::Finished) return step;
    }
    return Step::Finished;
  }

  Step start(Runner& runner) {
    Step step{};
    try {
      batch_.set_up(runner.machine, runner.index, clock_, now_);
      step = runner.machine->advance();
    } catch (...) {
      fail(runner, std::current_exception());
      return Step::Finished;
    }
    if (step == Step::Finished) {
      finish(runner);
    } else {
      runner.machine->attach(runner);
    }
    return step;
  }

  void finish(Runner& runner) {
    now_ = clock_.now();
    record(runner.index, runner.machine->take_result(now_));
    runner.machine.reset();
    runner.reuse();
  }

  // Something other than a task threw, e.g. for lack of memory.
  void fail(Runner& runner, std::exception_ptr thrown) {
    runner.machine.reset();
    record(runner.index, batch_.failed_result(std::move(thrown)));
  }

  void spawn(std::shared_ptr<Runner> runner, Step step) {
    auto work = drive(*runner->machine, step, NextInstance{runner.get()});
    link(*runner);
    asio::co_spawn(executor_, std::move(work), OnEnd{std::move(runner)});
  }

  void ended(Runner& runner, std::exception_ptr thrown) {
    runner.close();
    unlink(runner);
    if (thrown && runner.machine) fail(runner, std::move(thrown));
    if (has_next()) {
      post_turn();
    } else {
      end_if_done();
    }
  }

  bool take_next() {
    if (next_ == taken_end_ || batch_.is_cancelled()) {
      // No more than may be in flight: what was taken behind one that waits would wait with it,
      // even while another lane has room.
      const auto taken = batch_.take(std::max<std::size_t>(1, max_in_flight_ - in_flight_));
      next_ = taken.first;
      taken_end_ = taken.second;
    }
    return next_ != taken_end_;
  }

  bool has_next() const noexcept { return next_ != taken_end_ || !batch_.nothing_left(); }

  void end_if_done() {
    if (in_flight_ == 0 && !std::exchange(has_ended_, true)) batch_.lane_ended();
  }

  void record(std::size_t index, Result&& result) {
    auto& count = counts_[static_cast<std::size_t>(result.outcome())];
    // Only this lane adds to its counters; a quota sums those of all lanes, in one order for all.
    count.store(count.load(std::memory_order_relaxed) + 1);
    batch_.record(index, std::move(result));
  }

  void link(Runner& runner) noexcept {
    ++in_flight_;
    runner.next = first_;
    if (first_ != nullptr) first_->previous = &runner;
    first_ = &runner;
  }

  void unlink(Runner& runner) noexcept {
    --in_flight_;
    (runner.previous != nullptr ? runner.previous->next : first_) = runner.next;
    if (runner.next != nullptr) runner.next->previous = runner.previous;
  }

  static constexpr std::size_t instances_per_turn = 32;

  Batch& batch_;
  asio::any_io_executor executor_;
  Clock clock_;
  std::size_t max_in_flight_;
  std::size_t in_flight_ = 0;
  std::size_t next_ = 0;  // of the instances taken from the batch
  std::size_t taken_end_ = 0;
  std::size_t share_ = instances_per_turn;  // how many may start until the turn ends
  Runner* first_ = nullptr;                 // those that wait
  steady_time now_{};  // where one instance ends and the next begins: the clock costs 20 ns
  bool turn_is_posted_ = false;
  bool has_ended_ = false;
  std::atomic<std::size_t> counts_[3]{};  // by Outcome
};

}  // namespace cano::detail
