// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/virtual_clock.hpp>

namespace cano::detail {

/// A wait on a virtual clock with its handler: what an Asio timer's wait operation is in real time.
template <class Handler> class VirtualWaitOp final : public VirtualWait {
 public:
  VirtualWaitOp(const void* owner, steady_time deadline, Handler handler,
                asio::any_io_executor executor)
      : VirtualWait{owner, deadline},
        handler_{std::move(handler)},
        executor_{std::move(executor)} {}

  void complete(const boost::system::error_code& error) override {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.clear();
    const auto executor = asio::get_associated_executor(handler_, executor_);
    asio::post(executor, asio::append(std::move(handler_), error));
  }

  void connect_slot(VirtualClock& clock) {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([&clock, this](asio::cancellation_type type) {
      // complete() destroys this function: nothing may follow the call.
      if (type != asio::cancellation_type::none) clock.cancel(*this);
    });
  }

 private:
  Handler handler_;
  asio::any_io_executor executor_;
};

template <class Handler>
void start_virtual_wait(VirtualClock& clock, const void* owner, steady_time deadline,
                        Handler&& handler, const asio::any_io_executor& executor) {
  using Op = VirtualWaitOp<std::decay_t<Handler>>;
  auto wait = std::make_unique<Op>(owner, deadline, std::forward<Handler>(handler), executor);
  wait->connect_slot(clock);
  clock.add(std::move(wait));
}

}  // namespace cano::detail
