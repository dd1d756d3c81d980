// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/loop.hpp>

namespace cano::detail {

class PromiseBase;
class Environment;
struct OuterRun;
struct WorkTag;

[[noreturn]] inline void throw_aborted() {
  throw boost::system::system_error{asio::error::operation_aborted};
}

/// Lets other threads, and handlers that may come late, reach an environment that may be gone.
class EnvironmentLink : public Pooled {
 public:
  using Pointer = boost::intrusive_ptr<EnvironmentLink>;

  EnvironmentLink(Loop& loop, Environment& environment);
  EnvironmentLink(const EnvironmentLink&) = delete;
  EnvironmentLink& operator=(const EnvironmentLink&) = delete;

  Loop& loop() const noexcept { return *loop_; }
  /// The scheduled run that the environment is or was part of, or null. From any thread.
  const std::shared_ptr<const WorkTag>& work_tag() const noexcept { return work_tag_; }
  /// On the loop only; null when the environment is gone.
  Environment* environment() const noexcept { return environment_; }
  void forget() noexcept {
    environment_ = nullptr;
    executor_.reset();
  }
  /// One that says whose work it is; on the loop, until the environment is gone.
  const asio::any_io_executor& executor();

  /// Stops the environment's work, from any thread: the flag is set at once, what is waited for is
  /// cancelled on the loop.
  void request_stop();
  const std::atomic<bool>& is_stop_requested() const noexcept { return is_requested_; }

