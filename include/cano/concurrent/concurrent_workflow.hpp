// SPDX-License-Identifier: MIT
#pragma once

// concurrent/: many runs of one workflow at once, each over its own store.

#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/operation.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/concurrent/concurrent_result.hpp>
#include <cano/concurrent/detail/batch.hpp>
#include <cano/concurrent/detail/execute.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/concurrent_status.hpp>
#include <cano/engine/detail/run_context.hpp>
#include <cano/error.hpp>
#include <cano/run_options.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/state.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/workflow/detail/explain_store.hpp>
#include <cano/workflow/detail/registration.hpp>
#include <cano/workflow/workflow.hpp>

namespace cano {

template <StateLike State, class Store> class ConcurrentBatch;

/// Runs many instances of one workflow at once, each with a store of its own.
///
///     ConcurrentWorkflow orders{workflow};
///     auto [results, status] = co_await orders.execute_concurrent(stores, WaitForQuota{5});
///
/// It is described as a `Workflow` is, or made from one. Started from a coroutine on a `Runtime` it
/// uses all its shards; on an `asio::thread_pool` or `io_context` as many strands as there are
/// cores.
///
/// Every instance ends in exactly one result: a failure of one never disturbs the others, and when
/// the batch has waited long enough the instances that have finished keep their results, the rest
/// is cancelled and joined. When it completes no task is running and no store is touched any more.
///
/// **Cancellation.** By `RunOptions::stop`, from any thread, or Asio's slot: as if the waiting had
/// come to its end. An instance that ignores cancellation delays the return; an observer sees which
/// one it is: the one that has started and not finished.
/// **Threads.** Distinct objects: safe. Shared objects: safe to run, any number of times at once.
template <StateLike State, class Store = MemoryStore>
class ConcurrentWorkflow
    : public detail::Registration<ConcurrentWorkflow<State, Store>, State, Store> {
  using Base = detail::Registration<ConcurrentWorkflow<State, Store>, State, Store>;

 public:
  /// A workflow without tasks whose instances begin in `start`.
  explicit ConcurrentWorkflow(State start) : Base{std::move(start)} {}

  /// The same states, tasks and settings.
  explicit ConcurrentWorkflow(const Workflow<State, Store>& workflow) : Base{workflow} {}

  /// Lets at most so many instances be under way at a time; without it all are.
  ///
  /// **Errors.** `Error(Configuration)` for 0.
  ConcurrentWorkflow& with_max_in_flight(std::size_t limit) & {
    if (limit == 0) {
      throw Error{Errc::Configuration,
                  "with_max_in_flight: the number of instances must be at least 1, not 0"};
    }
    max_in_flight_ = limit;
    return *this;
  }
  /// @overload
  ConcurrentWorkflow&& with_max_in_flight(std::size_t limit) && {
    return std::move(with_max_in_flight(limit));
  }

  /// Calls `progress` with the live counters when instances have ended: one call at a time, on the
  /// executors of the instances. The last call has the final status, also when a quota or a limit
  /// has ended the batch, and is the only one in which that is complete. It is not called any more
  /// after it has thrown.
  ConcurrentWorkflow& with_progress(std::function<void(const ConcurrentStatus&)> progress) & {
    progress_ = std::move(progress);
    return *this;
  }
  /// @overload
  ConcurrentWorkflow&& with_progress(std::function<void(const ConcurrentStatus&)> progress) && {
    return std::move(with_progress(std::move(progress)));
  }

  /// Runs one instance for each store. `options.timeout` limits each instance, the strategy the
  /// batch.
  ///
  /// **Errors.** None of an instance: `results[i]` says how that of `stores[i]` ended.
  /// **Lifetime.** The stores must live until the `Async` has finished or is destroyed.
  Async<ConcurrentResult<State>> execute_concurrent(std::span<Store> stores,
                                                    WaitStrategy strategy) const {
    return execute(make_batch(stores, std::move(strategy), RunOptions{}), {}, max_in_flight_);
  }
  /// @overload
  Async<ConcurrentResult<State>> execute_concurrent(std::span<Store> stores, WaitStrategy strategy,
                                                    RunOptions options) const {
    return execute(make_batch(stores, std::move(strategy), std::move(options)), {}, max_in_flight_);
  }

  /// The same on the shards of `runtime`, wherever the caller runs.
  ///
  /// **Lifetime.** Where the caller runs must outlive the batch. When the runtime is destroyed,
  /// what is not finished is cancelled.
  Async<ConcurrentResult<State>> execute_concurrent(Runtime& runtime, std::span<Store> stores,
                                                    WaitStrategy strategy) const {
    return execute(make_batch(stores, std::move(strategy), RunOptions{}), detail::loops_on(runtime),
                   max_in_flight_);
  }
  /// @overload
  Async<ConcurrentResult<State>> execute_concurrent(Runtime& runtime, std::span<Store> stores,
                                                    WaitStrategy strategy,
                                                    RunOptions options) const {
    return execute(make_batch(stores, std::move(strategy), std::move(options)),
                   detail::loops_on(runtime), max_in_flight_);
  }

  /// Does not compile: a temporary is no span of stores.
  template <class Stores, class... Rest>
    requires detail::TemporaryStores<Stores, Store>
  auto execute_concurrent(Stores&&, Rest&&...) const {
    detail::explain_why_no_temporaries<Store>();
  }
  /// Does not compile: a temporary is no span of stores.
  template <class Stores, class... Rest>
    requires detail::TemporaryStores<Stores, Store>
  auto execute_concurrent(Runtime&, Stores&&, Rest&&...) const {
    detail::explain_why_no_temporaries<Store>();
  }

  /// Does not compile: the stores are const, of another type, or do not lie side by side.
  template <class Stores, class... Rest>
    requires detail::UnfitStores<Stores, Store>
  auto execute_concurrent(Stores&&, Rest&&...) const {
    detail::explain_why_unfit<Stores, Store>();
  }
  /// Does not compile: the stores are const, of another type, or do not lie side by side.
  template <class Stores, class... Rest>
    requires detail::UnfitStores<Stores, Store>
  auto execute_concurrent(Runtime&, Stores&&, Rest&&...) const {
    detail::explain_why_unfit<Stores, Store>();
  }

  /// A job that runs `instances` instances with fresh stores each time.
  ///
  /// **Errors.** `Error(Configuration)` for 0 instances.
  ConcurrentBatch<State, Store> batch(std::size_t instances, WaitStrategy strategy) const {
    return ConcurrentBatch<State, Store>{*this, instances, std::move(strategy)};
  }

 private:
  using BatchType = detail::Batch<State, Store>;

  std::shared_ptr<BatchType> make_batch(std::span<Store> stores, WaitStrategy strategy,
                                        RunOptions options) const {
    return std::make_shared<BatchType>(this->definition(), stores, std::move(strategy),
                                       std::move(options), progress_);
  }

  // Without loops: those that fit the caller's.
  static Async<ConcurrentResult<State>> execute(std::shared_ptr<BatchType> batch,
                                                detail::Loops loops, std::size_t max_in_flight) {
    detail::Environment& environment = co_await detail::ThisEnvironment{};
    batch->inherit(detail::run_context(environment, batch->definition().observers,
                                       batch->definition().span.get()));
    batch->set_work_tag(environment.work_tag());
    if (loops.empty()) loops = detail::loops_for(environment.loop());
    auto joined = detail::library_operation<ConcurrentResult<State>>(
        detail::BatchInitiation<BatchType>{std::move(batch), std::move(loops), max_in_flight});
    co_return co_await std::move(joined);
  }

  std::size_t max_in_flight_ = std::numeric_limits<std::size_t>::max();
  std::function<void(const ConcurrentStatus&)> progress_;
};

/// Lets `ConcurrentWorkflow{workflow}` deduce the types.
template <StateLike State, class Store>
ConcurrentWorkflow(Workflow<State, Store>) -> ConcurrentWorkflow<State, Store>;

/// A `ConcurrentWorkflow` with a number of instances and a strategy: a job for a scheduler.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to run, any number of times at once.
template <StateLike State, class Store = MemoryStore> class ConcurrentBatch {
 public:
  /// The options of one run.
  using options_type = RunOptions;

  /// What `ConcurrentWorkflow::batch` makes.
  ///
  /// **Errors.** `Error(Configuration)` for 0 instances.
  ConcurrentBatch(ConcurrentWorkflow<State, Store> workflow, std::size_t instances,
                  WaitStrategy strategy)
      : workflow_{std::move(workflow)}, instances_{instances}, strategy_{std::move(strategy)} {
    if (instances == 0) {
      throw Error{Errc::Configuration, "batch: the number of instances must be at least 1, not 0"};
    }
  }

  /// How many instances each run of the batch has.
  std::size_t instances() const noexcept { return instances_; }
  /// How long each run of the batch waits for them.
  const WaitStrategy& strategy() const noexcept { return strategy_; }

  /// Runs the batch once, with stores of its own that are destroyed at the end.
  Async<ConcurrentResult<State>> execute(RunOptions options) const
    requires std::default_initializable<Store>
  {
    return execute_with_fresh_stores(*this, std::move(options));
  }
  /// @overload
  Async<ConcurrentResult<State>> execute() const
    requires std::default_initializable<Store>
  {
    return execute_with_fresh_stores(*this, RunOptions{});
  }

 private:
  static Async<ConcurrentResult<State>> execute_with_fresh_stores(ConcurrentBatch self,
                                                                  RunOptions options) {
    std::vector<Store> stores(self.instances_);
    auto executed = self.workflow_.execute_concurrent(stores, self.strategy_, std::move(options));
    co_return co_await std::move(executed);
  }

  ConcurrentWorkflow<State, Store> workflow_;
  std::size_t instances_;
  WaitStrategy strategy_;
};

}  // namespace cano
