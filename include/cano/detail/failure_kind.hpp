// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <typeinfo>

#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>
#include <cxxabi.h>

#include <cano/config.hpp>  // IWYU pragma: keep
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// The kind of a failure by the default rule for retries.
enum class FailureKind : std::uint8_t {
  None,       // there is no failure
  Retryable,  // may pass when tried again
  Permanent,  // a mistake in the program or its set-up: trying again cannot help
  Aborted,    // an operation was cancelled, by the run or from outside
  Cancelled,  // an `Error(Cancelled)`
  Hidden,     // of several that failed together only one is known, which the others aborted
};

inline FailureKind kind_of(Errc code) noexcept {
  switch (code) {
    case Errc::Configuration:
    case Errc::Workflow:
    case Errc::KeyNotFound:
    case Errc::TypeMismatch:
    case Errc::AppendTypeMismatch:
    case Errc::CompensationFailed:
      return FailureKind::Permanent;
    case Errc::Cancelled:
      return FailureKind::Cancelled;
    default:
      return FailureKind::Retryable;
  }
}

inline bool is_retryable(FailureKind kind) noexcept {
  return kind == FailureKind::Retryable || kind == FailureKind::Hidden;
}
/// Whether the failure says no more than that something was cancelled.
inline bool says_cancelled(FailureKind kind) noexcept {
  return kind == FailureKind::Aborted || kind == FailureKind::Cancelled ||
         kind == FailureKind::Hidden;
}

/// The kind of a failure, and the pause that it asks for.
struct FailureTraits {
  FailureKind kind = FailureKind::None;
  std::optional<Duration> retry_after{};  // the pause that it names, see `RetryAfter`
};

/// Whether the exception being handled is one of nlohmann_json's for a value that has another type
/// or is not there: to read it again gives the same. By its name, since to include that library for
/// its types would take a compiler a second; names are there without run-time type information too.
inline bool is_misuse_of_json() noexcept {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return false;
  const char* const name = type->name();
  if (std::strncmp(name, "N8nlohmann", 10) != 0) return false;
  for (const char* const known : {"10type_errorE", "12out_of_rangeE", "16invalid_iteratorE"}) {
    if (std::strstr(name, known) != nullptr) return true;
  }
  return false;
}

// A placeholder for a type that is not looked for.
struct NeverThrown {};

// How deep exceptions that carry others are looked into.
inline constexpr int deepest_cause = 16;

FailureTraits traits_of_nesting(const std::nested_exception& nesting, int depth);
FailureTraits traits_of_several(const asio::multiple_exceptions& several, int depth);

// Without `LooksInside` an exception that carries another is sorted by its own type.
template <bool LooksInside, class Work, class OnThrown>
void call_sorting_to(Work&& work, OnThrown&& on_thrown, int depth) {
  using Nesting = std::conditional_t<LooksInside, std::nested_exception, NeverThrown>;
  const auto found = [&](FailureKind kind) { on_thrown(FailureTraits{kind}); };
  try {
    work();
  } catch ([[maybe_unused]] const Nesting& nesting) {
    if constexpr (LooksInside) on_thrown(traits_of_nesting(nesting, depth));
  } catch (const Error& error) {
    on_thrown(FailureTraits{kind_of(error.errc()), error.retry_after()});
  } catch (const boost::system::system_error& error) {
    found(error.code() == asio::error::operation_aborted ? FailureKind::Aborted
                                                         : FailureKind::Retryable);
  } catch (const std::system_error& error) {
    found(error.code() == std::errc::operation_canceled ? FailureKind::Aborted
                                                        : FailureKind::Retryable);
  } catch (const std::logic_error&) {
    found(FailureKind::Permanent);
  } catch (const asio::multiple_exceptions& several) {
    on_thrown(traits_of_several(several, depth));
  } catch (const std::exception&) {
    found(is_misuse_of_json() ? FailureKind::Permanent : FailureKind::Retryable);
  } catch (...) {
    found(FailureKind::Retryable);
  }
}

/// Calls `work()`; when it throws, calls `on_thrown(FailureTraits)` where the exception is the
/// current one. An exception that carries others is sorted by them.
///
/// The handlers sort the exception by its type in the one pass that catches it: to rethrow it for
/// that purpose would double the price of a failed attempt.
template <class Work, class OnThrown> void call_sorting(Work&& work, OnThrown&& on_thrown) {
  call_sorting_to<true>(work, on_thrown, 0);
}

inline FailureTraits traits_of(const std::exception_ptr& exception, int depth = 0) {
  FailureTraits traits{FailureKind::Retryable};
  if (!exception || depth == deepest_cause) return traits;
  call_sorting_to<true>([&] { std::rethrow_exception(exception); },
                        [&](const FailureTraits& found) { traits = found; }, depth);
  return traits;
}

/// Of an exception that was thrown with another nested in it: worth a retry when both are.
inline FailureTraits traits_of_nesting(const std::nested_exception& nesting, int depth) {
  FailureTraits traits;
  call_sorting_to<false>([] { throw; }, [&](const FailureTraits& own) { traits = own; }, depth);
  if (!nesting.nested_ptr()) return traits;
  const FailureTraits inner = traits_of(nesting.nested_ptr(), depth + 1);
  if (traits.kind == FailureKind::Retryable) traits.kind = inner.kind;
  if (!traits.retry_after) traits.retry_after = inner.retry_after;
  return traits;
}

/// Of the exceptions that Asio's `&&` and `||` throw together. They keep one of them, which may be
/// that of an operation which the failure of another one aborted.
inline FailureTraits traits_of_several(const asio::multiple_exceptions& several, int depth) {
  FailureTraits traits = traits_of(several.first_exception(), depth + 1);
  if (says_cancelled(traits.kind)) traits.kind = FailureKind::Hidden;
  return traits;
}

}  // namespace cano::detail
