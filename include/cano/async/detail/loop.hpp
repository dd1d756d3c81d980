// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/detail/context_guard.hpp>
#include <cano/async/detail/loop_handler.hpp>
#include <cano/async/detail/loop_members.hpp>
#include <cano/async/detail/timers.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

class LoopService;

/// A serial executor with a queue of what is ready and the sleepers: one for each `io_context` that
/// one thread runs, one over a strand for each run elsewhere.
///
/// **Threads.** Belongs to the executor; what may be called from any thread says so.
/// **Lifetime.** Counted; it may outlive its context, and does nothing then.
class Loop {
 public:
  using Pointer = boost::intrusive_ptr<Loop>;

  /// The loop of the executor. From any thread.
  static Pointer of(const asio::any_io_executor& executor);

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// What handlers run on, one at a time. From any thread while the context lives.
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  /// The executor that it was made for: not the strand over it.
  const asio::any_io_executor& base_executor() const noexcept { return base_ ? base_ : executor_; }
  /// Whether the calling thread is known to be on the executor. Where it is not, `post` is right.
  bool runs_here() const noexcept {
    return here_ != nullptr && (here_ == this || here_ == main_.get());
  }
  /// Says that the calling thread is on the executor, for as long as this object lives. Asio is not
  /// asked, since another thread may ask when the context is gone.
  class Here {
   public:
    explicit Here(const Loop& loop) noexcept : outer_{std::exchange(here_, &loop)} {}
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;
    ~Here() { here_ = outer_; }

   private:
    const Loop* outer_;
  };
  steady_time now() const noexcept { return timers_->now(); }
  /// The time by the clock of what this thread works on now: that of the loop, or the real one
  /// where it is on none.
  static steady_time now_here() noexcept {
    return here_ == nullptr ? std::chrono::steady_clock::now() : here_->now();
  }
  /// The same by the wall clock.
  static system_time wall_now_here() noexcept {
    const VirtualClock* const clock = here_ == nullptr ? nullptr : here_->timers_->clock();
    return clock == nullptr ? std::chrono::system_clock::now() : clock->wall_now();
  }

  // ---- waiting

  /// Resumes the waiter in the next round, behind all that is ready.
  void push(Waiter& waiter) noexcept {
    request_round();
    queue_.push(waiter);
  }
  /// `deadline` is set.
  void add(Sleeper& sleeper) {
    if (timers_->clock() != nullptr && sleeper.deadline <= timers_->now()) return sleeper.expire();
    if (timers_->add(sleeper)) start_timer();
  }
  void remove(Sleeper& sleeper) noexcept { timers_->remove(sleeper); }

  // ---- from any thread

  /// The context, as long as that is not gone.
  asio::execution_context& context() const noexcept;
  /// Calls `function()` on the executor; does nothing when the context is gone.
  template <class F> void post_function(F&& function) {
    guard_->run_if_alive([&] { asio::post(executor_, std::forward<F>(function)); });
  }
  /// Calls `function(object, true)` on the executor, or `function(object, false)` wherever the
  /// handler is destroyed. False, and no call, when the context is gone.
  // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no going on
  bool post(void* object, LoopHandler::Function function) noexcept {
    return guard_->run_if_alive([&] { post_handler(LoopHandler{*this, object, function}); });
  }

  /// Where the context is being destroyed, returns when its loops have let go of all their work.
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  void wait_while_going() noexcept { const std::lock_guard going{guard_->going()}; }

  // ---- work under way

  /// Keeps the context at work until `leave`.
  void join(LoopMember& member) {
    if (members_.empty()) {
      work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
    }
    members_.add(member);
    if (is_stopping_) member.cancel_work();
  }
  /// Does nothing where the member has left.
  void leave(LoopMember& member) noexcept {
    if (!members_.remove(member) || !members_.empty()) return;
    work_ = {};
    if (timers_->empty()) timers_->cancel_timer();
    if (on_idle_) std::exchange(on_idle_, nullptr)();
  }
  std::size_t members() const noexcept { return members_.size(); }
  /// Where the work under way waits.
  std::vector<WaitPlace> wait_places() const {
    std::vector<WaitPlace> places;
    members_.for_each([&](const LoopMember& each) { each.tell_places(places); });
    return places;
  }
  /// Cancels all work under way and what comes later.
  void stop() noexcept {
    is_stopping_ = true;
    members_.cancel_all();
  }
  bool is_stopping() const noexcept { return is_stopping_; }
  /// Calls `function` when no work is under way, at once where there is none.
  void when_idle(std::function<void()> function) {
    if (members_.empty()) return function();
    on_idle_ = std::move(function);
  }

