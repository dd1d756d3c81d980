// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

namespace cano {

namespace asio = boost::asio;

namespace detail {

/// Where threads from elsewhere pass that bring something to a context: its destruction waits for
/// those inside, and lets no more in.
///
/// Asio does not: who is woken by a post may destroy the context at once (`cano::run` does), while
/// the thread that posted is on its way out of `post`, or has an executor or its work to give up.
class ContextGate {
 public:
  ContextGate() = default;
  ContextGate(const ContextGate&) = delete;
  ContextGate& operator=(const ContextGate&) = delete;

  /// That of the executor's context. It may outlive the context.
  static std::shared_ptr<ContextGate> of(const asio::any_io_executor& executor) {
    auto& context = asio::query(executor, asio::execution::context);
    // The services of a context are shut down the newest first: the gate's before that of strands.
    if (!asio::has_service<Service>(context)) (void)asio::make_strand(executor);
    return asio::use_service<Service>(context).gate;
  }

  /// Calls `use()`, which may use executors of the context, unless that is gone. From any thread.
  template <class Use> void pass(Use&& use) {
    const std::lock_guard lock{mutex_};
    if (is_open_) std::forward<Use>(use)();
  }

 private:
  struct Service final : asio::execution_context::service {
    // One for the program: libraries that hide their symbols look for it too.
    [[gnu::visibility("default")]] static inline asio::execution_context::id id;

    explicit Service(asio::execution_context& context)
        : asio::execution_context::service{context} {}
    void shutdown() override { gate->close(); }

    std::shared_ptr<ContextGate> gate = std::make_shared<ContextGate>();
  };

  void close() {
    const std::lock_guard lock{mutex_};
    is_open_ = false;
  }

  std::mutex mutex_;
  bool is_open_ = true;
};

}  // namespace detail
}  // namespace cano
