// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/operation.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

class LineWaiter;

/// Coroutines of any loops that wait, first come first served, for something that any thread may
/// bring. The mutex protects the line, all in it, and what they wait for.
///
/// A handler is called after the mutex has been unlocked: it is taken out of its waiter before.
class WaitLine {
 public:
  using Handler = std::optional<OperationHandler<>>;

  WaitLine() = default;
  WaitLine(const WaitLine&) = delete;
  WaitLine& operator=(const WaitLine&) = delete;

  static void call(Handler handler) {
    if (handler) handler->complete_later();
  }

 protected:
  friend class LineWaiter;
  ~WaitLine() { CANO_ASSERT(first_ == nullptr); }

  std::mutex& mutex() const noexcept { return mutex_; }

  // ---- with the mutex locked

  /// Null when the line is empty.
  LineWaiter* first() const noexcept { return first_; }
  void add(LineWaiter& waiter) noexcept;
  void remove(LineWaiter& waiter) noexcept;

 private:
  mutable std::mutex mutex_;
  LineWaiter* first_ = nullptr;
  LineWaiter* last_ = nullptr;
};

/// A coroutine in a line; it is stored in the coroutine's frame.
class LineWaiter {
 public:
  enum class Outcome : std::uint8_t { None, Passed, TimedOut, Cancelled, Closed };

  /// With a limit it waits at most that long.
  LineWaiter(WaitLine& line, WaitKind kind, std::optional<Duration> limit) noexcept
      : line_{&line}, limit_{limit}, kind_{kind} {}
  LineWaiter(const LineWaiter&) = delete;
  LineWaiter& operator=(const LineWaiter&) = delete;

  /// After the wait.
  Outcome outcome() const noexcept { return outcome_; }
  void throw_if_cancelled() const {
    if (outcome_ == Outcome::Cancelled) throw_aborted();
  }
  /// How long ago a wait with a limit began; on the coroutine's loop.
  Duration elapsed() const noexcept {
    return loop_ == nullptr ? Duration::zero() : loop_->now() - began_;
  }

  // ---- for the awaiter, on the coroutine's loop

  const std::optional<Duration>& limit() const noexcept { return limit_; }
  void wait_begins(Loop& loop) noexcept {
    loop_ = &loop;
    began_ = loop.now();
  }
  steady_time deadline() const noexcept { return saturating_add(began_, *limit_); }
  /// Whether it need not wait.
  bool passes_at_once() {
    const std::lock_guard lock{line_->mutex_};
    return passes();
  }
  /// Joins the line.
  void operator()(OperationHandler<>&& handler) {
    handler.describe_as(kind_);
    handler.get_cancellation_slot().assign(Cancel{this});
    {
      const std::lock_guard lock{line_->mutex_};
      if (!passes()) {
        handler_.emplace(std::move(handler));
        line_->add(*this);
        has_joined_ = true;
        joined();
        return;
      }
    }
    handler.complete_later();
  }
  virtual void time_out() { stop_waiting(Outcome::TimedOut); }

  // ---- for the line, with the mutex locked

  /// Takes it out of the line. The handler is to be called.
  WaitLine::Handler leave(Outcome outcome) noexcept {
    line_->remove(*this);
    outcome_ = outcome;
    left();
    return std::exchange(handler_, std::nullopt);
  }

 protected:
  /// The mutex is not locked.
  ~LineWaiter() { abandon(); }

  /// Out of the line, and the handler is destroyed. A derived class that the line knows as such
  /// calls it first thing in its destructor.
  void abandon() {
    if (!std::exchange(has_joined_, false)) return;
    WaitLine::Handler destroyed_unlocked;
    const std::lock_guard lock{line_->mutex_};
    if (handler_) destroyed_unlocked = leave(Outcome::None);
  }

  void set_outcome(Outcome outcome) noexcept { outcome_ = outcome; }
  bool is_in_line() const noexcept { return handler_.has_value(); }
  /// The one before it in the line; null for the first.
  const LineWaiter* previous() const noexcept { return previous_; }
  std::mutex& mutex() const noexcept { return line_->mutex_; }

