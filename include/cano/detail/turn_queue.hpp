// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <cano/version.hpp>  // IWYU pragma: keep

namespace cano {
namespace asio = boost::asio;
}

namespace cano::detail {

/// The coroutines of a shard that let others run first.
///
/// Handed to Asio one by one, each would cost some 1,200 instructions, most of them for locks and
/// for what an `any_io_executor` has to find out again every time. Here all that yield in one round
/// share one posted handler, at some 100 instructions each.
///
/// **Threads.** Belongs to the one thread that runs the context.
class TurnQueue {
 public:
  explicit TurnQueue(asio::io_context& context) : context_{context} {}
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() { drop_all(); }

  /// From here on it is the queue of the calling thread.
  void serve_this_thread() noexcept { of_this_thread_ = this; }

  /// The queue of the calling thread if that is the one which the executor runs on; null otherwise.
  static TurnQueue* of(const asio::any_io_executor& executor) noexcept {
    const auto* const target = executor.target<asio::io_context::executor_type>();
    const bool is_here = of_this_thread_ != nullptr && target != nullptr &&
                         &target->context() == &of_this_thread_->context_;
    return is_here ? of_this_thread_ : nullptr;
  }

  template <class Handler> void push(Handler handler) {
    request_round();  // first: what may throw has nothing to undo, and a round for nobody is none
    asio::recycling_allocator<WaitingFor<Handler>> allocator;
    WaitingFor<Handler>* const waiting = allocator.allocate(1);
    line_.push(std::construct_at(waiting, std::move(handler)));
  }

  /// Destroys the coroutines that wait, without resuming them.
  void drop_all() noexcept {
    is_requested_ = false;
    while (Waiting* const waiting = line_.pop())
      waiting->take(waiting, Then::Drop);
  }

 private:
  enum class Then : bool { Drop, Resume };

  struct Waiting {
    using Take = void (*)(Waiting*, Then);
    Take take;  // frees it, then resumes what waited or does not
    Waiting* next = nullptr;
  };

  template <class Handler> struct WaitingFor : Waiting {
    explicit WaitingFor(Handler h) : Waiting{take_this}, handler{std::move(h)} {}

    static void take_this(Waiting* waiting, Then then) {
      auto* const self = static_cast<WaitingFor*>(waiting);
      Handler taken{std::move(self->handler)};
      std::destroy_at(self);
      asio::recycling_allocator<WaitingFor>{}.deallocate(self, 1);
      if (then == Then::Resume) std::move(taken)();
    }

    Handler handler;
  };

  class Line {
   public:
    bool empty() const noexcept { return first_ == nullptr; }
    void push(Waiting* waiting) noexcept {
      (first_ == nullptr ? first_ : last_->next) = waiting;
      last_ = waiting;
    }
    const Waiting* last() const noexcept { return last_; }
    Waiting* pop() noexcept {
      Waiting* const popped = first_;
      if (popped != nullptr) first_ = popped->next;
      return popped;
    }

   private:
    Waiting* first_ = nullptr;
    Waiting* last_ = nullptr;  // of a line that is not empty
  };

  struct Round {
    TurnQueue* queue;
    void operator()() const { queue->run_round(); }
  };

  void request_round() {
    if (std::exchange(is_requested_, true)) return;
    asio::post(context_, Round{this});
  }

  // Those that yield again meanwhile wait for the next round, behind what else is ready. When one
  // throws, those behind it have theirs then.
  void run_round() {
    try {
      resume_up_to(line_.last());
    } catch (...) {
      end_round();
      throw;
    }
    end_round();
  }

  void resume_up_to(const Waiting* last) {
    while (Waiting* const waiting = line_.pop()) {
      const bool is_last = waiting == last;
      waiting->take(waiting, Then::Resume);
      if (is_last) return;
    }
  }

  void end_round() {
    is_requested_ = false;
    if (!line_.empty()) request_round();
  }

  asio::io_context& context_;
  Line line_;
  bool is_requested_ = false;

  static inline thread_local TurnQueue* of_this_thread_ = nullptr;
};

}  // namespace cano::detail
