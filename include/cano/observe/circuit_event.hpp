// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include <cano/duration.hpp>

namespace cano {

/// What a circuit breaker does with calls.
enum class CircuitState {
  Closed,    ///< Lets them through.
  Open,      ///< Refuses them: too many have failed.
  HalfOpen,  ///< Lets a few through, to see whether they succeed again.
};

/// "closed", "open" or "half_open".
constexpr std::string_view to_string(CircuitState state) noexcept {
  switch (state) {
    case CircuitState::Closed:
      return "closed";
    case CircuitState::Open:
      return "open";
    case CircuitState::HalfOpen:
      break;
  }
  return "half_open";
}

/// A circuit breaker has changed its state.
struct CircuitChanged {
  std::string_view breaker;  ///< The name of the circuit breaker.
  CircuitState from;         ///< What it was.
  CircuitState to;           ///< What it is now.
  bool forced;               ///< Whether that was asked for from outside.
  steady_time at;
  std::optional<Duration> open_for;  ///< How long it stays open, where that is known.
  system_time wall_at{};             ///< When, by the wall clock.
};

}  // namespace cano
