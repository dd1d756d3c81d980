// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cano/detail/exception_text.hpp>
#include <cano/error.hpp>

namespace cano {
namespace asio = boost::asio;
}

namespace cano::detail {

/// What the default rule makes of a failure.
enum class FailureKind : std::uint8_t {
  Retryable,  // may pass when tried again
  Permanent,  // a mistake in the program or its set-up: trying again cannot help
  Aborted,    // an operation was cancelled, by the run or by somebody else
  Cancelled,  // an `Error(Cancelled)`
};

inline FailureKind kind_of(Errc code) noexcept {
  switch (code) {
    case Errc::Configuration:
    case Errc::Workflow:
    case Errc::KeyNotFound:
    case Errc::TypeMismatch:
    case Errc::AppendTypeMismatch:
      return FailureKind::Permanent;
    case Errc::Cancelled:
      return FailureKind::Cancelled;
    default:
      return FailureKind::Retryable;
  }
}

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
///
/// The handlers sort the exception by its type in the one pass that catches it: to rethrow it for
/// that purpose would double the price of a failed attempt.
template <class Attempt, class OnFailure>
void call_catching(Attempt&& attempt, OnFailure&& on_failure) {
  const auto failed = [&](FailureKind kind) {
    on_failure(std::make_shared<const Failure>(std::current_exception(), kind));
  };
  try {
    attempt();
  } catch (const Error& error) {
    failed(kind_of(error.errc()));
  } catch (const boost::system::system_error& error) {
    failed(error.code() == asio::error::operation_aborted ? FailureKind::Aborted
                                                          : FailureKind::Retryable);
  } catch (const std::system_error& error) {
    failed(error.code() == std::errc::operation_canceled ? FailureKind::Aborted
                                                         : FailureKind::Retryable);
  } catch (const std::logic_error&) {
    failed(FailureKind::Permanent);
  } catch (...) {
    failed(FailureKind::Retryable);
  }
}

/// The failure that a `catch (...)` holds. For coroutines, whose `co_await` cannot stand in a
/// lambda.
inline FailurePtr caught_failure() {
  FailurePtr caught;
  call_catching([] { throw; }, [&](FailurePtr failure) { caught = std::move(failure); });
  return caught;
}

}  // namespace cano::detail
