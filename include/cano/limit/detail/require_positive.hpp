// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

#include <cano/async/detail/duration_text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// The number; throws `Error(Configuration)` where it is none that counts, also for what a negative
/// number converts to.
inline std::size_t require_positive(std::size_t number, const char* what) {
  if (number != 0 && static_cast<std::make_signed_t<std::size_t>>(number) > 0) return number;
  throw Error{Errc::Configuration, std::string{what} + " must be positive"};
}
inline Duration require_positive(Duration duration, const char* what) {
  if (duration > Duration::zero()) return duration;
  throw Error{Errc::Configuration,
              std::string{what} + " must be positive, not " + duration_text(duration)};
}

}  // namespace cano::detail
