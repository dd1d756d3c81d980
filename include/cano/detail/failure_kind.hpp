// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <stdexcept>
#include <system_error>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cano/error.hpp>

namespace cano {
namespace asio = boost::asio;
}

namespace cano::detail {

/// What the default rule makes of a failure.
enum class FailureKind : std::uint8_t {
  None,       // there is no failure
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

/// Calls `work()`; when it throws, calls `on_thrown(FailureKind)` where the exception is the
/// current one.
///
/// The handlers sort the exception by its type in the one pass that catches it: to rethrow it for
/// that purpose would double the price of a failed attempt.
template <class Work, class OnThrown> void call_sorting(Work&& work, OnThrown&& on_thrown) {
  try {
    work();
  } catch (const Error& error) {
    on_thrown(kind_of(error.errc()));
  } catch (const boost::system::system_error& error) {
    on_thrown(error.code() == asio::error::operation_aborted ? FailureKind::Aborted
                                                             : FailureKind::Retryable);
  } catch (const std::system_error& error) {
    on_thrown(error.code() == std::errc::operation_canceled ? FailureKind::Aborted
                                                            : FailureKind::Retryable);
  } catch (const std::logic_error&) {
    on_thrown(FailureKind::Permanent);
  } catch (...) {
    on_thrown(FailureKind::Retryable);
  }
}

}  // namespace cano::detail
