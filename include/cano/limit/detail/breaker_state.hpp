// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/outcome_window.hpp>
#include <cano/observe/event.hpp>

namespace cano::detail {

/// How a call has ended, as far as a circuit breaker cares.
enum class CallResult : std::uint8_t { Success, Failure, Neutral };

/// The rules of a circuit breaker: numbers that have been checked.
struct BreakerRules {
  std::size_t consecutive = 0;      // failures in a row; 0: those do not open it
  std::uint64_t failure_share = 0;  // of a billion; 0: the share does not open it
  std::size_t min_calls = 1;        // in the window, before the share counts
  Duration open_for{};              // the first time
  Duration max_open_for{};          // each further time takes twice as long, up to that
  std::size_t probes = 1;
};

/// The core of a circuit breaker: no lock, no clock of its own, no observers.
///
/// Each state that it comes to has a number; what becomes of a call that began in an earlier one is
/// not counted.
class BreakerState {
 public:
  BreakerState(const BreakerRules& rules, OutcomeWindow window)
      : rules_{rules}, window_{std::move(window)} {}

  CircuitState state() const noexcept { return state_; }
  bool is_forced() const noexcept { return is_forced_; }
  /// The number of the state.
  std::uint64_t number() const noexcept { return number_; }
  /// Failures in a row, where it counts those.
  std::size_t failures() const noexcept { return failures_; }
  /// While it is open: until when; the end of time when it was forced to be.
  steady_time open_until() const noexcept { return open_until_; }
  Duration open_for() const noexcept { return open_for_; }

  /// Whether a call may begin; one that has begun is to end. Where its time is over, an open one
  /// becomes half open.
  bool begin(steady_time now) {
    if (state_ == CircuitState::Open && !is_forced_ && now >= open_until_) {
      enter(CircuitState::HalfOpen);
    }
    if (state_ == CircuitState::Closed) return true;
    if (state_ == CircuitState::Open || probing_ + probed_ >= rules_.probes) return false;
    ++probing_;
    return true;
  }
  /// Whether `begin` would say no now.
  bool refuses(steady_time now) const noexcept {
    if (state_ == CircuitState::Open) return is_forced_ || now < open_until_;
    return state_ == CircuitState::HalfOpen && probing_ + probed_ >= rules_.probes;
  }

  /// A call that began in the state of that number has ended. `now()` is asked where that matters.
  template <class Now> void end(std::uint64_t number, CallResult result, const Now& now) {
    if (number != number_ || is_forced_) return;
    if (state_ == CircuitState::HalfOpen) {
      probe_ended(result, now);
    } else if (state_ == CircuitState::Closed && result != CallResult::Neutral) {
      count(result == CallResult::Failure, now);
    }
  }

  void force_open() { force(CircuitState::Open, true); }
  void force_closed() { force(CircuitState::Closed, true); }
  /// Closed, as if new.
  void reset() { force(CircuitState::Closed, false); }

 private:
  void enter(CircuitState state) {
    state_ = state;
    ++number_;
    probing_ = probed_ = failures_ = 0;
    window_.clear();
  }
  void force(CircuitState state, bool is_forced) {
    open_until_ = steady_time::max();
    open_for_ = Duration::zero();
    is_forced_ = is_forced;
    enter(state);
  }

  template <class Now> void probe_ended(CallResult result, const Now& now) {
    CANO_ASSERT(probing_ != 0);
    --probing_;
    if (result == CallResult::Failure) {
      open_for_ = std::min(saturating_add(open_for_, open_for_), rules_.max_open_for);
      open(now());
    } else if (result == CallResult::Success && ++probed_ == rules_.probes) {
      open_for_ = Duration::zero();
      enter(CircuitState::Closed);
    }
  }

  template <class Now> void count(bool has_failed, const Now& now) {
    failures_ = has_failed && rules_.consecutive != 0 ? failures_ + 1 : 0;
    bool opens = failures_ != 0 && failures_ >= rules_.consecutive;
    if (rules_.failure_share != 0) {
      window_.add(window_.goes_by_time() ? now() : steady_time{}, has_failed);
      opens =
          opens || (window_.calls() >= rules_.min_calls && window_.has_share(rules_.failure_share));
    }
    if (!opens) return;
    open_for_ = rules_.open_for;
    open(now());
  }
  void open(steady_time now) {
    enter(CircuitState::Open);
    open_until_ = saturating_add(now, open_for_);
  }

  BreakerRules rules_;
  OutcomeWindow window_;
  CircuitState state_ = CircuitState::Closed;
  bool is_forced_ = false;
  std::uint64_t number_ = 0;
  std::size_t failures_ = 0;  // in a row
  std::size_t probing_ = 0;   // probes under way
  std::size_t probed_ = 0;    // probes that have succeeded
  Duration open_for_{};
  steady_time open_until_{};
};

}  // namespace cano::detail
