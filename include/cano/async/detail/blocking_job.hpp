// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/operation.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/config.hpp>
#include <cano/error.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// The threads that `blocking` runs on by itself. Its destructor waits for what runs.
CANO_VISIBLE inline asio::thread_pool& blocking_pool() {
  static asio::thread_pool pool{std::max(8U, 2 * std::thread::hardware_concurrency())};
  return pool;
}

/// A call that waits in the queue of a pool, runs, or has been cancelled. Once queued it belongs to
/// the pool, which may end before the coroutine or after it.
template <class Result> class BlockingJob {
 public:
  using Value = std::optional<AwaitedValue<Result>>;
  using Handler = OperationHandler<std::exception_ptr, Value>;

  BlockingJob() = default;
  BlockingJob(const BlockingJob&) = delete;
  BlockingJob& operator=(const BlockingJob&) = delete;
  // The pool is gone.
  virtual ~BlockingJob() {
    if (handler_ && is_first()) {
      complete(std::make_exception_ptr(
          Error{Errc::Cancelled, "blocking: the thread pool was destroyed before the call began"}));
    }
  }

  static void start(std::shared_ptr<BlockingJob> job, asio::thread_pool& pool, Handler&& handler) {
    handler.describe_as(WaitKind::Blocking);
    handler.get_cancellation_slot().assign(Cancel{job});
    job->handler_.emplace(std::move(handler));
    asio::post(pool, Run{std::move(job)});
  }
  /// The call does not run, unless it has begun.
  void cancel() {
    if (!is_first()) return;
    drop_call();
    if (!handler_) return;
    complete(std::make_exception_ptr(boost::system::system_error{asio::error::operation_aborted}));
  }

 private:
  struct Run {
    std::shared_ptr<BlockingJob> job;
    void operator()() const { job->run(); }
  };
  struct Cancel {
    std::weak_ptr<BlockingJob> job;
    template <class Type> void operator()(Type) const {
      if (const auto queued = job.lock()) queued->cancel();
    }
  };

  // Calls the function and destroys it.
  virtual void call(Value& value) = 0;
  virtual void drop_call() noexcept = 0;

  // The first to come, a thread of the pool or the cancellation, has the job.
  bool is_first() noexcept { return !is_taken_.exchange(true); }

  void run() {
    if (!is_first()) return;
    std::exception_ptr thrown;
    Value value;
    try {
      call(value);
    } catch (...) {
      thrown = std::current_exception();
    }
    complete(std::move(thrown), std::move(value));
  }
  void complete(std::exception_ptr thrown, Value value = {}) {
    Handler handler = std::move(*handler_);
    handler.complete_later(std::move(thrown), std::move(value));
  }

  std::atomic<bool> is_taken_{false};
  std::optional<Handler> handler_;
};

/// A `BlockingJob` with its function and arguments.
template <class Result, class Function, class... Args>
class BlockingCall final : public BlockingJob<Result> {
 public:
  explicit BlockingCall(Function&& function, Args&&... arguments)
      : call_{std::in_place, std::move(function), std::move(arguments)...} {}

 private:
  void call(std::optional<AwaitedValue<Result>>& value) override {
    const struct Drop {
      BlockingCall& self;
      ~Drop() { self.drop_call(); }
    } drop{*this};
    const auto invoke = [](Function& function, Args&... arguments) -> decltype(auto) {
      return std::invoke(std::move(function), std::move(arguments)...);
    };
    if constexpr (std::is_void_v<Result>) {
      std::apply(invoke, *call_);
      value.emplace();
    } else {
      value.emplace(std::apply(invoke, *call_));
    }
  }
  void drop_call() noexcept override { call_.reset(); }

  std::optional<std::tuple<Function, Args...>> call_;
};

/// Initiates a blocking job as an operation of Asio's.
template <class Result> struct StartBlocking {
  asio::thread_pool* pool;
  std::shared_ptr<BlockingJob<Result>> job;
  void operator()(typename BlockingJob<Result>::Handler&& handler) && {
    BlockingJob<Result>::start(std::move(job), pool == nullptr ? blocking_pool() : *pool,
                               std::move(handler));
  }
};

/// Cancels the call when its coroutine is destroyed.
template <class Result> class BlockingJobGuard {
 public:
  explicit BlockingJobGuard(const std::shared_ptr<BlockingJob<Result>>& job) noexcept : job_{job} {}
  BlockingJobGuard(const BlockingJobGuard&) = delete;
  BlockingJobGuard& operator=(const BlockingJobGuard&) = delete;
  ~BlockingJobGuard() {
    if (const auto job = job_.lock()) job->cancel();
  }

 private:
  std::weak_ptr<BlockingJob<Result>> job_;
};

template <class Result>
Async<Result> await_blocking(asio::thread_pool* pool, std::shared_ptr<BlockingJob<Result>> job) {
  const BlockingJobGuard<Result> guard{job};
  auto operation = library_operation<std::exception_ptr, std::optional<AwaitedValue<Result>>>(
      StartBlocking<Result>{pool, std::move(job)});
  auto value = co_await std::move(operation);
  if constexpr (!std::is_void_v<Result>) co_return std::move(*value);
}

}  // namespace cano::detail
