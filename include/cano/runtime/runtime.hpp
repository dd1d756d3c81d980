// SPDX-License-Identifier: MIT
#pragma once

// runtime/: threads to run coroutines on.

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/blocking_run.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/error.hpp>
#include <cano/runtime/detail/shard.hpp>

namespace cano {

/// Threads to run coroutines on, each with an `io_context` of its own: a *shard*.
///
/// What runs on a shard runs on one thread, so it needs no strand and no lock, and stays in that
/// core's cache; this is several times as fast as one context on many threads. Work does not move
/// between shards on its own: spawn on `get_executor()` to spread it.
///
///     Runtime runtime;
///     const auto final_state = runtime.run(workflow.orchestrate(store));
///
/// An exception that escapes a handler, e.g. out of a coroutine whose completion handler throws, is
/// passed to the function given at construction, or else printed to stderr in one line; the shard
/// goes on.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe, but for destruction.
///
/// **Lifetime.** The destructor stops the shards and joins their threads: each finishes only the
/// handler that it is in. What waits or is queued is destroyed, without being resumed. It must not
/// run on one of its own threads, and what the work refers to must outlive it: declare stores and
/// workflows before it, or `stop()` it first.
///
/// This library's own objects may be declared before or after it, and used when it is gone: a
/// `TaskGroup`, a `Mailbox` and its receivers, a `Scheduler`, runs and batches. Objects
/// of Asio's that were made from its executors, and a `Timer`, must be destroyed before it:
///
///     MemoryStore store;            // work refers to it
///     Runtime runtime;
///     Scheduler scheduler{runtime};
///     asio::steady_timer timer{runtime.get_executor()};
class Runtime {
 public:
  /// Starts so many threads, each with an `io_context` of its own.
  ///
  /// **Errors.** `Error(Configuration)` for 0 threads; `std::system_error` when the system has no
  /// more.
  explicit Runtime(std::size_t threads = default_threads()) : Runtime{threads, nullptr} {}

  /// `on_unhandled` is called with every exception that escapes a handler, on the thread where it
  /// did, at times on several threads at once.
  Runtime(std::size_t threads, std::function<void(std::exception_ptr)> on_unhandled)
      : on_unhandled_{std::move(on_unhandled)}, shards_{this, checked(threads)} {
    shards_.start(on_unhandled_);
  }

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// The next shard's executor, one after the other.
  asio::any_io_executor get_executor() { return next_shard().get_executor(); }

  /// The executor of one shard, counted from 0.
  ///
  /// **Errors.** `Error(Configuration)` when there is no such shard.
  asio::any_io_executor shard(std::size_t index) const {
    if (index >= shards_.size()) {
      throw Error{Errc::Configuration, "Runtime::shard: there is no shard " +
                                           std::to_string(index) + ", the number of shards is " +
                                           std::to_string(shards_.size())};
    }
    return shards_[index].get_executor();
  }

  /// How many shards there are, at least one.
  std::size_t size() const noexcept { return shards_.size(); }

  /// Runs `work` on the next shard, blocks until it has finished and returns its result.
  ///
  /// **Errors.** Rethrows what `work` throws. `Error(Configuration)` when called on one of its own
  /// threads, which it would block: use `co_await` there.
  template <class T> T run(Async<T> work) {
    require_other_thread("Runtime::run");
    std::binary_semaphore has_ended{0};
    detail::BlockingRun<T> blocking{
        next_shard().loop(), work, &has_ended,
        [](void* ended) noexcept { static_cast<std::binary_semaphore*>(ended)->release(); }};
    blocking.launch();
    has_ended.acquire();
    return blocking.take();
  }
  /// @overload
  template <class T> T run(asio::awaitable<T> work) {
    return run(detail::as_async(std::move(work)));
  }

  /// Cancels all work of this library on the shards, blocks until it has ended, and cancels at once
  /// what is started later. Coroutines that Asio runs by itself are not known here: they go on
  /// until the Runtime is destroyed.
  ///
  /// **Errors.** `Error(Configuration)` when called on one of its own threads.
  void stop() {
    require_other_thread("Runtime::stop");
    shards_.stop_work();
  }

 private:
  detail::Shard& next_shard() {
    return shards_[next_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
  }

  // The system may not know how many there are.
  static std::size_t default_threads() noexcept {
    const std::size_t threads = std::thread::hardware_concurrency();
    return threads == 0 ? 1 : threads;
  }

  static std::size_t checked(std::size_t threads) {
    if (threads == 0)
      throw Error{Errc::Configuration, "Runtime: the number of threads must be at least 1, not 0"};
    return threads;
  }

  void require_other_thread(const char* call) const {
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i].get_executor().running_in_this_thread()) {
        throw Error{Errc::Configuration,
                    std::string{call} + " would wait for itself: it was called on thread cano-" +
                        std::to_string(i) + ", use co_await there"};
      }
    }
  }

  std::function<void(std::exception_ptr)> on_unhandled_;
  std::atomic<std::size_t> next_{0};
  detail::ShardSet shards_;  // last: its threads use the others
};

}  // namespace cano
