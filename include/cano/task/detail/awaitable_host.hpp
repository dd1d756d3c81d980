// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/engine/detail/awaitable_host_base.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_driver_base.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// The place where a coroutine of Asio's leaves the state that it gave.
template <class State> class AwaitableResult : public AwaitableHostBase {
 public:
  State take() { return std::move(state_); }

 protected:
  State state_{};
};

/// Works on the tasks of a run that are coroutines of Asio's, in one coroutine of its own for all
/// of them: to spawn one for each would cost ten times as much.
///
/// While one such task follows another, the run goes on from inside that coroutine, which then
/// finds the next task here. Where something else follows it suspends until there is one again.
template <class State> class AwaitableHost final : public AwaitableResult<State> {
 public:
  using Pointer = boost::intrusive_ptr<AwaitableHost>;

  explicit AwaitableHost(RunDriverBase& driver) noexcept : driver_{&driver} {}

  static AwaitableHost& of(RunDriverBase& driver) {
    if (!driver.host()) driver.host() = new AwaitableHost{driver};
    return static_cast<AwaitableHost&>(*driver.host());
  }

  /// Starts the attempt, which reports its end to `RunDriverBase::awaitable_ended`, never inside
  /// this call.
  void start(asio::awaitable<State>&& work) {
    work_ = std::move(work);
    driver_->scope().wait_begins(*this);
    if (is_driving_) return;  // the coroutine finds it when this call has returned
    is_starting_ = true;
    if (idle_) {
      wake();
    } else {
      spawn();
    }
    is_starting_ = false;
  }

  void wake() override { idle_.release()->resume(); }
  void drop() noexcept override {}

  void cancel() noexcept override {
    if (defers_cancellation_) {
      is_cancelled_early_ = true;
      return;
    }
    was_cancelled_ = true;
    signal_.emit(asio::cancellation_type::all);
  }

  void forget_run() noexcept override {
    if (std::exchange(is_spawned_, false)) driver_->foreign_coroutine_ended();
    driver_ = nullptr;
    const auto dropped = std::move(idle_);  // Asio destroys the coroutine
  }

 private:
  struct Idle : Pooled {
    virtual ~Idle() = default;
    virtual void resume() = 0;  // and deletes it, before it goes on
  };
  template <class Handler> struct IdleWith final : Idle {
    explicit IdleWith(Handler&& h) : handler{std::move(h)} {}
    void resume() override {
      Handler own{std::move(handler)};
      delete this;
      own();
    }
    Handler handler;
  };
  struct StartIdle {
    AwaitableHost* self;
    template <class Handler> void operator()(Handler&& handler) const {
      self->idle_ =
          std::make_unique<IdleWith<std::decay_t<Handler>>>(std::forward<Handler>(handler));
    }
  };

  // Called at the end of the coroutine. When it is destroyed before that, an operation has
  // forgotten its handler, or the context is going.
  struct OnEnd {
    using cancellation_slot_type = asio::cancellation_slot;

    explicit OnEnd(Pointer h) noexcept : host{std::move(h)} {}
    OnEnd(OnEnd&&) noexcept = default;
    OnEnd& operator=(OnEnd&&) = delete;
    ~OnEnd() {
      if (host) host->lost();
    }
    cancellation_slot_type get_cancellation_slot() const noexcept { return host->signal_.slot(); }
    void operator()(const std::exception_ptr&) { host = nullptr; }

    Pointer host;
  };

  void spawn() {
    is_spawned_ = true;
    defers_cancellation_ = true;
    driver_->foreign_coroutine_begins();
    asio::co_spawn(driver_->awaitable_executor(), serve(Pointer{this}), OnEnd{Pointer{this}});
  }

  // The coroutine has been destroyed. The run cannot be here: something of it may be on the stack.
  void lost() noexcept {
    if (!std::exchange(is_spawned_, false)) return;
    Loop& loop = driver_->loop();
    intrusive_ptr_add_ref(static_cast<AwaitableHostBase*>(this));
    const bool is_posted = loop.post(this, [](void* object, bool runs) {
      const Pointer self{static_cast<AwaitableHost*>(object), false};
      if (runs && self->driver_ != nullptr) self->driver_->wait_lost();
    });
    if (!is_posted) intrusive_ptr_release(static_cast<AwaitableHostBase*>(this));
    driver_->foreign_coroutine_destroyed();
  }

  auto idle() {
    return asio::async_initiate<const asio::deferred_t&, void()>(StartIdle{this}, asio::deferred);
  }

  // Asio's co_spawn awaits before this coroutine: cancelled there, it would throw out of the
  // executor.
  static asio::awaitable<void> serve(Pointer self) {
    self->defers_cancellation_ = false;
    asio::awaitable<State>& work = self->work_;
    if (self->is_cancelled_early_) {
      // With Boost 1.81 an assignment does not destroy the coroutine that was there before.
      const asio::awaitable<State> not_begun{std::move(work)};
      work = aborted();
    }
    for (;;) {
      try {
        self->state_ = co_await std::move(work);
      } catch (...) {
        if (self->driver_ != nullptr) self->driver_->run_base().set_failure(caught_failure());
      }
      if (self->driver_ != nullptr && self->is_starting_) [[unlikely]] {
        // The driver is still in `start`; it goes on from here when it has returned.
        self->driver_->loop().push(*self);
        if (self->was_cancelled_) co_await asio::this_coro::reset_cancellation_state();
        auto returned = self->idle();
        co_await std::move(returned);
      }
      if (self->driver_ == nullptr) break;
      if (self->was_cancelled_) [[unlikely]] {
        // What comes now must not be cancelled with the attempt that was.
        self->was_cancelled_ = false;
        co_await asio::this_coro::reset_cancellation_state();
      }
      if (self->go_on()) continue;
      if (self->driver_ == nullptr) break;
      auto next_task = self->idle();
      co_await std::move(next_task);
      if (self->driver_ == nullptr) break;
    }
    co_await asio::this_coro::throw_if_cancelled(false);
  }

  // In the place of a task that was cancelled before it could begin.
  static asio::awaitable<State> aborted() {
    throw_aborted();
    co_return State{};
  }

  // Whether there is another task at once.
  bool go_on() {
    is_driving_ = true;
    driver_->scope().wait_ends();
    driver_->awaitable_ended();
    is_driving_ = false;
    return work_.valid();
  }

  RunDriverBase* driver_;  // null when the run is over
  asio::awaitable<State> work_;
  asio::cancellation_signal signal_;
  std::unique_ptr<Idle> idle_;        // set while the coroutine has nothing to do
  bool is_spawned_ = false;           // the coroutine lives and the run goes on
  bool defers_cancellation_ = false;  // the coroutine has not begun
  bool is_cancelled_early_ = false;
  bool is_starting_ = false;  // inside `start`
  bool is_driving_ = false;   // the run goes on inside the coroutine
  bool was_cancelled_ = false;
};

/// Starts an attempt: an `Async` is given back, a coroutine of Asio's goes to the run's host.
template <class State> Async<State> start_task(Async<State>&& work, TaskContext& context) {
  require_started(work, context);
  return std::move(work);
}
template <class State>
Async<State> start_task(asio::awaitable<State>&& work, TaskContext& context) {
  require_started(work, context);
  AwaitableHost<State>::of(*RunAccess::run(context).driver()).start(std::move(work));
  return {};
}

}  // namespace cano::detail
