// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <cano/duration.hpp>

namespace cano {

/// What a run waits for.
enum class WaitKind {
  Ready,       ///< To be resumed: it yielded, and its executor runs other work.
  Timer,       ///< A time: `sleep_for`, `sleep_until`.
  RetryPause,  ///< The next attempt.
  Children,    ///< Other work that it has started: a run, the branches of `when_all`.
  Mailbox,     ///< A value from outside.
  Blocking,    ///< A function on another thread.
  Limit,       ///< Room in a limit, see `Limit`.
  Operation,   ///< Anything else: an operation or a coroutine of Asio's.
};

/// "ready", "timer", "retry_pause", "children", "mailbox", "blocking", "limit" or "operation".
constexpr std::string_view to_string(WaitKind kind) noexcept {
  switch (kind) {
    case WaitKind::Ready:
      return "ready";
    case WaitKind::Timer:
      return "timer";
    case WaitKind::RetryPause:
      return "retry_pause";
    case WaitKind::Children:
      return "children";
    case WaitKind::Mailbox:
      return "mailbox";
    case WaitKind::Blocking:
      return "blocking";
    case WaitKind::Limit:
      return "limit";
    case WaitKind::Operation:
      break;
  }
  return "operation";
}

namespace detail {

/// A state in which a run waits.
struct WaitPlace {
  std::string state;
  WaitKind kind;
};

/// A wait as observers see it.
struct Wait {
  WaitKind kind = WaitKind::Operation;
  steady_time until = steady_time::max();  // the end of time where that is not known
};

}  // namespace detail
}  // namespace cano
