// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include <cano/config.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// Why work is to end early.
enum class StopReason : std::uint8_t {
  None,
  AttemptTimeout,
  StateTimeout,
  RunTimeout,
  Stop,  // the caller, a stop token, a sibling, a shutdown: nothing follows
};

/// Something that waits and can be asked to stop waiting.
class Cancellable {
 public:
  Cancellable() = default;
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;

  /// Ends the wait early; what waited is resumed later, never inside this call.
  virtual void cancel() noexcept = 0;

  /// What it is, for observers.
  virtual Wait describe() const noexcept { return {}; }
  /// Adds the place where the work waits, for the question why nothing goes on.
  virtual void tell_places(std::vector<WaitPlace>&) const {}

 protected:
  ~Cancellable() = default;
};

/// The sources that may end a piece of work early, the reason, and what the work waits for now.
///
/// Scopes form a tree: work that waits for other work, such as a run or the branches of `when_all`,
/// waits for a `Cancellable` that cancels the scopes of those.
///
/// **Threads.** Belongs to the serial executor of the work, but for the tokens that it hands out.
class CancellationScope {
 public:
  CancellationScope() = default;
  CancellationScope(const CancellationScope&) = delete;
  CancellationScope& operator=(const CancellationScope&) = delete;

  StopReason reason() const noexcept { return reason_; }
  bool is_cancelled() const noexcept { return reason_ != StopReason::None; }

  /// Cancels what the work waits for, and what it will. The first reason counts until `reset`, but
  /// `Stop` replaces the others.
  void cancel(StopReason reason) noexcept {
    CANO_ASSERT(reason != StopReason::None);
    if (reason_ == StopReason::Stop || (is_cancelled() && reason != StopReason::Stop)) return;
    reason_ = reason;
    if (token_) token_->source.request_stop();
    if (wait_ != nullptr) wait_->cancel();
  }

  /// Starts afresh after a reason that did not end the work.
  void reset() noexcept {
    reason_ = StopReason::None;
    forget_token();
  }
  /// What asks for a token next gets another one.
  void forget_token() noexcept { token_.reset(); }

  // ---- what the work waits for

  void wait_begins(Cancellable& wait) noexcept {
    CANO_ASSERT(wait_ == nullptr);
    wait_ = &wait;
  }
  void wait_ends() noexcept { wait_ = nullptr; }
  bool waits() const noexcept { return wait_ != nullptr; }
  /// What it waits for; nothing where it waits to be resumed, which cannot be cancelled.
  Wait wait() const noexcept { return waits() ? wait_->describe() : Wait{WaitKind::Ready}; }

  void tell_places(std::vector<WaitPlace>& places) const {
    if (waits()) wait_->tell_places(places);
  }

  /// Requested when this scope is cancelled, and as soon as `outer` is, on whichever thread.
  std::stop_token token(const std::stop_token& outer) {
    if (!token_) {
      token_ = std::make_unique<Token>(outer);
      if (is_cancelled()) token_->source.request_stop();
    }
    return token_->source.get_token();
  }

 private:
  struct Token {
    struct Request {
      std::stop_source source;
      void operator()() { source.request_stop(); }
    };
    explicit Token(const std::stop_token& outer) : forward{outer, Request{source}} {}
    std::stop_source source;
    std::stop_callback<Request> forward;
  };

  Cancellable* wait_ = nullptr;
  std::unique_ptr<Token> token_;  // made when it is asked for
  StopReason reason_ = StopReason::None;
};

}  // namespace cano::detail
