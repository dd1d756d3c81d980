// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include <cano/duration.hpp>

namespace cano::detail {

/// The part that a run is of another run: a branch, an item, an undo.
struct RunPart {
  enum class Kind : std::uint8_t {
    Same,  // the very task, such as the asks of a poll
    Branch,
    Item,
    Undo,  // of what the run has done: it has left its own limits behind
  };
  Kind kind = Kind::Same;
  std::size_t index = 0;
  steady_time deadline = steady_time::max();  // of those that are joined with it
};

}  // namespace cano::detail
