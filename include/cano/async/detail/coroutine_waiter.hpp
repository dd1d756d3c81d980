// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// A coroutine that waits, resumed by the loop.
class CoroutineSleeper : public Sleeper {
 public:
  void wake() override { environment_->wait_ended(coroutine_); }
  void drop() noexcept override { environment_->wait_lost(); }
  void expire() override { environment_->loop().push(*this); }
  Wait describe() const noexcept override { return {WaitKind::Timer, deadline}; }
  void cancel() noexcept override {
    is_cancelled_ = true;
    if (is_queued()) return;
    environment_->loop().remove(*this);
    environment_->loop().push(*this);
  }

 protected:
  explicit CoroutineSleeper(Environment& environment) noexcept : environment_{&environment} {}
  ~CoroutineSleeper() { environment_->loop().remove(*this); }

  Environment* environment_;
  std::coroutine_handle<> coroutine_;
  bool is_cancelled_ = false;
};

/// `co_await yield_now()`.
class YieldAwaiter final : public Waiter {
 public:
  explicit YieldAwaiter(Environment& environment) noexcept : environment_{&environment} {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    environment_->throw_if_aborted();
    coroutine_ = coroutine;
    environment_->loop().push(*this);
  }
  void await_resume() const noexcept {}

  void wake() override { environment_->resume(coroutine_); }
  void drop() noexcept override { environment_->wait_lost(); }

 private:
  Environment* environment_;
  std::coroutine_handle<> coroutine_;
};

}  // namespace cano::detail
