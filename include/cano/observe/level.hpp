// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace cano {

/// How much a log line matters, from the least to the most.
enum class Level { Trace, Debug, Info, Warn, Error };

/// "TRACE", "DEBUG", "INFO", "WARN" or "ERROR".
constexpr std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::Trace:
      return "TRACE";
    case Level::Debug:
      return "DEBUG";
    case Level::Info:
      return "INFO";
    case Level::Warn:
      return "WARN";
    case Level::Error:
      break;
  }
  return "ERROR";
}

}  // namespace cano
