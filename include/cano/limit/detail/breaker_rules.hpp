// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include <cano/error.hpp>
#include <cano/limit/circuit_breaker_options.hpp>
#include <cano/limit/detail/breaker_state.hpp>
#include <cano/limit/detail/outcome_window.hpp>
#include <cano/limit/detail/require_positive.hpp>

// The options of a circuit breaker, checked.
namespace cano::detail {

inline constexpr std::size_t most_breaker_calls = 1'000'000;

inline std::uint64_t billionths(double share) {
  if (!(share > 0.0 && share <= 1.0)) {
    throw Error{Errc::Configuration,
                "circuit_breaker: the failure rate must be above 0 and at most 1, not " +
                    std::to_string(share)};
  }
  const auto rounded = static_cast<std::uint64_t>(std::floor(share * 1e9));
  return rounded == 0 ? 1 : rounded;
}
inline BreakerRules rules_of(const CircuitBreakerOptions& options) {
  BreakerRules rules;
  rules.consecutive = options.consecutive;
  if (rules.consecutive != 0)
    require_positive(rules.consecutive, "circuit_breaker: the number of failures in a row");
  if (options.failure_rate) rules.failure_share = billionths(*options.failure_rate);
  if (options.window.calls()) {
    require_positive(*options.window.calls(), "circuit_breaker: the window");
    if (*options.window.calls() > most_breaker_calls) {
      throw Error{Errc::Configuration, "circuit_breaker: the window is too large: at most " +
                                           std::to_string(most_breaker_calls) + " calls"};
    }
  } else {
    require_positive(*options.window.time(), "circuit_breaker: the window");
  }
  const std::size_t window = options.window.calls().value_or(most_breaker_calls);
  rules.min_calls = options.min_calls.value_or(window < 10 ? window : 10);
  require_positive(rules.min_calls, "circuit_breaker: min_calls");
  if (options.failure_rate && options.window.calls() && rules.min_calls > window) {
    throw Error{Errc::Configuration, "circuit_breaker: min_calls must not exceed the window"};
  }
  if (options.slow_call) require_positive(*options.slow_call, "circuit_breaker: slow_call");
  rules.open_for = require_positive(options.open_for, "circuit_breaker: open_for");
  rules.max_open_for = options.max_open_for.value_or(rules.open_for);
  if (rules.max_open_for < rules.open_for) {
    throw Error{Errc::Configuration,
                "circuit_breaker: max_open_for must not be shorter than open_for"};
  }
  rules.probes = require_positive(options.probes, "circuit_breaker: the number of probes");
  return rules;
}

inline OutcomeWindow window_of(const CircuitWindow& window) {
  if (window.calls()) return OutcomeWindow::of_calls(*window.calls());
  return OutcomeWindow::of_time(*window.time());
}

}  // namespace cano::detail
