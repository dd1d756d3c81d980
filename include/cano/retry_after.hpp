// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

/// A failure that says when to come back, as a server does with `Retry-After`. An attempt throws it
/// or returns it in a `Result`; the pause before the next attempt is then the one that it names,
/// whatever delay the retry policy would choose.
///
///     if (response.status == 429) throw RetryAfter{response.retry_after, "the service is busy"};
///
/// The policy still decides whether there is another attempt, and may cap the pause
/// (`RetryPolicy::with_max_retry_after`). A limit does not cut it: where the pause does not end
/// before the limit, the run ends at once, since to come back too early is of no use.
///
/// Caught or copied as an `Error` it keeps the pause: see `Error::retry_after()`.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe, it is immutable.
class RetryAfter : public Error {
 public:
  /// An `Errc::TaskExecution`. A negative pause is none.
  RetryAfter(Duration pause, std::string message)
      : RetryAfter{pause, Errc::TaskExecution, std::move(message)} {}
  /// @overload
  template <class Rep, class Period>
  RetryAfter(std::chrono::duration<Rep, Period> pause, std::string message)
      : RetryAfter{detail::to_duration(pause), Errc::TaskExecution, std::move(message)} {}

  /// An error of another kind. What is not worth a retry by default is not retried either when it
  /// names a pause.
  RetryAfter(Duration pause, Errc code, std::string message)
      : Error{code, std::move(message), std::max(pause, Duration::zero())} {}
  /// @overload
  template <class Rep, class Period>
  RetryAfter(std::chrono::duration<Rep, Period> pause, Errc code, std::string message)
      : RetryAfter{detail::to_duration(pause), code, std::move(message)} {}
};

}  // namespace cano