  Timers& timers() noexcept { return *timers_; }

  friend void intrusive_ptr_add_ref(Loop* loop) noexcept {
    loop->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Loop* loop) noexcept {
    if (loop->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete loop;
  }

 private:
  friend class LoopService;
  Loop(LoopService& service, asio::any_io_executor executor, asio::io_context* context, Loop* main);
  ~Loop();

  void post_handler(LoopHandler&& handler) {
    if (context_ != nullptr) {
      asio::post(context_->get_executor(), std::move(handler));
    } else {
      asio::post(executor_, std::move(handler));
    }
  }

  // False when the last owner has gone.
  bool try_add_owner() noexcept {
    std::uint32_t owners = owners_.load();
    while (owners != 0 && !owners_.compare_exchange_weak(owners, owners + 1))
      continue;
    return owners != 0;
  }

  // What Asio holds for the loop keeps it.
  void* keep() noexcept {
    intrusive_ptr_add_ref(this);
    return this;
  }
  static Pointer kept(void* loop) noexcept { return Pointer{static_cast<Loop*>(loop), false}; }

  // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no going on
  void request_round() noexcept {
    if (std::exchange(is_round_requested_, true)) return;
    post_handler(LoopHandler{*this, keep(), &Loop::round});
  }
  static void round(void* loop, bool runs) {
    const Pointer self = kept(loop);
    if (runs) self->run_round();
  }

  // Those that come into the queue meanwhile wait for the next round, behind what else is ready;
  // so do those that are left when one throws.
  void run_round() {
    struct Round {
      explicit Round(Loop& l) noexcept : loop{l} { queue.take_front(loop.queue_); }
      Round(const Round&) = delete;
      Round& operator=(const Round&) = delete;
      ~Round() {
        loop.queue_.take_front(queue);
        loop.is_round_requested_ = false;
        if (!loop.queue_.empty()) loop.request_round();
      }
      Loop& loop;
      YieldQueue queue;
    } round{*this};
    while (Waiter* const waiter = round.queue.pop())
      waiter->wake();
  }

  void start_timer() {
    Loop& owner = own_timers_ ? *this : *main_;
    timers_->start_timer(owner.executor_, LoopHandler{owner, owner.keep(), &Loop::timer_ended});
  }
  static void timer_ended(void* loop, bool runs) {
    const Pointer self = kept(loop);
    if (!runs || !self->timers_->timer_ended()) return;
    const bool is_requested = std::exchange(self->is_round_requested_, true);
    self->timers_->expire_due();
    if (self->timers_->needs_timer()) self->start_timer();
    self->is_round_requested_ = is_requested;
    if (!is_requested) self->run_round();
  }

  void shutdown() noexcept {
    is_round_requested_ = true;  // there are no more
    while (LoopMember* const member = members_.first()) {
      leave(*member);
      member->drop_work();
    }
    while (Waiter* const waiter = queue_.pop())
      waiter->drop();
    forget_all();
  }
  // Neither a timer nor a strand may outlive the context.
  void forget_all() noexcept {
    if (own_timers_) own_timers_->drop_all();
    work_ = {};
    executor_ = {};
    base_ = {};
  }

  std::atomic<std::uint32_t> owners_{0};
  asio::any_io_executor executor_;
  asio::any_io_executor base_;
  asio::io_context* context_;  // where this is the loop of one that one thread runs, else null
  Pointer main_;               // where this is one over an executor of such a context, its loop
  bool is_round_requested_ = false;
  bool is_stopping_ = false;
  YieldQueue queue_;
  std::unique_ptr<Timers> own_timers_;
  Timers* timers_;  // its own, or those of the context's loop
  LoopMembers members_;
  asio::any_io_executor work_;
  std::function<void()> on_idle_;
  std::shared_ptr<ContextGuard> guard_;
  LoopService* service_;   // while the guard lets in
  std::size_t place_ = 0;  // among the loops of the service

  CANO_VISIBLE static inline constinit thread_local const Loop* here_ = nullptr;
};

inline void LoopHandler::operator()() {
  const Loop::Here here{*loop_};
  std::exchange(function_, nullptr)(object_, true);
}

}  // namespace cano::detail
