// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
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

/// Why an attempt failed: an exception of any type, or an `Error` that was returned.
struct Failure {
  std::exception_ptr exception;
  std::optional<Error> error;  // set when returned: most failures that are retried are never thrown
  FailureKind kind = FailureKind::Retryable;
  bool timed_out = false;  // a limit of the engine ended the attempt

  std::exception_ptr as_exception() const {
    return error ? std::make_exception_ptr(*error) : exception;
  }
  std::string text() const { return error ? error->what() : exception_text(exception); }
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

inline Failure returned_failure(Error error) {
  const FailureKind kind = kind_of(error.errc());
  return Failure{.exception = nullptr, .error = std::move(error), .kind = kind};
}

/// Calls `attempt()`; when it throws, calls `on_failure(Failure)`.
///
/// The handlers sort the exception by its type in the one pass that catches it: to rethrow it for
/// that purpose would double the price of a failed attempt.
template <class Attempt, class OnFailure>
void call_catching(Attempt&& attempt, OnFailure&& on_failure) {
  const auto failed = [&](FailureKind kind) {
    on_failure(Failure{.exception = std::current_exception(), .error = std::nullopt, .kind = kind});
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
inline Failure caught_failure() {
  Failure caught;
  call_catching([] { throw; }, [&](Failure failure) { caught = std::move(failure); });
  return caught;
}

}  // namespace cano::detail
