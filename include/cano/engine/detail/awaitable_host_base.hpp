// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include <cano/async/detail/waiter.hpp>

namespace cano::detail {

/// The coroutine of Asio's that runs such tasks of a run, see awaitable_host.hpp: the part that
/// every run can have. Counted: Asio may keep it longer than the run.
class AwaitableHostBase : public Waiter {
 public:
  virtual ~AwaitableHostBase() = default;

  /// The run is over or gone.
  virtual void forget_run() noexcept = 0;

  friend void intrusive_ptr_add_ref(AwaitableHostBase* host) noexcept {
    host->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(AwaitableHostBase* host) noexcept {
    if (host->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete host;
  }

 private:
  std::atomic<std::uint32_t> owners_{0};  // another context that is destroyed may be the last
};

}  // namespace cano::detail
