// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/awaitable_host_base.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/run_limits.hpp>
#include <cano/engine/detail/run_reporter.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/limit/detail/attempt_gate.hpp>
#include <cano/observe/detail/outer_run.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// The part of driving a run that knows neither its state nor its store: what it waits for beside
/// its tasks, and its limits.
class RunDriverBase : public Environment {
 public:
  void cancel(StopReason reason) noexcept override {
    if (run_ != nullptr) {
      run_->checkpoint_next();
      if (run_->defers(reason)) return;
    }
    Environment::cancel(reason);
  }

  RunBase& run_base() noexcept { return *run_; }

  // ---- what is started in the run: only where it is observed does anybody ask for it

  bool find_outer_run(OuterRun& found) override {
    if (run_ == nullptr || run_->is_part()) return Environment::find_outer_run(found);
    const RunReporter& reporter = run_->reporter();
    found.observers = reporter.observers();
    found.span = reporter.span();
    if (found.wants_id || run_->is_observed()) found.run_id = reporter.run_id();
    return true;
  }
  asio::any_io_executor awaitable_executor() override {
    return is_observed() ? link()->executor() : Environment::awaitable_executor();
  }
  const asio::any_io_executor& coroutine_executor() override {
    return is_observed() ? link()->executor() : Environment::coroutine_executor();
  }

  // ---- for the host

  boost::intrusive_ptr<AwaitableHostBase>& host() noexcept { return host_; }
  /// A coroutine of Asio's has ended its attempt; what it gave is set.
  virtual void awaitable_ended() = 0;

 protected:
  RunDriverBase(Loop& loop, Environment* parent) noexcept : Environment{loop, parent} {}
  ~RunDriverBase() {
    if (link_) link_->forget();
    if (host_) std::exchange(host_, nullptr)->forget_run();
  }

  /// The innermost: where the run waits for others, they say where.
  void add_places(std::vector<WaitPlace>& places) const {
    const std::size_t before = places.size();
    scope().tell_places(places);
    if (places.size() != before || run_ == nullptr || run_->visit().state == nullptr) return;
    places.push_back({run_->visit().state->name, scope().wait().kind});
  }

  /// For what may stop it from elsewhere, and for what is started in it.
  const EnvironmentLink::Pointer& link() {
    if (!link_) link_ = new EnvironmentLink{loop(), *this};
    return link_;
  }
  /// Nothing reaches it from elsewhere any more.
  void unlink() noexcept {
    if (link_) std::exchange(link_, nullptr)->forget();
  }

  /// Which run it drives; null between two.
  void drives(RunBase* run) noexcept {
    run_ = run;
    if (run == nullptr) return;
    run->set_driver(*this);
    report_waits(run->is_observed() && run->reporter().wants_waits());
  }

  void report_waiting() override {
    run_->reporter().waiting(run_->visit(), scope().wait(), loop().now());
  }
  void report_resumed() override { run_->reporter().resumed(run_->visit(), loop().now()); }

  /// The attempt under way waits: its limits have to be watched.
  void attempt_waits() {
    if (run_->is_limited()) arm_limit();
    if (reports_waits()) report_waiting();
  }

  /// Calls `pause_ended` after that long, at least when others have run.
  void pause(Duration duration) {
    scope().wait_begins(pause_);
    pause_.is_timed = duration > Duration::zero() && !scope().is_cancelled();
    if (pause_.is_timed) {
      pause_.deadline = saturating_add(loop().now(), duration);
      loop().add(pause_);
    } else {
      loop().push(pause_);
    }
    arm_limit();
    if (reports_waits()) report_waiting();
  }
  virtual void pause_ended() = 0;

  /// Whether the attempt has passed its gate, or has been refused; otherwise it waits.
  [[nodiscard]] bool start_gate() {
    run_->catch_failure([&] {
      AttemptGate::Begun begun = run_->gate()->try_pass();
      if (begun.is_complete) return run_->set_pass(std::move(begun.pass));
      Async<std::unique_ptr<AttemptPass>> work = run_->gate()->wait_for(std::move(begun.pass));
      gate_.reset(AsyncAccess::release(work));
    });
    if (!gate_) return true;
    set_root(gate_);
    throw_if_cancelled(true);
    run(root_);
    if (gate_.get().done()) {
      take_gate();
      return true;
    }
    attempt_waits();
    return false;
  }
  /// Whether it waits at its gate, not in its attempt.
  bool is_at_gate() const noexcept { return static_cast<bool>(gate_); }
  void take_gate() {
    Promise<std::unique_ptr<AttemptPass>>& promise = gate_.promise();
    if (std::exception_ptr* const thrown = promise.exception()) {
      run_->set_failure(Failure{std::move(*thrown), FailureTraits{}});
    } else {
      run_->set_pass(promise.value());
    }
    innermost_ = nullptr;
    gate_.destroy();
  }
  void destroy_gate() noexcept { gate_.destroy(); }

