// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/cancellation_type.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/runtime/detail/shard.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

using Loops = std::vector<Loop::Pointer>;

inline Loops loops_on(Runtime& runtime) {
  Loops loops;
  loops.reserve(runtime.size());
  for (std::size_t i = 0; i < runtime.size(); ++i)
    loops.push_back(Loop::of(runtime.shard(i)));
  return loops;
}

/// Where the workers of a batch run that was started on `loop`: on all shards of its Runtime; there
/// where one thread runs it; otherwise on as many strands as the machine has cores.
inline Loops loops_for(Loop& loop) {
  if (Runtime* const runtime = runtime_of(loop.executor())) return loops_on(*runtime);
  if (is_serial(loop.executor())) return {&loop};
  Loops loops;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  loops.reserve(cores);
  for (unsigned i = 0; i < cores; ++i)
    loops.push_back(Loop::of(loop.base_executor()));
  return loops;
}

/// Starts a batch, which completes the handler when it has ended; cancelled by the handler's slot.
template <class Batch> class BatchInitiation {
 public:
  BatchInitiation(std::shared_ptr<Batch> batch, Loops loops, std::size_t max_in_flight) noexcept
      : batch_{std::move(batch)}, loops_{std::move(loops)}, max_in_flight_{max_in_flight} {}

  void operator()(typename Batch::OnDone handler) {
    handler.get_cancellation_slot().assign(
        [batch = std::weak_ptr{batch_}](asio::cancellation_type) {
          if (const auto alive = batch.lock()) alive->cancel();
        });
    handler.describe_as(WaitKind::Children);
    const auto batch = std::move(batch_);
    batch->start(loops_, max_in_flight_, std::move(handler));
  }

 private:
  std::shared_ptr<Batch> batch_;
  Loops loops_;
  std::size_t max_in_flight_;
};

}  // namespace cano::detail
