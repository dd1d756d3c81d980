// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/detail/cause.hpp>
#include <cano/detail/error_text.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// An exception, with what the default rule makes of it: sorted where it was caught, or, where that
/// was in a coroutine's promise, when somebody asks.
struct Thrown final : Cause {
  Thrown(std::exception_ptr thrown, FailureKind sorted) noexcept
      : Cause{}, what{std::move(thrown)}, kind{sorted} {}

  const std::exception_ptr* exception() const noexcept override { return &what; }

  FailureKind sorted_kind() const {
    if (kind == FailureKind::None) {
      call_sorting([&] { std::rethrow_exception(what); }, [&](FailureKind found) { kind = found; });
    }
    return kind;
  }

  std::exception_ptr what;
  mutable FailureKind kind;  // none: not sorted yet
};

/// Why an attempt failed: an exception of any type, or an `Error` that was returned. Most failures
/// that are retried are never thrown.
///
/// A copy is cheap and shares what there is to tell. It is a pointer, since every result of a batch
/// holds one: with 16 bytes more an instance of 10 plain hops took 53 ns on two shards, not 48.
class Failure {
 public:
  /// None.
  Failure() = default;
  Failure(std::nullptr_t) noexcept {}
  explicit Failure(std::exception_ptr thrown, FailureKind kind = FailureKind::Retryable)
      : cause_{new Thrown{std::move(thrown), kind}} {}
  explicit Failure(Error&& returned) : cause_{text_of(std::move(returned))} {}

  explicit operator bool() const noexcept { return cause_ != nullptr; }

  /// Belongs to the run: not for results that threads share.
  FailureKind kind() const {
    if (!cause_) return FailureKind::None;
    if (cause_->exception() != nullptr) return static_cast<const Thrown&>(*cause_).sorted_kind();
    return kind_of(static_cast<Errc>(text().code()));
  }

  /// Null where there is none.
  std::exception_ptr as_exception() const {
    if (!cause_) return nullptr;
    if (const auto* const thrown = cause_->exception()) return *thrown;
    return std::make_exception_ptr(error());
  }
  /// Empty where there is none.
  std::string message() const {
    if (!cause_) return {};
    if (const auto* const thrown = cause_->exception()) return exception_text(*thrown);
    return text().what();
  }

  [[noreturn]] void raise() const {
    if (const auto* const thrown = cause_->exception()) std::rethrow_exception(*thrown);
    throw error();
  }

 private:
  // One that was moved from has no text any more.
  static ErrorText::Pointer text_of(Error&& returned) {
    if (returned.text_) return std::move(returned.text_);
    return Error{returned.errc(), {}}.text_;
  }

  const ErrorText& text() const noexcept { return static_cast<const ErrorText&>(*cause_); }
  Error error() const { return Error{ErrorText::Pointer{&text()}}; }

  boost::intrusive_ptr<const Cause> cause_;
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
