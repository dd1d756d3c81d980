// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// An operation under way that an `Async` awaits: the part that does not depend on its results.
///
/// Shared by the coroutine that waits and by the handler, which may be called or destroyed on any
/// thread, inside the initiation, or after the coroutine has been destroyed. So the result is///
/// here and not in the coroutine's frame.
class OperationBase : public Pooled, public Waiter {
 public:
  explicit OperationBase(Environment& environment) noexcept
      : loop_{&environment.loop()}, environment_{&environment} {}
  virtual ~OperationBase() = default;

  Loop& loop() const noexcept { return *loop_; }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  // ---- the coroutine, on the loop

  void begins(std::coroutine_handle<> coroutine) {
    environment_->throw_if_aborted();
    coroutine_ = coroutine;
    environment_->scope().wait_begins(*this);
  }
  void initiation_failed() noexcept { environment_->scope().wait_ends(); }
  /// The initiation has returned. Whether the coroutine has to wait.
  [[nodiscard]] bool has_to_wait() noexcept {
    if (status_ != Status::Initiating) {
      environment_->scope().wait_ends();
      return false;
    }
    status_ = Status::Waiting;
    if (is_cancelled_early_) cancel();
    return true;
  }
  /// What is to be started cannot be cancelled before `accept_cancellation`.
  void defer_cancellation() noexcept { defers_cancellation_ = true; }
  /// True: it has been cancelled already.
  [[nodiscard]] bool accept_cancellation() noexcept {
    defers_cancellation_ = false;
    return is_cancelled_early_;
  }
  bool was_dropped() const noexcept { return status_ == Status::Dropped; }
  Wait describe() const noexcept override { return {kind_}; }
  void describe_as(WaitKind kind) noexcept { kind_ = kind; }
  /// The scheduled run that the coroutine is part of, or null; while the operation is initiated.
  std::shared_ptr<const WorkTag> work_tag() const { return environment_->work_tag(); }
  /// The coroutine has gone on, or is destroyed.
  void forget_coroutine() noexcept { environment_ = nullptr; }

  // ---- the handler, on any thread

  /// The result is there. `at_once`: where this is the loop's executor the coroutine may go on
  /// inside this call.
  void complete(bool at_once) {
    if (!loop_->runs_here()) {
      post<&OperationBase::complete_here>();
    } else if (at_once && status_ == Status::Waiting && !is_cancelling_) {
      go_on();
    } else {
      complete_later();
    }
  }
  /// The handler was destroyed without being called.
  void drop_handler() noexcept {
    if (loop_->runs_here() && status_ == Status::Initiating) {
      status_ = Status::Dropped;
    } else {
      post<&OperationBase::drop_here>();
    }
  }

  // ---- the loop and the scope

  void wake() override {
    const Pointer self{this, false};
    go_on();
  }
  void drop() noexcept override { const Pointer self{this, false}; }
  void cancel() noexcept override {
    if (status_ == Status::Initiating || defers_cancellation_) {
      is_cancelled_early_ = true;  // its receiver may not be there yet
      return;
    }
    const Pointer self{this};
    is_cancelling_ = true;
    signal_.emit(asio::cancellation_type::all);
    is_cancelling_ = false;
  }

  using Pointer = boost::intrusive_ptr<OperationBase>;
  friend void intrusive_ptr_add_ref(OperationBase* operation) noexcept {
    operation->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(OperationBase* operation) noexcept {
    if (operation->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete operation;
  }

 private:
  enum class Status : std::uint8_t { Initiating, Waiting, Completed, Dropped };

  void go_on() {
    status_ = Status::Completed;
    if (environment_ != nullptr) environment_->wait_ended(coroutine_);
  }
  // On the loop: inside the initiation, which then does not wait, or in a later round.
  void complete_later() {
    if (status_ == Status::Initiating) {
      status_ = Status::Completed;
    } else if (environment_ != nullptr) {
      intrusive_ptr_add_ref(this);
      loop_->push(*this);
    }
  }
  void complete_here() {
    if (status_ == Status::Waiting) go_on();
  }
  void drop_here() {
    if (environment_ != nullptr) environment_->wait_lost();
  }

  template <void (OperationBase::*Member)()> static void call(void* object, bool runs) {
    const Pointer self{static_cast<OperationBase*>(object), false};
    if (runs) (self.get()->*Member)();
  }
  template <void (OperationBase::*Member)()> void post() noexcept {
    intrusive_ptr_add_ref(this);
    if (!loop_->post(this, &OperationBase::call<Member>)) intrusive_ptr_release(this);
  }

  std::atomic<std::uint32_t> owners_{0};
  Status status_ = Status::Initiating;
  bool is_cancelling_ = false;
  bool is_cancelled_early_ = false;
  bool defers_cancellation_ = false;
  WaitKind kind_ = WaitKind::Operation;
  Loop::Pointer loop_;
  Environment* environment_;  // on the loop only; null when the coroutine is gone
  std::coroutine_handle<> coroutine_;
  asio::cancellation_signal signal_;
};

/// An operation under way, with its results.
template <class... Args> class OperationState final : public OperationBase {
 public:
  using OperationBase::OperationBase;
  std::optional<std::tuple<Args...>> result;
};

/// The part of a handler that does not depend on the results.
class OperationHandlerBase {
 public:
  using cancellation_slot_type = asio::cancellation_slot;

  asio::cancellation_slot get_cancellation_slot() const noexcept { return operation_->slot(); }
  explicit operator bool() const noexcept { return operation_ != nullptr; }
  /// What observers see of the wait; while it is initiated.
  void describe_as(WaitKind kind) noexcept { operation_->describe_as(kind); }
  /// As `OperationBase::work_tag`.
  std::shared_ptr<const WorkTag> work_tag() const { return operation_->work_tag(); }

 protected:
  explicit OperationHandlerBase(OperationBase::Pointer operation) noexcept
      : operation_{std::move(operation)} {}
  OperationHandlerBase(OperationHandlerBase&&) noexcept = default;
  OperationHandlerBase& operator=(OperationHandlerBase&& other) noexcept {
    if (this != &other) {
      drop();
      operation_ = std::move(other.operation_);
    }
    return *this;
  }
  ~OperationHandlerBase() { drop(); }

  OperationBase& operation() const noexcept { return *operation_; }
  OperationBase::Pointer take() noexcept { return std::exchange(operation_, nullptr); }

 private:
  void drop() noexcept {
    if (operation_) take()->drop_handler();
  }

  OperationBase::Pointer operation_;
};

/// The handler of an operation: one type for each list of results, whatever the operation and the
/// coroutine.
template <class... Args> class OperationHandler : public OperationHandlerBase {
 public:
  using State = OperationState<Args...>;
  using executor_type = LoopExecutor;

  LoopExecutor get_executor() const noexcept { return LoopExecutor{operation().loop()}; }

  explicit OperationHandler(State& state) noexcept : OperationHandlerBase{&state} {}

  /// Completes the operation.
  template <class... Given> void operator()(Given&&... given) {
    complete(true, std::forward<Given>(given)...);
  }
  /// The same, but the coroutine never goes on inside this call. From any thread.
  template <class... Given> void complete_later(Given&&... given) {
    complete(false, std::forward<Given>(given)...);
  }

 private:
  template <class... Given> void complete(bool at_once, Given&&... given) {
    // While the handler has the operation: where this throws, its destruction drops that.
    static_cast<State&>(operation()).result.emplace(std::forward<Given>(given)...);
    take()->complete(at_once);
  }
};

}  // namespace cano::detail
