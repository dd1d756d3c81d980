// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>

#include <cano/detail/context_gate.hpp>
#include <cano/detail/serial_context.hpp>
#include <cano/runtime/detail/shard.hpp>
#include <cano/runtime/runtime.hpp>

namespace cano::detail {

inline std::vector<asio::any_io_executor> lanes_on(Runtime& runtime) {
  std::vector<asio::any_io_executor> lanes;
  lanes.reserve(runtime.size());
  for (std::size_t i = 0; i < runtime.size(); ++i)
    lanes.push_back(runtime.shard(i));
  return lanes;
}

/// Where the lanes of a batch run that was started from `executor`: on all shards of its Runtime;
/// on itself where one thread runs it; otherwise on as many strands as the machine has cores.
inline std::vector<asio::any_io_executor> lanes_for(const asio::any_io_executor& executor) {
  if (Runtime* const runtime = runtime_of(executor)) return lanes_on(*runtime);
  if (is_serial(executor)) return {executor};
  std::vector<asio::any_io_executor> lanes;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  lanes.reserve(cores);
  for (unsigned i = 0; i < cores; ++i)
    lanes.emplace_back(asio::make_strand(executor));
  return lanes;
}

/// Brings the end of a batch to where it is awaited, which may be another context than its lanes'.
template <class Handler> class Homecoming {
 public:
  explicit Homecoming(Handler handler)
      : handler_{std::move(handler)},
        home_{asio::prefer(asio::any_io_executor{asio::get_associated_executor(handler_)},
                           asio::execution::outstanding_work.tracked)},
        gate_{ContextGate::of(home_)} {}

  template <class Result> static void start(const std::shared_ptr<Homecoming>& self, Result end) {
    self->gate_->pass([&] {
      asio::post(self->home_, [self, end = std::move(end)]() mutable {
        Handler handler{std::move(self->handler_)};
        std::move(handler)(std::move(end));
      });
      self->home_ = {};
    });
  }

 private:
  Handler handler_;
  asio::any_io_executor home_;  // it has work to wait for until the lanes, elsewhere, have ended
  std::shared_ptr<ContextGate> gate_;
};

/// Starts a batch and completes when it has; cancelled by the slot of the handler.
struct StartBatch {
  template <class Handler, class BatchType>
  void operator()(Handler handler, std::shared_ptr<BatchType> batch,
                  std::vector<asio::any_io_executor> executors, std::size_t max_in_flight) const {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([target = std::weak_ptr{batch}](asio::cancellation_type) {
        if (const auto alive = target.lock()) alive->cancel();
      });
    }
    auto homecoming = std::make_shared<Homecoming<Handler>>(std::move(handler));
    batch->start(executors, max_in_flight, [homecoming](auto result) {
      Homecoming<Handler>::start(homecoming, std::move(result));
    });
  }
};

}  // namespace cano::detail
