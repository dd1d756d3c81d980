// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/detail/cause.hpp>
#include <cano/detail/error_text.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// An exception, with what the default rule makes of it: sorted where it was caught, or, where that
/// was in a coroutine's promise, when it is asked for.
struct ExceptionCause : Cause {
  ExceptionCause(std::exception_ptr thrown, const FailureTraits& sorted) noexcept
      : Cause{}, what{std::move(thrown)}, traits{sorted} {}

  const std::exception_ptr* exception() const noexcept override { return &what; }

  const FailureTraits& sorted() const {
    if (traits.kind == FailureKind::None) traits = traits_of(what);
    return traits;
  }

  std::exception_ptr what;
  mutable FailureTraits traits;  // of no kind: not sorted yet
};

/// The failure of a run that made too many transitions.
template <class State> struct TransitionLimit final : ExceptionCause {
  TransitionLimit(Error&& error, std::vector<State>&& last) noexcept
      : ExceptionCause{std::make_exception_ptr(std::move(error)), {FailureKind::Permanent}},
        states{std::move(last)} {}

  const void* last_states() const noexcept override { return &states; }

  std::vector<State> states;
};

/// The names of the states that a run has done and that can be undone, and what became of each, in
/// the order in which it happened.
struct UndoReport {
  std::vector<std::string> done;
  std::vector<std::string> undone;
  std::vector<std::string> failed;
};
inline const UndoReport nothing_to_undo{};

/// The end of such a run; also of one that has succeeded, where the exception is null.
struct UndoneRun final : ExceptionCause {
  UndoneRun(std::exception_ptr thrown, boost::intrusive_ptr<const Cause> before, UndoReport told)
      : ExceptionCause{std::move(thrown), {}},
        ended_with{std::move(before)},
        report{std::move(told)} {}

  const void* last_states() const noexcept override {
    return ended_with ? ended_with->last_states() : nullptr;
  }
  const void* undo_report() const noexcept override { return &report; }

  boost::intrusive_ptr<const Cause> ended_with;  // before anything was undone
  UndoReport report;
};

/// Why an attempt failed: an exception of any type, or an `Error` that was returned. Most failures
/// that are retried are never thrown.
///
/// A copy is cheap and shares the cause. It is a pointer, since every result of a batch
/// holds one: with 16 bytes more an instance of 10 plain hops took 53 ns on two shards, not 48.
class Failure {
 public:
  /// None.
  Failure() = default;
  Failure(std::nullptr_t) noexcept {}
  explicit Failure(std::exception_ptr thrown,
                   const FailureTraits& traits = {FailureKind::Retryable})
      : cause_{new ExceptionCause{std::move(thrown), traits}} {}
  explicit Failure(Error&& returned) : cause_{text_of(std::move(returned))} {}

  template <class State>
  static Failure of_transition_limit(Error&& error, std::vector<State>&& last_states) {
    Failure failure;
    failure.cause_ = new TransitionLimit<State>{std::move(error), std::move(last_states)};
    return failure;
  }

  /// The end of a run that has done what can be undone. `before`: what it had ended with.
  static Failure of_undone_run(const Failure& failure, const Failure& before,
                               const UndoReport& report) {
    Failure ended;
    ended.cause_ = new UndoneRun{failure.as_exception(), before.cause_, report};
    return ended;
  }

  explicit operator bool() const noexcept { return cause_ != nullptr; }

  /// Null unless it is that of a run that made too many transitions, with this type of states.
  template <class State> const std::vector<State>* last_states() const noexcept {
    return cause_ ? static_cast<const std::vector<State>*>(cause_->last_states()) : nullptr;
  }

  /// Null unless it is that of a run that has done what can be undone.
  const UndoReport* undo_report() const noexcept {
    return cause_ ? static_cast<const UndoReport*>(cause_->undo_report()) : nullptr;
  }

  /// Belongs to the run: not for results that threads share.
  FailureKind kind() const {
    if (!cause_) return FailureKind::None;
    if (cause_->exception() != nullptr) return thrown().sorted().kind;
    return kind_of(static_cast<Errc>(text().code()));
  }
  /// The pause that it names before the next attempt.
  std::optional<Duration> retry_after() const {
    if (!cause_) return std::nullopt;
    if (cause_->exception() != nullptr) return thrown().sorted().retry_after;
    return text().retry_after();
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

  const ExceptionCause& thrown() const noexcept {
    return static_cast<const ExceptionCause&>(*cause_);
  }
  const ErrorText& text() const noexcept { return static_cast<const ErrorText&>(*cause_); }
  Error error() const { return Error{ErrorText::Pointer{&text()}}; }

  boost::intrusive_ptr<const Cause> cause_;
};

/// An `Error` with another failure nested in it, for `std::rethrow_if_nested`.
struct ErrorWithCause final : Error, std::nested_exception {
  /// Where the other exception is the current one.
  explicit ErrorWithCause(Error&& error) noexcept : Error{std::move(error)} {}
};

/// A failure with another one nested in it.
inline Failure failure_nesting(Errc code, std::string text, const Failure& cause) {
  std::exception_ptr nesting;
  try {
    cause.raise();
  } catch (...) {
    nesting = std::make_exception_ptr(ErrorWithCause{Error{code, std::move(text)}});
  }
  return Failure{std::move(nesting), FailureTraits{kind_of(code)}};
}

/// A failure that came from another one, which it names in its text and nests.
inline Failure failure_after(Errc code, std::string text, const Failure& cause) {
  if (!cause) return Failure{Error{code, std::move(text)}};
  text.append(": ").append(cause.message());
  return failure_nesting(code, std::move(text), cause);
}

/// Calls `attempt()`; when it throws, calls `on_failure(Failure)`.
template <class Attempt, class OnFailure>
void call_catching(Attempt&& attempt, OnFailure&& on_failure) {
  call_sorting(std::forward<Attempt>(attempt), [&](const FailureTraits& traits) {
    on_failure(Failure{std::current_exception(), traits});
  });
}

/// The failure that a `catch (...)` holds. For coroutines, whose `co_await` cannot be in a
/// lambda.
inline Failure caught_failure() {
  Failure caught;
  call_catching([] { throw; }, [&](Failure&& failure) { caught = std::move(failure); });
  return caught;
}

}  // namespace cano::detail