  friend void intrusive_ptr_add_ref(EnvironmentLink* link) noexcept {
    link->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(EnvironmentLink* link) noexcept {
    if (link->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete link;
  }

 private:
  ~EnvironmentLink() = default;
  void stop() noexcept;

  std::atomic<std::uint32_t> owners_{0};
  std::atomic<bool> is_requested_{false};
  Loop::Pointer loop_;
  Environment* environment_;
  std::shared_ptr<const WorkTag> work_tag_;
  std::unique_ptr<asio::any_io_executor> executor_;  // refers to this: gone before the last pointer
};

/// A function object that a stop callback or a cancellation slot calls.
struct RequestStop {
  EnvironmentLink::Pointer link;
  template <class... Ignored> void operator()(Ignored...) const { link->request_stop(); }
};

/// The surroundings of a chain of coroutines, of which each awaits the next: the loop, the
/// cancellation scope, and which of them runs or waits. Handed down by pointer at each await.
///
/// One runs at a time, in the loop of `resume`: a coroutine that awaits another, or ends, only says
/// which is next (`next`). So neither a million awaits in a row nor a hundred thousand nested ones
/// need more stack than one.
class Environment {
 public:
  Environment(Loop& loop, Environment* parent) noexcept : loop_{&loop}, parent_{parent} {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Loop& loop() const noexcept { return *loop_; }
  CancellationScope& scope() noexcept { return scope_; }
  const CancellationScope& scope() const noexcept { return scope_; }
  /// Whose work this is part of; null for what was started from outside.
  Environment* parent() const noexcept { return parent_; }
  /// The same, and of a root the work on whose executor it was started. On the loop only.
  virtual Environment* outer() const noexcept { return parent_; }

  /// The executor that coroutines of Asio's get which this chain awaits.
  virtual asio::any_io_executor awaitable_executor() {
    return parent_ == nullptr ? loop_->executor() : parent_->awaitable_executor();
  }
  /// The executor that `this_coro::executor` gives.
  virtual const asio::any_io_executor& coroutine_executor() {
    return parent_ == nullptr ? loop_->executor() : parent_->coroutine_executor();
  }

  /// The run that this is part of, if it is part of one. On the loop only.
  virtual bool find_outer_run(OuterRun& run) {
    Environment* const next = outer();
    return next != nullptr && next->find_outer_run(run);
  }
  /// The scheduled run that this is part of, or null. On the loop, or before this has started.
  virtual std::shared_ptr<const WorkTag> work_tag() const {
    return parent_ == nullptr ? nullptr : parent_->work_tag();
  }

  /// Ends the work early, on the loop; it goes on until it has ended.
  virtual void cancel(StopReason reason) noexcept { scope_.cancel(reason); }

  // ---- the end of work that cannot go on

  /// What is waited for will never come: the whole work is destroyed, from its root down, with this
  /// object; where a coroutine of Asio's is part of it, when Asio has destroyed that.
  void wait_lost() noexcept {
    Environment& top = root();
    if ((top.foreign_coroutines_.fetch_or(lost) & ~lost) == 0) top.abandon();
  }
  /// A coroutine of Asio's begins that may refer to what the frames of this work hold.
  void foreign_coroutine_begins() noexcept { root().foreign_coroutines_.fetch_add(1); }
  /// It has ended or has been destroyed. Nothing of the work may be touched after the call.
  void foreign_coroutine_ended() noexcept {
    Environment& top = root();
    if (top.foreign_coroutines_.fetch_sub(1) == (lost | 1U)) top.abandon();
  }
  /// It has been destroyed, maybe by another context on another thread. Asio posts that to the
  /// executor of the coroutine, unless that is going just now: then the loop has to be through.
  void foreign_coroutine_destroyed() noexcept {
    if (!loop().runs_here()) loop().wait_while_going();
    foreign_coroutine_ended();
  }
  /// Destroys the whole work, now.
  virtual void abandon() noexcept { parent_->abandon(); }

  Environment& root() noexcept {
    Environment* top = this;
    while (top->parent_ != nullptr)
      top = top->parent_;
    return *top;
  }

  /// Goes on with a coroutine of this chain until it waits. When its root has ended `finished` is
  /// called, as the last thing.
  void resume(std::coroutine_handle<> coroutine) {
    if (reports_waits_) [[unlikely]]
      report_resumed();
    run(coroutine);
    if (root_.done()) return finished();
    if (reports_waits_) [[unlikely]]
      report_waiting();
  }

  /// Goes on from a wait.
  void wait_ended(std::coroutine_handle<> coroutine) {
    scope_.wait_ends();
    resume(coroutine);
  }

  /// Sets the coroutine that goes on when the running one has suspended.
  void next(std::coroutine_handle<> coroutine, PromiseBase* promise) noexcept {
    next_ = coroutine;
    innermost_ = promise;
  }

  bool throws_if_cancelled() const noexcept { return throws_if_cancelled_; }
  void throw_if_cancelled(bool whether) noexcept { throws_if_cancelled_ = whether; }

  /// A wait may not begin in work that has been cancelled.
  void throw_if_aborted() const {
    if (scope_.is_cancelled() && throws_if_cancelled_) [[unlikely]]
      throw_aborted();
  }

 protected:
  ~Environment() = default;

  /// Runs coroutines until one waits or the root has ended.
  [[gnu::always_inline]] void run(std::coroutine_handle<> coroutine) {
    do {
      next_ = nullptr;
      coroutine.resume();
      coroutine = next_;
    } while (coroutine);
  }

  /// Makes the coroutine the root, which `run` or `resume` enters first.
  template <class Owner> [[gnu::always_inline]] void set_root(const Owner& coroutine) noexcept {
    coroutine.promise().set_root(*this);
    root_ = coroutine.get();
    innermost_ = &coroutine.promise();
  }

  /// The root coroutine has ended. May destroy this object.
  virtual void finished() = 0;

  /// Whether each wait is reported, and its end.
  void report_waits(bool whether) noexcept { reports_waits_ = whether; }
  bool reports_waits() const noexcept { return reports_waits_; }
  virtual void report_waiting() {}
  virtual void report_resumed() {}

  /// Destroys the frames that the root awaits, the innermost first: recursively it would take a
  /// stack as deep as the awaits are nested.
  void destroy_awaited_frames() noexcept;

  std::coroutine_handle<> root_;
  PromiseBase* innermost_ = nullptr;  // of the coroutine that runs or waits

 private:
  std::coroutine_handle<> next_;
  Loop* loop_;
  Environment* parent_;
  CancellationScope scope_;
  static constexpr std::uint32_t lost = std::uint32_t{1} << 31U;
  std::atomic<std::uint32_t> foreign_coroutines_{0};  // of a root: of all its work; and `lost`
  bool reports_waits_ = false;
  bool throws_if_cancelled_ = true;
};

inline EnvironmentLink::EnvironmentLink(Loop& loop, Environment& environment)
    : loop_{&loop}, environment_{&environment}, work_tag_{environment.work_tag()} {}

inline void EnvironmentLink::stop() noexcept {
  if (environment_ != nullptr) environment_->cancel(StopReason::Stop);
}

inline void EnvironmentLink::request_stop() {
  if (is_requested_.exchange(true)) return;
  if (loop_->runs_here()) return stop();
  intrusive_ptr_add_ref(this);
  const bool is_posted = loop_->post(this, [](void* object, bool runs) {
    const Pointer link{static_cast<EnvironmentLink*>(object), false};
    if (runs) link->stop();
  });
  if (!is_posted) intrusive_ptr_release(this);
}

/// The executor of the handlers that operations of Asio's get: that of a loop. A handler keeps its
/// loop, so this need not.
class LoopExecutor {
 public:
  explicit LoopExecutor(Loop& loop, bool never_blocks = false) noexcept
      : loop_{&loop}, never_blocks_{never_blocks} {}

  Loop& loop() const noexcept { return *loop_; }

  template <class F> void execute(F&& function) const {
    if (!never_blocks_ && loop_->runs_here()) {
      std::decay_t<F> own{std::forward<F>(function)};
      own();
      return;
    }
    using Function = std::decay_t<F>;
    auto* const kept = new Function(std::forward<F>(function));
    const bool is_posted = loop_->post(kept, [](void* object, bool runs) {
      const std::unique_ptr<Function> posted{static_cast<Function*>(object)};
      if (!runs) return;
      Function own{std::move(*posted)};
      own();
    });
    if (!is_posted) delete kept;
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return loop_->context();
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }
  LoopExecutor require(asio::execution::blocking_t::never_t) const noexcept {
    return LoopExecutor{*loop_, true};
  }
  LoopExecutor require(asio::execution::blocking_t::possibly_t) const noexcept {
    return LoopExecutor{*loop_, false};
  }
  friend bool operator==(const LoopExecutor&, const LoopExecutor&) noexcept = default;

 private:
  Loop* loop_;
  bool never_blocks_;
};

}  // namespace cano::detail
