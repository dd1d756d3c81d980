// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/config.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/runtime/detail/thread_name.hpp>

namespace cano {

class Runtime;

namespace detail {

/// Finds the Runtime that an execution context belongs to.
class RuntimeService : public asio::execution_context::service {
 public:
  CANO_VISIBLE static inline asio::execution_context::id id;

  explicit RuntimeService(asio::execution_context& context, Runtime* runtime = nullptr)
      : asio::execution_context::service{context}, runtime_{runtime} {}

  Runtime* runtime() const noexcept { return runtime_; }

 private:
  void shutdown() override {}

  Runtime* runtime_;
};

/// The Runtime whose shard the executor runs on, or null.
inline Runtime* runtime_of(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context);
  if (!asio::has_service<RuntimeService>(context)) return nullptr;
  return asio::use_service<RuntimeService>(context).runtime();
}

using UnhandledException = std::function<void(std::exception_ptr)>;

/// One thread and the context that it alone runs.
class Shard {
 public:
  Shard(Runtime* runtime, std::size_t index) : name_{"cano-" + std::to_string(index)} {
    mark_serial(context_);
    loop_ = Loop::of(context_.get_executor());
    asio::make_service<RuntimeService>(context_, runtime);
  }

  Loop& loop() noexcept { return *loop_; }

  asio::io_context::executor_type get_executor() noexcept { return context_.get_executor(); }

  void start(const UnhandledException& on_unhandled) {
    thread_ = std::thread{[this, &on_unhandled] {
      name_this_thread(name_);
      const Loop::Here here{*loop_};
      run(on_unhandled);
    }};
  }

  void stop() { context_.stop(); }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

  /// Cancels the work of this library, and what comes later.
  void stop_work() {
    asio::post(context_.get_executor(), [loop = loop_] { loop->stop(); });
  }
  /// Waits until that has ended.
  void join_work() {
    std::promise<void> has_ended;
    asio::post(context_.get_executor(), [&has_ended, loop = loop_] {
      loop->when_idle([&has_ended] { has_ended.set_value(); });
    });
    has_ended.get_future().wait();
  }

  /// Destroys whatever is queued or waits here. What that destroys may queue more, here or on
  /// another shard.
  void drop_work() { context_.drop_work(); }

 private:
  class Context final : public asio::io_context {
   public:
    Context() : asio::io_context{1} {}
    void drop_work() { shutdown(); }
  };

  void run(const UnhandledException& on_unhandled) {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (...) {
        report(on_unhandled, std::current_exception());
      }
    }
  }

  void report(const UnhandledException& on_unhandled, const std::exception_ptr& exception) {
    if (!on_unhandled) {
      print(exception);
      return;
    }
    try {
      on_unhandled(exception);
    } catch (...) {
      print(exception);
      print(std::current_exception());
    }
  }

  void print(const std::exception_ptr& exception) {
    const std::string text = exception_text(exception);
    std::fprintf(stderr, "cano: exception escaped a handler on thread %s: %s\n", name_.c_str(),
                 text.c_str());
  }

  std::string name_;
  Context context_;
  Loop::Pointer loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread thread_;
};

/// The shards of a Runtime: they end together, because what one of them destroys reaches for
/// others.
class ShardSet {
 public:
  ShardSet(Runtime* runtime, std::size_t count) {
    shards_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      shards_.push_back(std::make_unique<Shard>(runtime, i));
    }
  }
  ShardSet(const ShardSet&) = delete;
  ShardSet& operator=(const ShardSet&) = delete;

  ~ShardSet() {
    for (auto& shard : shards_)
      shard->stop();
    for (auto& shard : shards_)
      shard->join();
    // A coroutine is unwound through its own executor: destroying one that waits on shard A for a
    // coroutine of shard B queues work on both. A round unwinds at least one level of such nesting
    // and takes 0.2 us a shard; all that waits must be gone before the first context is.
    constexpr int rounds = 1000;
    for (int i = 0; i < rounds; ++i) {
      for (auto& shard : shards_)
        shard->drop_work();
    }
  }

  void start(const UnhandledException& on_unhandled) {
    for (auto& shard : shards_)
      shard->start(on_unhandled);
  }

  /// Cancels all work, and waits until it has ended. Not from a shard's thread.
  void stop_work() {
    for (auto& shard : shards_)
      shard->stop_work();
    for (auto& shard : shards_)
      shard->join_work();
  }

  std::size_t size() const noexcept { return shards_.size(); }
  Shard& operator[](std::size_t index) const noexcept { return *shards_[index]; }

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace detail
}  // namespace cano
