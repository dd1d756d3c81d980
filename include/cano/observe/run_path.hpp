// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cano/duration.hpp>

namespace cano {

/// The way that one or more runs took through the states of a workflow, as plain data.
struct RunPath {
  /// What happened in one state.
  struct State {
    std::string name;                 ///< As `state_name` gives it.
    std::size_t visits = 0;           ///< How often a run came to it.
    std::size_t attempts = 0;         ///< Of all visits.
    std::size_t failed_attempts = 0;  ///< Those of `attempts` that failed.
    Duration working{};               ///< Time in attempts.
    Duration pausing{};               ///< Time of the pauses between attempts, as planned.
    std::size_t succeeded = 0;        ///< Runs that ended here as an exit.
    std::size_t failed = 0;           ///< Runs that failed here.
    std::size_t cancelled = 0;        ///< Runs that were cancelled here.

    bool operator==(const State&) const = default;
  };

  /// A transition that was taken.
  struct Step {
    std::size_t from;   ///< Index in `states`.
    std::size_t to;     ///< Index in `states`.
    std::size_t count;  ///< How often.

    bool operator==(const Step&) const = default;
  };

  std::size_t runs = 0;       ///< How many have started.
  std::vector<State> states;  ///< In the order in which a run first came to them.
  std::vector<Step> steps;    ///< In the order in which they were first taken.

  bool operator==(const RunPath&) const = default;
};

}  // namespace cano
