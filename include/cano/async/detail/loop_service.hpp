// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

#include <cano/async/detail/context_guard.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/timers.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/config.hpp>

namespace cano::detail {

/// The loops of an execution context, and its clock.
class LoopService : public asio::execution_context::service {
 public:
  CANO_VISIBLE static inline asio::execution_context::id id;

  explicit LoopService(asio::execution_context& context, bool is_serial = false,
                       const VirtualClock* clock = nullptr)
      : asio::execution_context::service{context}, clock_{clock} {
    if (!is_serial) return;
    auto& io = static_cast<asio::io_context&>(context);
    main_ = new Loop{*this, io.get_executor(), &io, nullptr};
  }

  /// The loop of a context that one thread runs; null elsewhere.
  Loop* main() const noexcept { return main_.get(); }
  const VirtualClock* clock() const noexcept { return clock_; }

  Loop::Pointer make_loop(const asio::any_io_executor& executor) {
    if (main_) return new Loop{*this, executor, nullptr, main_.get()};
    const bool is_strand = executor.target<asio::strand<asio::any_io_executor>>() != nullptr;
    if (is_strand) return new Loop{*this, executor, nullptr, nullptr};
    Loop::Pointer loop{new Loop{*this, asio::make_strand(executor), nullptr, nullptr}};
    loop->base_ = executor;
    return loop;
  }

 private:
  friend class Loop;

  void shutdown() override {
    const auto guard = guard_;
    const std::lock_guard going{guard->going()};
    std::vector<Loop::Pointer> loops;
    guard->close([&] {
      for (Loop* const loop : loops_) {
        if (loop->try_add_owner()) {
          loops.emplace_back(loop, false);
        } else {
          loop->forget_all();  // another thread is about to delete it
        }
      }
      loops_.clear();
    });
    for (const auto& loop : loops)
      if (loop != main_) loop->shutdown();
    if (main_) main_->shutdown();
  }

  std::shared_ptr<ContextGuard> guard_ = std::make_shared<ContextGuard>();
  const VirtualClock* clock_;
  std::vector<Loop*> loops_;
  Loop::Pointer main_;
};

inline Loop::Loop(LoopService& service, asio::any_io_executor executor, asio::io_context* context,
                  Loop* main)
    : executor_{std::move(executor)},
      context_{context},
      main_{main},
      own_timers_{main == nullptr ? std::make_unique<Timers>(service.clock_) : nullptr},
      timers_{main == nullptr ? own_timers_.get() : main->timers_},
      guard_{service.guard_},
      service_{&service} {
  const bool is_alive = guard_->run_if_alive([&] {
    place_ = service.loops_.size();
    service.loops_.push_back(this);
  });
  if (!is_alive) forget_all();
}

inline Loop::~Loop() {
  guard_->run_if_alive([&] {
    Loop* const last = service_->loops_.back();
    service_->loops_[place_] = last;
    last->place_ = place_;
    service_->loops_.pop_back();
    forget_all();
  });
}

inline asio::execution_context& Loop::context() const noexcept { return service_->context(); }

/// The service of the executor's context, if it has one.
inline LoopService* find_loop_service(asio::execution_context& context) {
  return asio::has_service<LoopService>(context) ? &asio::use_service<LoopService>(context)
                                                 : nullptr;
}

inline Loop::Pointer Loop::of(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context);
  LoopService* service = find_loop_service(context);
  if (service == nullptr) {
    // The newest services of a context are shut down first: the loops before the strands.
    static_cast<void>(asio::make_strand(executor));
    service = &asio::use_service<LoopService>(context);
  }
  if (service->main() != nullptr && executor.target<asio::io_context::executor_type>() != nullptr) {
    return service->main();
  }
  return service->make_loop(executor);
}

/// Promises that only one thread at a time will ever run this context. Before anything else uses
/// it.
inline void mark_serial(asio::io_context& context, const VirtualClock* clock = nullptr) {
  static_cast<void>(asio::make_strand(context.get_executor()));
  if (!asio::has_service<LoopService>(context)) {
    asio::make_service<LoopService>(context, true, clock);
  }
}

/// Whether two handlers on this executor can never run at once, so that no strand is needed.
inline bool is_serial(const asio::any_io_executor& executor) {
  LoopService* const service = find_loop_service(asio::query(executor, asio::execution::context));
  return service != nullptr && service->main() != nullptr;
}

/// The virtual clock of the context, or null when its time is real.
inline const VirtualClock* virtual_clock_of(asio::execution_context& context) {
  if (virtual_clock_count.load(std::memory_order_relaxed) == 0) return nullptr;
  LoopService* const service = find_loop_service(context);
  return service == nullptr ? nullptr : service->clock();
}
inline const VirtualClock* virtual_clock_of(const asio::any_io_executor& executor) {
  if (virtual_clock_count.load(std::memory_order_relaxed) == 0) return nullptr;
  return virtual_clock_of(asio::query(executor, asio::execution::context));
}

}  // namespace cano::detail
