// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <iostream>
#include <ostream>
#include <string_view>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace cano::detail {

/// Whether the stream is one of the standard ones and a person at a terminal reads it.
inline bool is_terminal([[maybe_unused]] const std::ostream& stream) noexcept {
#if __has_include(<unistd.h>)
  const char* const kind = std::getenv("TERM");
  if (kind == nullptr || std::string_view{kind} == "dumb") return false;
  if (&stream == &std::cout) return isatty(STDOUT_FILENO) == 1;
  return (&stream == &std::cerr || &stream == &std::clog) && isatty(STDERR_FILENO) == 1;
#else
  return false;
#endif
}

/// The same, unless the person has asked all programs for none (https://no-color.org).
inline bool wants_colour(const std::ostream& stream) noexcept {
  const char* const no_colour = std::getenv("NO_COLOR");
  return (no_colour == nullptr || *no_colour == '\0') && is_terminal(stream);
}

}  // namespace cano::detail
