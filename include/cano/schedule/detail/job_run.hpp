// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/observe/event.hpp>
#include <cano/schedule/detail/effects.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/occurrence.hpp>

namespace cano::detail {

/// One run of a job: a coroutine on a strand of its own.
///
/// It belongs to the execution context: when that is destroyed, so is the run. The strand is where
/// cancellation is delivered, and by which a coroutine is known to be part of this run.
///
/// **Threads.** What is not said to be called from any thread belongs to the strand.
///
/// `Host` keeps the books: it has `now()`, `run_began(run)`, `run_ended(run, end)`, and
/// `run_lost(run)` for when the execution context is destroyed under the run.
template <class Host>
class JobRun final : public RunHandle, public std::enable_shared_from_this<JobRun<Host>> {
 public:
  using Strand = asio::strand<asio::any_io_executor>;
  using Job = typename Host::Job;

  JobRun(std::shared_ptr<Host> host, const asio::any_io_executor& executor,
         typename Effects<Job>::Start start)
      : host_{std::move(host)},
        job_{std::move(start.job)},
        ticket_{std::move(start.ticket)},
        key_{start.key},
        strand_{asio::make_strand(executor)} {
    occurrence_.id = job_->id;
    occurrence_.nominal = ticket_.nominal;
    occurrence_.missed = ticket_.missed;
    occurrence_.triggered = ticket_.triggered;
    occurrence_.run = start.number;
    occurrence_.stop = stop_.get_token();
  }

  ~JobRun() override {
    if (!ended_) host_->run_lost(*this);
  }

  Job& job() const noexcept { return *job_; }
  std::uint64_t key() const noexcept { return key_; }
  const typename Job::Ticket& ticket() const noexcept { return ticket_; }
  const Occurrence& occurrence() const noexcept { return occurrence_; }

  /// How long it has been running.
  Duration elapsed(Moment now) const noexcept { return began_ ? now.steady - *began_ : Duration{}; }

  /// Starts it, never inside this call. From any thread.
  void launch() { asio::post(strand_, member_call<&JobRun::begin>(this->shared_from_this())); }

  void cancel() override {
    stop_.request_stop();
    asio::post(strand_, member_call<&JobRun::interrupt>(this->shared_from_this()));
  }

  bool runs_on(asio::any_io_executor executor) const override {
    while (const auto* const strand = executor.target<Strand>()) {
      if (*strand == strand_) return true;
      // A run that may be interrupted has a strand of its own over the one of its caller.
      asio::any_io_executor inner = strand->get_inner_executor();
      executor = std::move(inner);
    }
    return false;
  }

 private:
  void begin() {
    const Moment now = host_->now();
    began_ = now.steady;
    occurrence_.actual = now.wall;
    occurrence_.lateness = std::max(Duration::zero(), now.steady - ticket_.due);
    host_->run_began(*this);
    auto work = execute(this->shared_from_this());
    asio::co_spawn(
        asio::any_io_executor{strand_}, std::move(work),
        asio::bind_cancellation_slot(signal_.slot(), [self = this->shared_from_this()](
                                                         const std::exception_ptr&, RunEnd end) {
          self->end(std::move(end));
        }));
  }

  void interrupt() {
    if (!ended_) signal_.emit(asio::cancellation_type::all);
  }

  void end(RunEnd end) {
    ended_ = true;
    host_->run_ended(*this, std::move(end));
  }

  static asio::awaitable<RunEnd> execute(std::shared_ptr<JobRun> self) {
    RunEnd end;
    try {
      if (self->stop_.stop_requested()) {
        end.outcome = Outcome::Cancelled;
      } else {
        auto work = self->job_->body->run(self->occurrence_);
        end = co_await std::move(work);
      }
    } catch (...) {
      end.error = std::current_exception();
    }
    if (end.error && end.outcome == Outcome::Success) end.outcome = self->outcome_of(end.error);
    // Asio's co_spawn awaits once more behind a coroutine that never waited; were it cancelled,
    // that would throw, past the handler, out of the executor.
    co_await asio::this_coro::throw_if_cancelled(false);
    co_return end;
  }

  Outcome outcome_of(const std::exception_ptr& error) const {
    return stop_.stop_requested() && says_cancelled(error) ? Outcome::Cancelled : Outcome::Failed;
  }

  std::shared_ptr<Host> host_;
  std::shared_ptr<Job> job_;
  typename Job::Ticket ticket_;
  std::uint64_t key_;
  Strand strand_;
  std::stop_source stop_;
  asio::cancellation_signal signal_;
  Occurrence occurrence_;
  std::optional<steady_time> began_;
  bool ended_ = false;
};

}  // namespace cano::detail