  /// Whether all that the run has done is undone; otherwise that waits. Its own cancellation does
  /// not reach what is undone.
  [[nodiscard]] bool start_undo() {
    disarm();
    report_waits(false);
    UndoLog& log = run_->undo_log();
    CoroutineOwner<void>& undo = log.work();
    call_catching(
        [&] {
          Async<void> work = log.start(*run_);
          undo.reset(AsyncAccess::release(work));
        },
        [&](Failure&& thrown) { log.fail_all(thrown); });
    if (!undo) return true;
    set_root(undo);
    throw_if_cancelled(false);
    run(root_);
    if (!undo.get().done()) return false;
    take_undo();
    return true;
  }
  void take_undo() {
    UndoLog& log = run_->undo_log();
    if (std::exception_ptr* const thrown = log.work().promise().exception()) {
      log.fail_all(Failure{std::move(*thrown)});
    }
    innermost_ = nullptr;
    log.work().destroy();
  }
  void destroy_undo() noexcept {
    if (run_ != nullptr && run_->has_undo_log()) run_->undo_log().work().destroy();
  }

  /// The run has ended: its limits must not wake anybody.
  void disarm() noexcept {
    if (limit_) loop().remove(*limit_);
  }

 private:
  bool is_observed() const noexcept { return run_ != nullptr && run_->is_observed(); }

  class Pause final : public Sleeper {
   public:
    explicit Pause(RunDriverBase& driver) noexcept : driver_{driver} {}
    ~Pause() { driver_.loop().remove(*this); }
    void wake() override {
      driver_.scope().wait_ends();
      if (driver_.reports_waits()) driver_.report_resumed();
      driver_.pause_ended();
    }
    Wait describe() const noexcept override {
      return is_timed ? Wait{WaitKind::RetryPause, deadline} : Wait{WaitKind::Ready};
    }
    void drop() noexcept override { driver_.wait_lost(); }
    void expire() override { driver_.loop().push(*this); }
    void cancel() noexcept override {
      if (is_queued()) return;
      driver_.loop().remove(*this);
      driver_.loop().push(*this);
    }

    bool is_timed = false;

   private:
    RunDriverBase& driver_;
  };

  class Limit final : public Pooled, public Sleeper {
   public:
    explicit Limit(RunDriverBase& driver) noexcept : Sleeper{true}, driver_{driver} {}
    ~Limit() { driver_.loop().remove(*this); }
    void wake() override { driver_.limit_expired(); }
    void drop() noexcept override {}
    // What is ready goes on first: it may be the result.
    void expire() override {
      if (!is_queued()) driver_.loop().push(*this);
    }

   private:
    RunDriverBase& driver_;
  };

  // One that sleeps already and ends earlier is left alone: it sleeps again when it finds that it
  // came too early. Most attempts end in time, and this way a limit costs them nothing here.
  void arm_limit() {
    const RunLimits::Nearest nearest = run_->nearest_limit();
    if (nearest.deadline == steady_time::max()) return;
    if (!limit_) limit_ = std::make_unique<Limit>(*this);
    if (limit_->is_sleeping() && limit_->deadline <= nearest.deadline) return;
    loop().remove(*limit_);
    limit_->deadline = nearest.deadline;
    loop().add(*limit_);
  }

  void limit_expired() {
    if (run_ == nullptr) return;
    const RunLimits::Nearest nearest = run_->nearest_limit();
    if (nearest.deadline == steady_time::max()) return;
    if (loop().now() >= nearest.deadline) {
      cancel(nearest.reason);
    } else {
      arm_limit();
    }
  }

  RunBase* run_ = nullptr;
  Pause pause_{*this};
  std::unique_ptr<Limit> limit_;  // null when none has had to be watched yet
  CoroutineOwner<std::unique_ptr<AttemptPass>> gate_;
  boost::intrusive_ptr<AwaitableHostBase> host_;
  EnvironmentLink::Pointer link_;  // null when it has not been asked for
};

}  // namespace cano::detail
