// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/flow_info.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano::detail {

/// How one run of a job ended.
struct RunEnd {
  Outcome outcome = Outcome::Success;
  std::exception_ptr error;
  std::optional<BatchStatus> batch;
};

/// The work of a job, whatever it was given as.
class JobBody {
 public:
  JobBody() = default;
  JobBody(const JobBody&) = delete;
  JobBody& operator=(const JobBody&) = delete;
  virtual ~JobBody() = default;

  /// Runs once. The occurrence and the body outlive the coroutine.
  virtual Async<RunEnd> run(const Occurrence& occurrence) = 0;

  /// How many instances run at once, for a batch.
  virtual std::optional<std::size_t> instances() const { return std::nullopt; }
};

inline std::string run_id_of(const Occurrence& occurrence) {
  return occurrence.id + '#' + std::to_string(occurrence.run);
}

template <class Options> Options options_for(const Occurrence& occurrence) {
  return Options{}.with_stop(occurrence.stop).with_run_id(run_id_of(occurrence));
}

// A Workflow, known by what it can do: this folder knows none of those that define it.
template <class Job>
concept WorkflowJob = requires(const Job& job, typename Job::store_type& store) {
  job.try_orchestrate(store, typename Job::options_type{});
};

// What ConcurrentWorkflow::batch returns.
template <class Job>
concept BatchJob = requires(const Job& job) {
  { job.instances() } -> std::convertible_to<std::size_t>;
  job.execute(typename Job::options_type{});
};

template <class Job>
concept OccurrenceCallable = std::invocable<Job&, const Occurrence&>;

template <class Job>
concept PlainCallable = !OccurrenceCallable<Job> && std::invocable<Job&>;

template <class Result>
concept JobResult = std::is_void_v<Result> || std::same_as<Result, Async<void>> ||
                    std::same_as<Result, asio::awaitable<void>>;

/// A job that runs a workflow over a fresh store.
template <WorkflowJob Workflow> class WorkflowBody final : public JobBody {
  static_assert(std::default_initializable<typename Workflow::store_type>,
                "cano: every scheduled run of a workflow gets a fresh store, and this store has no "
                "default constructor: schedule a coroutine that makes the store");

 public:
  explicit WorkflowBody(Workflow workflow) : workflow_{std::move(workflow)} {}

  Async<RunEnd> run(const Occurrence& occurrence) override {
    typename Workflow::store_type store{};
    auto running =
        workflow_.try_orchestrate(store, options_for<typename Workflow::options_type>(occurrence));
    const auto result = co_await std::move(running);
    co_return RunEnd{result.outcome(), result.error(), std::nullopt};
  }

 private:
  Workflow workflow_;
};

/// A job that runs a batch over fresh stores.
template <BatchJob Batch> class BatchBody final : public JobBody {
 public:
  explicit BatchBody(Batch batch) : batch_{std::move(batch)} {}

  Async<RunEnd> run(const Occurrence& occurrence) override {
    auto running = batch_.execute(options_for<typename Batch::options_type>(occurrence));
    const auto result = co_await std::move(running);
    const auto& status = result.status;
    RunEnd end;
    end.batch = BatchStatus{status.total_workflows, status.completed, status.failed,
                            status.cancelled, status.elapsed};
    if (status.failed > 0) {
      end.outcome = Outcome::Failed;
      end.error = std::make_exception_ptr(failure_of(result));
    } else if (occurrence.stop.stop_requested() && status.cancelled > 0) {
      end.outcome = Outcome::Cancelled;
    }
    co_return end;
  }

  std::optional<std::size_t> instances() const override { return batch_.instances(); }

 private:
  template <class Result> static Error failure_of(const Result& result) {
    std::string first;
    for (const auto& instance : result.results) {
      if (!instance.is_failed()) continue;
      first = instance.error_message();
      break;
    }
    return Error{Errc::TaskExecution, std::to_string(result.status.failed) + " of " +
                                          std::to_string(result.status.total_workflows) +
                                          " instances failed, the first with: " + first};
  }

  Batch batch_;
};

/// A job that calls a function or starts a coroutine.
template <class Callable> class CallableBody final : public JobBody {
 public:
  explicit CallableBody(Callable callable) : callable_(std::move(callable)) {}

  Async<RunEnd> run(const Occurrence& occurrence) override {
    if constexpr (std::is_void_v<decltype(call(occurrence))>) {
      call(occurrence);
    } else {
      auto running = call(occurrence);
      if (!running.valid())
        throw Error{Errc::TaskExecution,
                    "The job returned an Async or awaitable that holds no "
                    "coroutine: it was moved from or has been awaited"};
      co_await std::move(running);
    }
    co_return RunEnd{};
  }

 private:
  decltype(auto) call(const Occurrence& occurrence) {
    if constexpr (OccurrenceCallable<Callable>) {
      return callable_(occurrence);
    } else {
      return callable_();
    }
  }

  Callable callable_;
};

template <class Job> constexpr bool is_job_callable() {
  if constexpr (OccurrenceCallable<Job>) {
    return JobResult<std::invoke_result_t<Job&, const Occurrence&>>;
  } else if constexpr (PlainCallable<Job>) {
    return JobResult<std::invoke_result_t<Job&>>;
  } else {
    return false;
  }
}

/// **Errors.** `Error(Configuration)` for an empty `std::function` or a null pointer.
template <class From> std::unique_ptr<JobBody> make_job_body(const std::string& id, From&& from) {
  using Job = std::decay_t<From>;
  if constexpr (WorkflowJob<Job>) {
    return std::make_unique<WorkflowBody<Job>>(std::forward<From>(from));
  } else if constexpr (BatchJob<Job>) {
    return std::make_unique<BatchBody<Job>>(std::forward<From>(from));
  } else {
    static_assert(is_job_callable<Job>(),
                  "cano: a job is a Workflow, a ConcurrentWorkflow's batch(...), or can be called "
                  "with nothing or an Occurrence and returns Async<void>, asio::awaitable<void> or "
                  "void");
    Job job(std::forward<From>(from));
    // A lambda without captures can be compared with null too, and is never equal to it.
    if constexpr (std::constructible_from<Job, std::nullptr_t> && requires { job == nullptr; }) {
      if (job == nullptr)
        throw Error{Errc::Configuration, "Job '" + id + "': the function is empty"};
    }
    return std::make_unique<CallableBody<Job>>(std::move(job));
  }
}

}  // namespace cano::detail