  /// Out of the line, unless something else was sooner.
  void stop_waiting(Outcome outcome) {
    WaitLine::Handler handler;
    {
      const std::lock_guard lock{line_->mutex_};
      if (handler_) handler = leave(outcome);
    }
    WaitLine::call(std::move(handler));
  }

 private:
  friend class WaitLine;
  struct Cancel {
    LineWaiter* waiter;
    template <class Type> void operator()(Type) const { waiter->cancel(); }
  };

  /// With the mutex locked: whether what it waits for is there; takes it and sets the outcome.
  virtual bool passes() noexcept = 0;
  virtual void cancel() { stop_waiting(Outcome::Cancelled); }
  /// With the mutex locked: it has come into the line, or has left it.
  virtual void joined() noexcept {}
  virtual void left() noexcept {}

  WaitLine* line_;
  WaitLine::Handler handler_;  // while it is in the line
  LineWaiter* next_ = nullptr;
  LineWaiter* previous_ = nullptr;
  std::optional<Duration> limit_;
  Loop* loop_ = nullptr;
  steady_time began_{};
  WaitKind kind_;
  Outcome outcome_ = Outcome::None;
  bool has_joined_ = false;  // ever; for the coroutine's loop alone
};

inline void WaitLine::add(LineWaiter& waiter) noexcept {
  waiter.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &waiter;
  last_ = &waiter;
}

inline void WaitLine::remove(LineWaiter& waiter) noexcept {
  (waiter.previous_ == nullptr ? first_ : waiter.previous_->next_) = waiter.next_;
  (waiter.next_ == nullptr ? last_ : waiter.next_->previous_) = waiter.previous_;
  waiter.next_ = waiter.previous_ = nullptr;
}

/// AwaitedOperand: waits in the line.
class WaitInLine {
 public:
  explicit WaitInLine(LineWaiter& waiter) noexcept : waiter_{&waiter} {}
  WaitInLine(const WaitInLine&) = delete;
  WaitInLine& operator=(const WaitInLine&) = delete;
  LineWaiter& waiter() const noexcept { return *waiter_; }

 private:
  LineWaiter* waiter_;
};

/// Ends a wait in a line when its time has passed.
class LineLimit final : public Sleeper {
 public:
  LineLimit(Environment& environment, LineWaiter& waiter) noexcept
      : Sleeper{true}, environment_{&environment}, waiter_{&waiter} {}
  ~LineLimit() { environment_->loop().remove(*this); }

  void start() {
    deadline = waiter_->deadline();
    environment_->loop().add(*this);
  }
  void expire() override { waiter_->time_out(); }
  void wake() override {}  // is never queued
  void drop() noexcept override { environment_->wait_lost(); }

 private:
  Environment* environment_;
  LineWaiter* waiter_;
};

/// `co_await` of a place in a line.
class LineAwaiter : public OperationAwaiter<LineWaiter&> {
 public:
  LineAwaiter(Environment& environment, WaitInLine&& wait)
      : OperationAwaiter{environment, wait.waiter()},
        loop_{&environment.loop()},
        waiter_{&wait.waiter()},
        limit_{environment, *waiter_} {}

  bool await_ready() { return waiter_->passes_at_once(); }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    const bool has_limit = waiter_->limit().has_value();
    if (has_limit) waiter_->wait_begins(*loop_);
    if (!OperationAwaiter::await_suspend(coroutine)) return false;
    if (has_limit && waiter_->limit() != Duration::max()) limit_.start();
    return true;
  }
  void await_resume() const noexcept {}  // the waiter knows

 private:
  Loop* loop_;
  LineWaiter* waiter_;
  LineLimit limit_;
};

template <> struct OperandAwaiter<WaitInLine> {
  using type = LineAwaiter;
};

}  // namespace cano::detail
