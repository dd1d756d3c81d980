// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cano/detail/final_result.hpp>
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
/// run on one of its own threads, and its executors and what the work refers to must outlive it.
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

  /// The next shard's executor, in turn.
  asio::any_io_executor get_executor() {
    return shards_[next_.fetch_add(1, std::memory_order_relaxed) % shards_.size()].get_executor();
  }

  /// The executor of one shard, counted from 0.
  ///
  /// **Errors.** `Error(Configuration)` when there is no such shard.
  asio::any_io_executor shard(std::size_t index) const {
    if (index >= shards_.size()) {
      throw Error{Errc::Configuration, "Runtime has no shard " + std::to_string(index) +
                                           ": it has " + std::to_string(shards_.size())};
    }
    return shards_[index].get_executor();
  }

  /// How many shards there are, at least one.
  std::size_t size() const noexcept { return shards_.size(); }

  /// Runs `work` on the next shard, blocks until it has finished and returns its result.
  ///
  /// **Errors.** Rethrows what `work` throws. `Error(Configuration)` when called on one of its own
  /// threads, which it would block: use `co_await` there.
  template <class T> T run(asio::awaitable<T> work) {
    require_other_thread();
    const auto result = std::make_shared<detail::FinalResult<T>>();
    const auto finished = std::make_shared<std::binary_semaphore>(0);
    asio::co_spawn(get_executor(), detail::run_into(result, std::move(work)), Release{finished});
    finished->acquire();
    return result->take();
  }

 private:
  // One handler for all types of results, as for cano::run.
  struct Release {
    std::shared_ptr<std::binary_semaphore> finished;
    void operator()(const std::exception_ptr&) const { finished->release(); }
  };

  // The system may not know how many there are.
  static std::size_t default_threads() noexcept {
    const std::size_t threads = std::thread::hardware_concurrency();
    return threads == 0 ? 1 : threads;
  }

  static std::size_t checked(std::size_t threads) {
    if (threads == 0) throw Error{Errc::Configuration, "A Runtime needs at least one thread"};
    return threads;
  }

  void require_other_thread() const {
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i].get_executor().running_in_this_thread()) {
        throw Error{Errc::Configuration,
                    "Runtime::run would wait for itself: it was called on thread cano-" +
                        std::to_string(i) + ", use co_await there"};
      }
    }
  }

  std::function<void(std::exception_ptr)> on_unhandled_;
  std::atomic<std::size_t> next_{0};
  detail::ShardSet shards_;  // last: its threads use the others
};

}  // namespace cano
