// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/virtual_clock.hpp>

namespace cano::detail {

/// A wait on a virtual clock with its handler: what an Asio timer's wait operation is in real time.
///
/// All that it does is done here, whatever the type of the handler: done for each of them, it would
/// be 110 more functions to compile.
class VirtualWait {
 public:
  VirtualWait(const void* owner, steady_time deadline, asio::any_io_executor executor,
              asio::cancellation_slot slot) noexcept
      : owner_{owner}, deadline_{deadline}, executor_{std::move(executor)}, slot_{slot} {}
  VirtualWait(const VirtualWait&) = delete;
  VirtualWait& operator=(const VirtualWait&) = delete;
  virtual ~VirtualWait() = default;

  const void* owner() const noexcept { return owner_; }
  steady_time deadline() const noexcept { return deadline_; }

  /// Lets the handler's slot cancel it.
  void connect_slot(VirtualClock& clock) {
    if (!slot_.is_connected()) return;
    slot_.assign([&clock, this](asio::cancellation_type type) {
      // complete() destroys this function: nothing may follow the call.
      if (type != asio::cancellation_type::none) clock.cancel(*this);
    });
  }

  /// Queues the handler on its executor. Called by the clock that gave the wait up.
  static void complete(std::unique_ptr<VirtualWait> wait, const boost::system::error_code& error) {
    if (wait->slot_.is_connected()) wait->slot_.clear();
    const asio::any_io_executor executor = std::move(wait->executor_);
    asio::post(executor, Completed{std::move(wait), error});
  }

 private:
  struct Completed {
    std::unique_ptr<VirtualWait> wait;
    boost::system::error_code error;
    void operator()() { wait.release()->destroy_and_call(error); }
  };

  // The handler may count on it that the memory of the wait is free again.
  virtual void destroy_and_call(const boost::system::error_code& error) = 0;

  const void* owner_;
  steady_time deadline_;
  asio::any_io_executor executor_;
  asio::cancellation_slot slot_;
};

template <class Handler> class VirtualWaitFor final : public VirtualWait {
 public:
  VirtualWaitFor(const void* owner, steady_time deadline, Handler handler,
                 const asio::any_io_executor& executor)
      : VirtualWait{owner, deadline, asio::get_associated_executor(handler, executor),
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

template <class Handler>
void start_virtual_wait(VirtualClock& clock, const void* owner, steady_time deadline,
                        Handler&& handler, const asio::any_io_executor& executor) {
  std::unique_ptr<VirtualWait> wait = std::make_unique<VirtualWaitFor<std::decay_t<Handler>>>(
      owner, deadline, std::forward<Handler>(handler), executor);
  wait->connect_slot(clock);
  clock.add(std::move(wait));
}

}  // namespace cano::detail
