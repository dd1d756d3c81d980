// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cano/detail/exception_text.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// Why an attempt failed: an exception of any type, or an `Error` that was returned. Most failures
/// that are retried are never thrown.
class Failure {
 public:
  explicit Failure(std::exception_ptr thrown, FailureKind kind = FailureKind::Retryable)
      : exception_{std::move(thrown)}, kind_{kind} {}
  explicit Failure(const Error& returned, bool timed_out = false)
      : error_{returned}, kind_{kind_of(returned.errc())}, timed_out_{timed_out} {}

  FailureKind kind() const noexcept { return kind_; }
  /// Whether a limit of the engine ended the attempt.
  bool timed_out() const noexcept { return timed_out_; }

  std::exception_ptr as_exception() const {
    return error_ ? std::make_exception_ptr(*error_) : exception_;
  }
  std::string text() const { return error_ ? error_->what() : exception_text(exception_); }

  [[noreturn]] void raise() const {
    if (error_) throw Error{*error_};
    std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
  std::optional<Error> error_;
  FailureKind kind_;
  bool timed_out_ = false;
};

// Few runs have one, it is large, and the result of the run shares it.
using FailurePtr = std::shared_ptr<const Failure>;

/// Calls `attempt()`; when it throws, calls `on_failure(FailurePtr)`.
template <class Attempt, class OnFailure>
void call_catching(Attempt&& attempt, OnFailure&& on_failure) {
  call_sorting(std::forward<Attempt>(attempt), [&](FailureKind kind) {
    on_failure(std::make_shared<const Failure>(std::current_exception(), kind));
  });
}

/// The failure that a `catch (...)` holds. For coroutines, whose `co_await` cannot stand in a
/// lambda.
inline FailurePtr caught_failure() {
  FailurePtr caught;
  call_catching([] { throw; }, [&](FailurePtr failure) { caught = std::move(failure); });
  return caught;
}

}  // namespace cano::detail
