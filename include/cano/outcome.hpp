// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace cano {

/// How a run, an instance or a scheduled occurrence ended.
enum class Outcome {
  Success,    ///< It reached its end.
  Failed,     ///< An error ended it.
  Cancelled,  ///< It was asked to stop, or was not wanted any more.
};

/// "success", "failed" or "cancelled".
constexpr std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Success:
      return "success";
    case Outcome::Failed:
      return "failed";
    case Outcome::Cancelled:
      break;
  }
  return "cancelled";
}

}  // namespace cano
