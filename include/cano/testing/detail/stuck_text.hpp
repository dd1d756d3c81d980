// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/wait_kind.hpp>

namespace cano::detail {

inline std::string_view awaited_text(WaitKind kind) noexcept {
  switch (kind) {
    case WaitKind::Mailbox:
      return " waits for a value that is never sent to its mailbox";
    case WaitKind::Timer:
    case WaitKind::RetryPause:
      return " waits for the end of time";
    case WaitKind::Blocking:
      return " waits for a function on another thread";
    default:
      return " waits for something that VirtualTime does not see";
  }
}

/// What a run that is stuck waits for, and what the usual cause is.
inline std::string stuck_text(const std::vector<WaitPlace>& places) {
  constexpr std::size_t most = 3;
  std::vector<std::string> reasons;
  bool sees_all = !places.empty();
  for (const WaitPlace& place : places) {
    if (place.kind == WaitKind::Children) continue;  // which are in the list themselves
    std::string reason = "state " + place.state;
    reason += awaited_text(place.kind);
    sees_all = sees_all && place.kind != WaitKind::Operation && place.kind != WaitKind::Blocking;
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(std::move(reason));
  }
  std::string text;
  for (std::size_t i = 0; i < reasons.size() && i < most; ++i)
    text.append("; ").append(reasons[i]);
  if (reasons.size() > most)
    text.append("; and ").append(std::to_string(reasons.size() - most)).append(" more");
  if (sees_all) return text;
  return text +
         "; the usual cause is a bare Asio timer, a socket or another thread, which VirtualTime "
         "does "
         "not see: wait with cano::sleep_for or cano::Timer";
}

}  // namespace cano::detail
