// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include <cano/detail/error_text.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// Why an attempt failed: an exception of any type, or an `Error` that was returned. Most failures
/// that are retried are never thrown.
///
/// A copy is cheap and shares what there is to tell.
class Failure {
 public:
  /// None.
  Failure() = default;
  Failure(std::nullptr_t) noexcept {}
  explicit Failure(std::exception_ptr thrown, FailureKind kind = FailureKind::Retryable) noexcept
      : exception_{std::move(thrown)}, kind_{kind} {}
  explicit Failure(Error&& returned, bool timed_out = false) noexcept
      : text_{std::move(returned.text_)},
        code_{returned.errc()},
        kind_{kind_of(code_)},
        timed_out_{timed_out} {}

  explicit operator bool() const noexcept { return kind_ != FailureKind::None; }

  FailureKind kind() const noexcept { return kind_; }
  /// Whether a limit of the engine ended the attempt.
  bool timed_out() const noexcept { return timed_out_; }

  /// Null where there is none.
  std::exception_ptr as_exception() const {
    return was_returned() ? std::make_exception_ptr(error()) : exception_;
  }
  /// Empty where there is none.
  std::string text() const { return was_returned() ? error().what() : exception_text(exception_); }

  [[noreturn]] void raise() const {
    if (was_returned()) throw error();
    std::rethrow_exception(exception_);
  }

 private:
  bool was_returned() const noexcept { return *this && !exception_; }
  Error error() const { return Error{text_, code_}; }

  std::exception_ptr exception_;
  ErrorText::Pointer text_;  // of the Error, which is made again when somebody asks for it
  Errc code_{};
  FailureKind kind_ = FailureKind::None;
  bool timed_out_ = false;
};

/// Calls `attempt()`; when it throws, calls `on_failure(Failure)`.
template <class Attempt, class OnFailure>
void call_catching(Attempt&& attempt, OnFailure&& on_failure) {
  call_sorting(std::forward<Attempt>(attempt),
               [&](FailureKind kind) { on_failure(Failure{std::current_exception(), kind}); });
}

/// The failure that a `catch (...)` holds. For coroutines, whose `co_await` cannot stand in a
/// lambda.
inline Failure caught_failure() {
  Failure caught;
  call_catching([] { throw; }, [&](Failure&& failure) { caught = std::move(failure); });
  return caught;
}

}  // namespace cano::detail
