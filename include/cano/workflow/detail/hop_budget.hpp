// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// The number of transitions that a run may make: until it yields to others, and in all.
template <class State> class HopBudget {
 public:
  explicit HopBudget(std::optional<std::size_t> max_transitions) noexcept
      : max_{max_transitions.value_or(unlimited)} {}

  /// Whether others on the executor are due to run. Asked after each stop; the answer counts.
  bool others_are_due(std::size_t transitions) noexcept {
    if (transitions - last_turn_ < hops_per_turn) return false;
    last_turn_ = transitions;
    return true;
  }

  /// Up to which transition nothing has to be asked here. Close to the limit every hop stops, so
  /// that the error can list the last states.
  std::size_t next_stop() const noexcept {
    return std::min(last_turn_ + hops_per_turn, max_ - std::min(max_, listed_states));
  }

  /// Whether no transition is left, in that state. Asked once a state.
  bool is_spent(std::size_t transitions, const State& state) {
    if (max_ == unlimited) return false;
    const std::size_t left = max_ - transitions;
    if (left < listed_states) last_states_.push_back(state);
    return left == 0;
  }

  /// Begins anew, once.
  bool renew(std::size_t transitions) noexcept {
    if (std::exchange(is_renewed_, true)) return false;
    max_ = transitions + std::min(std::max<std::size_t>(max_, 1), unlimited - transitions);
    last_states_.clear();
    return true;
  }

  /// "No exit state after 100 transitions; the last states are A -> B -> A", with those states.
  template <class NameOf> Failure failure(NameOf name_of) {
    std::string text =
        "No exit state after " + std::to_string(max_) + " transitions; the last states are ";
    const char* before = "";
    for (auto&& state : last_states_) {  // of bools they are no references
      text += before + name_of(state);
      before = " -> ";
    }
    return Failure::of_transition_limit(Error{Errc::Workflow, std::move(text)},
                                        std::move(last_states_));
  }

 private:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t listed_states = 8;

  // A yield costs about a hundred plain hops: this often it costs a hop in ten at the most, and
  // others on the executor wait no longer than a few microseconds.
  static constexpr std::size_t hops_per_turn = 1024;

  std::size_t max_;
  std::size_t last_turn_ = 0;
  std::vector<State> last_states_;  // close to the limit, the oldest first
  bool is_renewed_ = false;
};

}  // namespace cano::detail
