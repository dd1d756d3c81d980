// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <cano/duration.hpp>

namespace cano {

namespace asio = boost::asio;

namespace detail {

class VirtualWait;

// How many virtual clocks this process has: all that real time pays to know of them. Visible, as
// all that there is one of: a library that hides its symbols must not get one of its own.
[[gnu::visibility("default")]] inline std::atomic<int> virtual_clock_count{0};

/// What stands in for the real clocks in an execution context: the other side of the seam.
class VirtualClock {
 public:
  VirtualClock() { virtual_clock_count.fetch_add(1, std::memory_order_relaxed); }
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;

  virtual steady_time now() const noexcept = 0;
  virtual system_time wall_now() const noexcept = 0;

  /// Keeps the wait until its time, or completes it when that has come.
  virtual void add(std::unique_ptr<VirtualWait> wait) = 0;
  virtual void cancel(const VirtualWait& wait) = 0;
  virtual std::size_t cancel_all_of(const void* owner) = 0;

  /// When the wall clock is set, what the owner then waits for has come. Until `cancel_all_of`.
  virtual void wake_on_step(const void* owner) = 0;

  /// The context is going: destroys every wait without completing it.
  virtual void drop_all() noexcept = 0;

 protected:
  ~VirtualClock() { virtual_clock_count.fetch_sub(1, std::memory_order_relaxed); }
};

/// The place in an execution context where its virtual clock, if it has one, is found.
class ClockService : public asio::execution_context::service {
 public:
  // One for the program: libraries that hide their symbols look for it too.
  [[gnu::visibility("default")]] static inline asio::execution_context::id id;

  explicit ClockService(asio::execution_context& context, VirtualClock* clock = nullptr)
      : asio::execution_context::service{context}, clock_{clock} {}

  VirtualClock* clock() const noexcept { return clock_; }

 private:
  void shutdown() override {
    if (clock_ != nullptr) clock_->drop_all();
  }

  VirtualClock* clock_;
};

/// The virtual clock of the context, or null when its time is real.
inline VirtualClock* virtual_clock_of(asio::execution_context& context) {
  if (virtual_clock_count.load(std::memory_order_relaxed) == 0) return nullptr;
  return asio::use_service<ClockService>(context).clock();
}

inline VirtualClock* virtual_clock_of(const asio::any_io_executor& executor) {
  if (virtual_clock_count.load(std::memory_order_relaxed) == 0) return nullptr;
  return virtual_clock_of(asio::query(executor, asio::execution::context));
}

}  // namespace detail
}  // namespace cano
