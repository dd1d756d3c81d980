// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/async/drain_report.hpp>
#include <cano/duration.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

class GroupTask;
class GroupWaiter;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// The state that a `TaskGroup`, its tasks and their waiters share.
class GroupState final : public WaitLine {
 public:
  using Pointer = boost::intrusive_ptr<GroupState>;
  enum class Outcome : std::uint8_t { Finished, Failed, Cancelled };

  explicit GroupState(const asio::any_io_executor& executor)
      : loop_{loop_of(executor)}, origin_{link_of(executor)} {}

  void spawn(CoroutineOwner<void> coroutine);
  void cancel();

  std::size_t size() const {
    const std::lock_guard lock{mutex()};
    return size_;
  }
  /// While cancelled tasks are waited for, no more are started.
  void refuse_tasks(bool whether) {
    const std::lock_guard lock{mutex()};
    refusals_ += whether ? 1 : -1;
  }
  std::exception_ptr take_failure() {
    const std::lock_guard lock{mutex()};
    return std::exchange(report_.first_failure, nullptr);
  }
  DrainReport take_report(Duration elapsed) {
    const std::lock_guard lock{mutex()};
    DrainReport report = std::exchange(report_, {});
    report.elapsed = elapsed;
    return report;
  }

  friend void intrusive_ptr_add_ref(GroupState* state) noexcept {
    state->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(GroupState* state) noexcept {
    if (state->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state;
  }

 private:
  friend class GroupTask;
  friend class GroupWaiter;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

  void start(GroupTask& task);
  void cancel_here() noexcept;
  void task_ended(Outcome outcome, std::exception_ptr failure);
  bool is_cancelled(std::uint64_t number) const {
    const std::lock_guard lock{mutex()};
    return number <= last_cancelled_;
  }

  std::atomic<std::uint32_t> owners_{0};
  Loop::Pointer loop_;
  EnvironmentLink::Pointer origin_;

  // with the mutex locked
  std::size_t size_ = 0;
  int refusals_ = 0;
  std::uint64_t last_task_ = 0;
  std::uint64_t last_cancelled_ = 0;
  std::uint64_t last_waiter_ = 0;
  DrainReport report_;

  // on the loop
  GroupTask* first_ = nullptr;
};

/// A task of a group: from `spawn` to its end, or its destruction.
class GroupTask final : public StartedWork<void> {
 public:
  GroupTask(GroupState& state, std::uint64_t number, CoroutineOwner<void>&& coroutine) noexcept
      : StartedWork{*state.loop_, state.origin_.get(), std::move(coroutine)},
        state_{&state},
        number_{number} {}
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  ~GroupTask() override {
    coroutine_.destroy();
    if (is_linked_) unlink();
    state_->task_ended(outcome_, std::move(failure_));
  }

 private:
  friend class GroupState;

  void finished() override {
    const std::unique_ptr<GroupTask> self{this};
    const Loop::Pointer keep{&loop()};
    outcome_ = GroupState::Outcome::Finished;
    if (std::exception_ptr* const thrown = coroutine_.promise().exception()) {
      const bool is_cancelled = scope().is_cancelled();
      outcome_ = is_cancelled ? GroupState::Outcome::Cancelled : GroupState::Outcome::Failed;
      if (!is_cancelled) failure_ = std::move(*thrown);
    }
    coroutine_.destroy();
    end();
  }

  void link() noexcept {
    is_linked_ = true;
    next_ = state_->first_;
    if (next_ != nullptr) next_->previous_ = this;
    state_->first_ = this;
  }
  void unlink() noexcept {
    (previous_ == nullptr ? state_->first_ : previous_->next_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
  }

  GroupState::Pointer state_;
  std::uint64_t number_;
  GroupTask* next_ = nullptr;
  GroupTask* previous_ = nullptr;
  bool is_linked_ = false;
  GroupState::Outcome outcome_ = GroupState::Outcome::Cancelled;
  std::exception_ptr failure_;
};

/// A coroutine that waits until a group has no task.
class GroupWaiter final : public LineWaiter {
 public:
  GroupWaiter(GroupState& state, std::optional<Duration> limit) noexcept
      : LineWaiter{state, WaitKind::Children, limit}, state_{&state} {}
  ~GroupWaiter() = default;

 private:
  friend class GroupState;

  bool passes() noexcept override {
    number_ = ++state_->last_waiter_;
    if (state_->size_ != 0) return false;
    set_outcome(Outcome::Passed);
    return true;
  }

  GroupState* state_;
  std::uint64_t number_ = 0;
};

/// Refuses tasks for as long as it exists.
class GroupRefusal {
 public:
  explicit GroupRefusal(GroupState& state) : state_{&state} { state_->refuse_tasks(true); }
  GroupRefusal(const GroupRefusal&) = delete;
  GroupRefusal& operator=(const GroupRefusal&) = delete;
  ~GroupRefusal() { state_->refuse_tasks(false); }

 private:
  GroupState* state_;
};

inline void GroupState::spawn(CoroutineOwner<void> coroutine) {
  std::unique_ptr<GroupTask> task;
  bool is_refused = false;
  {
    const std::lock_guard lock{mutex()};
    task = std::make_unique<GroupTask>(*this, last_task_ + 1, std::move(coroutine));
    ++last_task_;
    ++size_;
    is_refused = refusals_ != 0;
  }
  if (is_refused) return;  // destroys it, which is reported
  if (loop_->runs_here()) return start(*task.release());
  const bool is_posted = loop_->post(task.get(), [](void* object, bool runs) {
    auto* const posted = static_cast<GroupTask*>(object);
    if (!runs || posted->state_->is_cancelled(posted->number_)) {
      delete posted;
    } else {
      posted->state_->start(*posted);
    }
  });
  if (is_posted) {
    GroupTask* const posted = task.release();
    static_cast<void>(posted);
  }
}

inline void GroupState::start(GroupTask& task) {
  task.link();
  task.start({});
}

inline void GroupState::cancel() {
  {
    const std::lock_guard lock{mutex()};
    last_cancelled_ = last_task_;
  }
  if (loop_->runs_here()) return cancel_here();
  intrusive_ptr_add_ref(this);
  const bool is_posted = loop_->post(this, [](void* object, bool runs) {
    const Pointer self{static_cast<GroupState*>(object), false};
    if (runs) self->cancel_here();
  });
  if (!is_posted) intrusive_ptr_release(this);
}

// What is cancelled may spawn meanwhile, at the head of the list, but does not end inside the call.
inline void GroupState::cancel_here() noexcept {
  std::uint64_t last = 0;
  {
    const std::lock_guard lock{mutex()};
    last = last_cancelled_;
  }
  for (GroupTask* task = first_; task != nullptr; task = task->next_)
    if (task->number_ <= last) task->cancel_work();
}

// Resumes those that wait, but not those that came later, for what was spawned meanwhile.
inline void GroupState::task_ended(Outcome outcome, std::exception_ptr failure) {
  const Pointer keep{this};
  std::unique_lock lock{mutex()};
  --size_;
  ++(outcome == Outcome::Finished ? report_.finished
     : outcome == Outcome::Failed ? report_.failed
                                  : report_.cancelled);
  if (failure && !report_.first_failure) report_.first_failure = std::move(failure);
  if (size_ != 0) return;
  const std::uint64_t last = last_waiter_;
  while (first() != nullptr && static_cast<GroupWaiter&>(*first()).number_ <= last) {
    Handler next = first()->leave(LineWaiter::Outcome::Passed);
    lock.unlock();
    call(std::move(next));
    lock.lock();
  }
}

}  // namespace cano::detail
