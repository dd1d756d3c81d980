// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/error_code.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

class VirtualWaits;

/// A wait of a `Timer` under virtual time with its handler: what an Asio timer's wait operation is
/// in real time. All that it does is done here, whatever the type of the handler.
class VirtualWait : public Sleeper {
 public:
  VirtualWait(VirtualWaits& waits, asio::any_io_executor executor,
              asio::cancellation_slot slot) noexcept
      : waits_{&waits}, executor_{std::move(executor)}, slot_{slot} {}
  virtual ~VirtualWait() = default;

  void connect_slot() {
    if (!slot_.is_connected()) return;
    // complete() destroys this function: nothing may follow the call.
    slot_.assign([this](asio::cancellation_type type) {
      if (type != asio::cancellation_type::none) cancel();
    });
  }

  void expire() override { complete({}); }
  // NOLINTNEXTLINE(bugprone-exception-escape): without memory there is no going on
  void cancel() noexcept override { complete(asio::error::operation_aborted); }
  void wake() override {}
  void drop() noexcept override;

  /// Queues the handler on its executor.
  void complete(const boost::system::error_code& error);

 private:
  friend class VirtualWaits;

  struct Completed {
    std::unique_ptr<VirtualWait> wait;
    boost::system::error_code error;
    void operator()() { wait.release()->destroy_and_call(error); }
  };

  // The handler may count on it that the memory of the wait is free again.
  virtual void destroy_and_call(const boost::system::error_code& error) = 0;

  VirtualWaits* waits_;
  VirtualWait* next_ = nullptr;  // of the same timer
  VirtualWait* previous_ = nullptr;
  asio::any_io_executor executor_;
  asio::cancellation_slot slot_;
};

/// A wait under virtual time with its handler.
template <class Handler> class VirtualWaitWith final : public VirtualWait {
 public:
  VirtualWaitWith(VirtualWaits& waits, Handler handler, const asio::any_io_executor& executor)
      : VirtualWait{waits, asio::get_associated_executor(handler, executor),
                    asio::get_associated_cancellation_slot(handler)},
        handler_{std::move(handler)} {}

 private:
  void destroy_and_call(const boost::system::error_code& error) override {
    Handler handler{std::move(handler_)};
    delete this;
    std::move(handler)(error);
  }

  Handler handler_;
};

/// The waits under way of one timer.
class VirtualWaits {
 public:
  explicit VirtualWaits(const asio::any_io_executor& executor)
      : loop_{asio::use_service<LoopService>(asio::query(executor, asio::execution::context))
                  .main()} {}
  VirtualWaits(const VirtualWaits&) = delete;
  VirtualWaits& operator=(const VirtualWaits&) = delete;

  const VirtualClock& clock() const noexcept { return *loop_->timers().clock(); }

  template <class Handler>
  void start(steady_time deadline, Handler&& handler, const asio::any_io_executor& executor) {
    auto* const wait =
        new VirtualWaitWith<std::decay_t<Handler>>{*this, std::forward<Handler>(handler), executor};
    wait->deadline = deadline;
    wait->next_ = first_;
    if (first_ != nullptr) first_->previous_ = wait;
    first_ = wait;
    wait->connect_slot();
    if (watches_wall_clock_) loop_->timers().watch_wall_clock(*wait);
    loop_->add(*wait);
  }

  /// Ends all of them early; returns how many there were.
  std::size_t cancel_all() {
    watches_wall_clock_ = false;
    // In the order in which they began.
    VirtualWait* last = first_;
    while (last != nullptr && last->next_ != nullptr)
      last = last->next_;
    std::size_t count = 0;
    while (last != nullptr) {
      VirtualWait* const previous = last->previous_;
      last->complete(asio::error::operation_aborted);
      last = previous;
      ++count;
    }
    return count;
  }

  /// What is waited for from now on has come when the clock on the wall is set; until `cancel_all`.
  void watch_wall_clock() noexcept { watches_wall_clock_ = true; }

 private:
  friend class VirtualWait;

  void remove(VirtualWait& wait) noexcept {
    (wait.previous_ != nullptr ? wait.previous_->next_ : first_) = wait.next_;
    if (wait.next_ != nullptr) wait.next_->previous_ = wait.previous_;
    loop_->remove(wait);
    loop_->timers().unwatch_wall_clock(wait);
  }

  Loop::Pointer loop_;
  VirtualWait* first_ = nullptr;  // the newest
  bool watches_wall_clock_ = false;
};

inline void VirtualWait::complete(const boost::system::error_code& error) {
  std::unique_ptr<VirtualWait> self{this};
  waits_->remove(*this);
  if (slot_.is_connected()) slot_.clear();
  const asio::any_io_executor executor = std::move(executor_);
  asio::post(executor, Completed{std::move(self), error});
}

inline void VirtualWait::drop() noexcept {
  waits_->remove(*this);
  delete this;
}

}  // namespace cano::detail
