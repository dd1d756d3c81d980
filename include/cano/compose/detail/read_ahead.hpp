// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

class ReadWait;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// A read of a source that goes on while the window before it is flushed, in a cancellation scope
/// of its own; the part that does not depend on what it gives.
class ReadAheadBase : public Environment {
 protected:
  explicit ReadAheadBase(Environment& parent) noexcept : Environment{parent.loop(), &parent} {}
  ~ReadAheadBase() = default;

  void finished() override;

 private:
  friend class ReadWait;

  virtual bool has_ended() const noexcept = 0;

  ReadWait* wait_ = nullptr;
};

/// A coroutine's wait until a read has ended, or until the time of its window, which leaves the
/// read alone. Cancelled, it cancels the read and goes on when that has ended.
class ReadWait final : public Cancellable {
 public:
  ReadWait(Environment& here, ReadAheadBase& read, steady_time deadline) noexcept
      : here_{&here}, read_{&read}, limit_{*this, deadline} {}
  ~ReadWait() { here_->loop().remove(limit_); }

  /// Ends the read early, before the wait.
  void cancel_read() noexcept { read_->scope().cancel(StopReason::Stop); }

  /// Whether the coroutine has to wait.
  bool start(std::coroutine_handle<> coroutine) {
    if (read_->has_ended()) return false;
    coroutine_ = coroutine;
    read_->wait_ = this;
    here_->scope().wait_begins(*this);
    if (here_->scope().is_cancelled()) {
      cancel_read();
    } else if (limit_.deadline != steady_time::max()) {
      here_->loop().add(limit_);
    }
    return true;
  }
  /// After the wait: whether the read has ended.
  bool read_has_ended() const noexcept { return read_->has_ended(); }

  void cancel() noexcept override { cancel_read(); }
  Wait describe() const noexcept override { return {WaitKind::Children}; }
  void tell_places(std::vector<WaitPlace>& places) const override {
    read_->scope().tell_places(places);
  }

 private:
  friend class ReadAheadBase;

  // Behind what became ready at the same time: an item that is there at the end of the window's
  // time belongs to it.
  struct Limit final : Sleeper {
    Limit(ReadWait& owner, steady_time time) noexcept : Sleeper{true}, wait{&owner} {
      deadline = time;
    }
    void expire() override { wait->here_->loop().push(*this); }
    void wake() override {
      if (wait->here_->scope().is_cancelled()) return;  // the read ends, and the wait with it
      wait->go_on();
    }
    void drop() noexcept override { wait->here_->wait_lost(); }
    ReadWait* wait;
  };

  void go_on() {
    read_->wait_ = nullptr;
    here_->wait_ended(coroutine_);
  }

  Environment* here_;
  ReadAheadBase* read_;
  std::coroutine_handle<> coroutine_;
  Limit limit_;
};

inline void ReadAheadBase::finished() {
  if (wait_ != nullptr) wait_->go_on();
}

/// `co_await wait` in the coroutine of a window.
class ReadAwaiter {
 public:
  ReadAwaiter(Environment&, ReadWait& wait) noexcept : wait_{wait} {}
  bool await_ready() const noexcept { return wait_.read_has_ended(); }
  bool await_suspend(std::coroutine_handle<> coroutine) { return wait_.start(coroutine); }
  void await_resume() const noexcept {}

 private:
  ReadWait& wait_;
};
template <> struct OperandAwaiter<ReadWait&> {
  using type = ReadAwaiter;
};

/// A read of a source with what it gives.
template <class T> class ReadAhead final : public ReadAheadBase {
 public:
  explicit ReadAhead(Environment& parent) noexcept : ReadAheadBase{parent} {}
  ~ReadAhead() { destroy_awaited_frames(); }

  /// Whether there is one, under way or with an item that was not taken.
  bool is_there() const noexcept { return static_cast<bool>(coroutine_); }

  /// Starts one, where there is none, up to its first wait.
  void start(Async<T> work) {
    scope().reset();
    throw_if_cancelled(true);
    coroutine_ = AsyncAccess::coroutine(work);
    set_root(coroutine_);
    resume(root_);
  }
  /// What the one gave or threw that has ended.
  T take() {
    const CoroutineOwner<T> ended = release();
    return ended.promise().take();
  }
  /// Forgets what it gave.
  void drop() noexcept { static_cast<void>(release()); }

 private:
  bool has_ended() const noexcept override { return coroutine_.get().done(); }

  CoroutineOwner<T> release() noexcept {
    root_ = nullptr;
    innermost_ = nullptr;
    return std::move(coroutine_);
  }

  CoroutineOwner<T> coroutine_;
};

/// A placeholder where reads never wait.
struct NoReadAhead {
  explicit NoReadAhead(Environment&) noexcept {}
};

}  // namespace cano::detail
